#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay as onehop-relay(8) sets it up, in a Debian that systemd has booted:
users and cron send while the network is down, the timer delivers.

usage: nspawn.py BUILDDIR [SUITE]

BUILDDIR was configured with --prefix=/usr --sysconfdir=/etc; SUITE is a release
of Debian that has its libraries, by default this machine's. Needs root, and
minutes: a stage of .ci/long, not of make check.
"""

import base64
import json
import os
import re
import secrets
import shutil
import signal
import socketserver
import ssl
import subprocess
import sys
import tempfile
import time

SECONDS = 300
PASSWORD = secrets.token_hex(16)
SMARTHOST = "192.0.2.1"
PACKAGES = ("systemd,systemd-sysv,dbus,cron,iproute2,passwd,python3-minimal,"
            "libpython3-stdlib,ca-certificates,libgsasl18,libidn2-0")
GNUTLS = {"bookworm": "libgnutls30"}  # else libgnutls30t64
USERS_CONFIG = "socket /run/onehop/submit\nmaildomain example.org\n"
FASTER = """\
[Timer]
OnBootSec=
OnUnitInactiveSec=
OnActiveSec=1s
OnUnitInactiveSec=2s
RandomizedDelaySec=0
AccuracySec=1s
"""
SERVICE = """\
[Service]
ExecStart=/usr/bin/python3 /srv/nspawn.py serve
[Install]
WantedBy=multi-user.target
"""


class Submission(socketserver.StreamRequestHandler):
    """The smarthost's side of a session over TLS; a message is one line of
    /srv/received."""

    def handle(self):
        with open("/srv/password", encoding="ascii") as file:
            login = b"\0machine@example.org\0" + file.read().strip().encode()
        plain = b"AUTH PLAIN " + base64.b64encode(login)
        is_known, recipients, sender = False, [], ""
        self.wfile.write(b"220 smarthost ESMTP\r\n")
        for line in self.rfile:
            line = line.rstrip(b"\r\n")
            verb, reply = line[:4].upper(), b"250 ok"
            if verb == b"EHLO":
                reply = b"250-smarthost\r\n250 AUTH PLAIN"
            elif verb == b"AUTH":
                is_known = line == plain
                reply = b"235 ok" if is_known else b"535 5.7.8 no"
            elif not is_known:
                reply = b"530 5.7.0 log in"
            elif verb == b"MAIL":
                sender, recipients = line.decode(), []
            elif verb == b"RCPT":
                recipients.append(line.decode())
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.take(sender, recipients)
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(reply + b"\r\n")

    def take(self, sender, recipients):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.decode())
        with open("/srv/received", "a", encoding="utf-8") as file:
            file.write(json.dumps([sender, recipients, "".join(lines)]) +
                       "\n")


class Smarthost(socketserver.ThreadingTCPServer):
    """Implicit TLS, on any address that the machine has."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain("/srv/cert.pem", "/srv/key.pem")
        super().__init__(("0.0.0.0", 465), Submission)

    def get_request(self):
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True), address


class CannotBoot(Exception):
    """The reason."""


def must(*args, **options):
    """Runs a command that must succeed; its output."""
    done = subprocess.run(args, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{args}: status {done.returncode}: "
                           f"{done.stdout.decode(errors='replace')[-2000:]}")
    return done.stdout.decode(errors="replace")


def own_suite():
    """This machine's release of Debian."""
    with open("/etc/os-release", encoding="utf-8") as file:
        found = re.search(r"^VERSION_CODENAME=(\w+)", file.read(),
                          re.MULTILINE)
    return found.group(1) if found else None


def make_root(root, suite):
    """A Debian, from an archive of this week if there is one."""
    cache = os.environ.get("BARE_CACHE", "/var/cache/onehop-ci")
    archive = os.path.join(cache, f"booted-{suite}.tar")
    os.makedirs(cache, exist_ok=True)
    if os.path.exists(archive) and \
            time.time() - os.stat(archive).st_mtime < 7 * 24 * 3600:
        must("tar", "-C", root, "-xf", archive)
        return
    must("debootstrap", "--variant=minbase",
         f"--include={PACKAGES},{GNUTLS.get(suite, 'libgnutls30t64')}",
         suite, root, "http://deb.debian.org/debian")
    must("tar", "-C", root, "-cf", archive + ".new", ".")
    os.rename(archive + ".new", archive)


class Container:
    """The booted system. run() runs a command in it, as root or a user."""

    def __init__(self, root):
        self.root = root
        self.console = open(root + ".console", "wb+")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
             "--private-network", "--directory", root, "--boot"],
            stdin=subprocess.DEVNULL, stdout=self.console,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        self.leader = None
        end = time.monotonic() + SECONDS
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                self.console.seek(0)
                said = self.console.read().decode(errors="replace")
                raise CannotBoot(" ".join(said.split())[-300:])
            time.sleep(0.2)

    def find_leader(self):
        """The host's number of the container's process 1."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                    status = file.read()
            except OSError:
                continue
            if re.search(rf"^PPid:\t{self.process.pid}$", status,
                         re.MULTILINE) and \
                    re.search(r"^NSpid:\t.*\t1$", status, re.MULTILINE):
                self.leader = pid

    def is_up(self):
        if self.leader is None:
            self.find_leader()
            return False
        return self.run("systemctl", "is-system-running")[1].strip() in (
            "running", "degraded")

    def run(self, *args, user="root", stdin=b""):
        """Exit status, and output of both kinds."""
        become = () if user == "root" else ("runuser", "-u", user, "--")
        done = subprocess.run(
            ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "--",
             "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
             "LC_ALL=C.UTF-8", *become, *args], input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            timeout=SECONDS)
        return done.returncode, done.stdout.decode(errors="replace")

    def must(self, *args, **options):
        status, out = self.run(*args, **options)
        if status != 0:
            raise RuntimeError(f"{args}: status {status}: {out}")
        return out

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # powers it off
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def write(root, path, text, mode=0o644):
    path = root + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def furnish(root, build):
    """What the page says, but for systemctl; and a smarthost."""
    must("make", "-s", "-C", build, "install", "install-sendmail",
         f"DESTDIR={root}", env={key: value for key, value in
                                 os.environ.items()
                                 if not key.startswith("MAKE")})
    with open(root + "/etc/onehop/relay.example", encoding="utf-8") as file:
        example = file.read()
    write(root, "/etc/onehop/relay", example +
          "tls_trust_file /etc/onehop/ca.pem\n")
    write(root, "/etc/onehop/relay.password", PASSWORD + "\n", 0o600)
    write(root, "/etc/onehop/config", USERS_CONFIG)
    for timer in ("onehop-relay-flush", "onehop-all-users"):
        write(root, f"/etc/systemd/system/{timer}.timer.d/faster.conf", FASTER)
    write(root, "/etc/hosts",
          f"127.0.0.1 localhost\n{SMARTHOST} smtp.example.org\n")
    write(root, "/etc/hostname", "booted\n")
    write(root, "/srv/password", PASSWORD + "\n", 0o600)
    write(root, "/etc/systemd/system/smarthost.service", SERVICE)
    shutil.copy(__file__, root + "/srv/nspawn.py")
    must("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "30", "-subj", "/CN=smtp.example.org", "-addext",
         "subjectAltName=DNS:smtp.example.org", "-keyout",
         root + "/srv/key.pem", "-out", root + "/srv/cert.pem")
    shutil.copy(root + "/srv/cert.pem", root + "/etc/onehop/ca.pem")
    must("chroot", root, "useradd", "-m", "alice")


def wait_for(condition):
    end = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.5)
    return condition()


def differs(what, got, wanted):
    if got != wanted:
        yield f"{what}: {got!r}, not {wanted!r}"


def in_journal(machine, text):
    return text in machine.run("journalctl", "--no-pager")[1]


def units_are_confined(machine):
    for unit in ("onehop-relay@0.service", "onehop-relay-flush.service"):
        status, out = machine.run("systemd-analyze", "security", "--no-pager",
                                  "--threshold=20", unit)
        yield from differs(unit, (status, out.splitlines()[-1:]),
                           (0, out.splitlines()[-1:]))


def users_send_while_the_network_is_down(machine):
    for user in ("www-data", "root", "alice"):
        yield from differs(user, machine.run(
            "sendmail", "-i", "-f", f"{user}@example.org",
            "bob@example.net", user=user,
            stdin=f"Subject: from {user}\n\nhello\n".encode()), (0, ""))


def cron_sends(machine):
    """One mail: the job goes once it has run."""
    write(machine.root, "/etc/cron.d/hello",
          "* * * * * alice echo hello from cron\n")
    if not wait_for(lambda: in_journal(machine, "CMD (echo hello")):
        yield machine.run("journalctl", "--no-pager", "-u", "cron")[1]
    os.unlink(machine.root + "/etc/cron.d/hello")


def all_of_them_are_logged_with_their_user(machine):
    for client in ("www-data(33)", "root(0)", "alice(1000)"):
        if not wait_for(lambda: in_journal(machine, f" client={client} ")):
            yield f"{client}: " + machine.run("journalctl", "--no-pager",
                                              "-t", "onehop")[1]


def nothing_has_arrived(machine):
    yield from differs("received", os.path.exists(
        machine.root + "/srv/received"), False)


def the_command_of_the_page_lists_them(machine):
    with open(machine.root + "/usr/share/man/man8/onehop-relay.8",
              encoding="utf-8") as file:
        command = re.search(r"^systemd-run.*?(?=^\.Ed$)", file.read(),
                            re.MULTILINE | re.DOTALL).group(0)
    status, out = machine.run("sh", "-c", command.replace("\\e\n", "\\\n"))
    yield from differs("status", status, 0)
    if not out.endswith(" in 4 messages\n"):
        yield out


def nobody_reads_the_credential(machine):
    """Searched by each user while a session is open, whose unit has it."""
    hold = subprocess.Popen(
        ["nsenter", "-t", machine.leader, "-m", "-n", "-p", "python3", "-c",
         "import socket, sys; s = socket.socket(socket.AF_UNIX); "
         "s.connect('/run/onehop/submit'); print(s.recv(9)); "
         "sys.stdout.flush(); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    search = ("sh", "-c", "grep -rslF -f - /etc /run /var /home /tmp /srv "
              "/proc/[0-9]*/environ /proc/[0-9]*/cmdline; true")
    words = PASSWORD.encode() + b"\n"
    yield from differs("greeting", hold.stdout.readline()[:5], b"b'220")
    found = machine.run(*search, stdin=words)[1].split()
    for path in ("/etc/onehop/relay.password", "/srv/password"):
        if path not in found:
            yield f"root does not find it in {path}"
    if not any(path.startswith("/run/credentials/onehop-relay")
               for path in found):
        yield f"no unit has it: {found}"
    for user in ("www-data", "alice", "nobody"):
        yield from differs(user, machine.run(*search, user=user, stdin=words),
                           (0, ""))
    hold.communicate(b"")
    yield from differs("in the journal", in_journal(machine, PASSWORD), False)


def nobody_reads_the_outbox(machine):
    for user in ("www-data", "alice"):
        status, out = machine.run("ls", "/var/lib/onehop-relay/", user=user)
        if status == 0:
            yield f"{user}: {out}"


def received(machine):
    try:
        with open(machine.root + "/srv/received", encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def the_timer_delivers_all(machine):
    machine.must("ip", "address", "add", SMARTHOST + "/32", "dev", "lo")
    if not wait_for(lambda: len(received(machine)) >= 4):
        yield machine.run("journalctl", "--no-pager", "-n", "40")[1]
    got = sorted(sender[10:] for sender, recipients, _ in received(machine)
                 if recipients == ["RCPT TO:<bob@example.net>"])
    yield from differs("users'", got, [
        f"<{user}@example.org>" for user in ("alice", "root", "www-data")])
    got = [recipients for _, recipients, text in received(machine)
           if "\r\nhello from cron\r\n" in text]
    yield from differs("cron's", got, [["RCPT TO:<alice@example.org>"]])


def with_the_network_a_message_arrives_at_once(machine):
    before = len(received(machine))
    yield from differs("run", machine.run(
        "sendmail", "-i", "bob@example.net", user="www-data",
        stdin=b"Subject: s\n\nhello\n"), (0, ""))
    yield from differs("received", len(received(machine)), before + 1)


def without_a_relay_root_sends_for_all_users(machine):
    """As onehop(1) says, each user with the password in sight."""
    before = len(received(machine))
    machine.must("systemctl", "disable", "--now", "onehop-relay.socket")
    machine.must("ip", "address", "del", SMARTHOST + "/32", "dev", "lo")
    write(machine.root, "/etc/onehop/config", "\n".join([
        "host smtp.example.org", "port 465", "user machine@example.org",
        f"passwordeval echo {PASSWORD}", "tls_trust_file /etc/onehop/ca.pem",
        "maildomain example.org", "from %U@example.org",
        "outbox /var/spool/onehop/%u\n"]))
    machine.must("install", "-d", "-m", "1777", "/var/spool/onehop")
    users = ("alice", "root", "www-data")
    for user in users:
        yield from differs(user, machine.run(
            "sendmail", "-i", "carol@example.net", user=user,
            stdin=b"Subject: s\n\nhello\n"), (0, ""))
    out = machine.run("mailq", "--all-users")[1]
    yield from differs("mailq", re.findall("^[a-z-]+: .*", out, re.MULTILINE),
                       [f"{user}: /var/spool/onehop/{user}"
                        for user in users])
    machine.must("ip", "address", "add", SMARTHOST + "/32", "dev", "lo")
    machine.must("systemctl", "enable", "--now", "onehop-all-users.timer")
    if not wait_for(lambda: len(received(machine)) >= before + len(users)):
        yield machine.run("journalctl", "--no-pager", "-n", "40")[1]
    yield from differs(
        "received", sorted(sender[10:] for sender, _, _ in
                           received(machine)[before:]),
        [f"<{user}@example.org>" for user in users])


def main():
    sys.path.insert(0, os.path.join(os.path.dirname(
        os.path.abspath(__file__)), "..", "lib"))
    # pylint: disable=import-outside-toplevel,import-error
    from tap import Tap, skip_all
    if os.geteuid() != 0:
        skip_all("booting a system needs root")
    for tool in ("systemd-nspawn", "debootstrap", "nsenter", "openssl"):
        if shutil.which(tool) is None:
            skip_all(f"{tool} is not installed")
    suite = sys.argv[2] if len(sys.argv) > 2 else own_suite()
    if suite is None:
        skip_all("this is no Debian")
    tap, machine = Tap(), None
    top = tempfile.mkdtemp(prefix="onehop-booted-", dir="/var/tmp")
    root = os.path.join(top, "root")
    os.mkdir(root)
    try:
        make_root(root, suite)
        furnish(root, sys.argv[1])
        machine = Container(root)
        machine.must("systemctl", "enable", "--now", "smarthost.service",
                     "onehop-relay.socket", "onehop-relay-flush.timer")
        for test in (units_are_confined,
                     users_send_while_the_network_is_down,
                     cron_sends,
                     all_of_them_are_logged_with_their_user,
                     nothing_has_arrived,
                     the_command_of_the_page_lists_them,
                     nobody_reads_the_credential,
                     nobody_reads_the_outbox,
                     the_timer_delivers_all,
                     with_the_network_a_message_arrives_at_once,
                     without_a_relay_root_sends_for_all_users):
            tap.run(test.__name__.replace("_", " "), test, machine)
    except CannotBoot as reason:
        skip_all(f"systemd-nspawn cannot boot here: {reason}")
    finally:
        if machine is not None:
            machine.stop()
        shutil.rmtree(top, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        Smarthost().serve_forever()
    sys.exit(main())
