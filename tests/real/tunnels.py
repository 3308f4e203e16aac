#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Through real proxies and gateways to a smarthost on loopback: dante for
SOCKS5, tinyproxy for HTTP's CONNECT, OpenSSH for connect_command. Each daemon
has a scratch directory and a free port; the smarthost wants TLS."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
from onehop import Run
from realserver import find_program, free_ports, signal_group, wait_until
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap, skip_all

MESSAGE = b"Subject: x\n\nhello\n"
PROXY_USER, PROXY_PASSWORD = "mailuser", "tunnel-secret"

DANTE = """\
logoutput: stderr
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
external: lo
clientmethod: none
socksmethod: {method}
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 command: connect }}
"""

TINYPROXY = """\
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 60
MaxClients 10
ConnectPort {target}
{auth}
"""

SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {scratch}/host
AuthorizedKeysFile {scratch}/client.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding local
"""


class Daemon:
    """A program that listens, in a scratch directory, until it is stopped."""

    def __init__(self, scratch, name, port, command):
        self.port = port
        self.path = os.path.join(scratch, name + ".log")
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=scratch, start_new_session=True)

    def wait(self):
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(self.log())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False

        wait_until(answers, self.path)

    def log(self):
        with open(self.path, errors="replace", encoding="utf-8") as file:
            return file.read()

    def stop(self):
        signal_group(self.process.pid, 15)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        signal_group(self.process.pid, 9)
        self.process.wait()


class Site:
    """The smarthost, and what leads there."""

    def __init__(self):
        self.scratch = tempfile.mkdtemp(prefix="onehop-tunnels-")
        os.chmod(self.scratch, 0o755)
        self.daemons = []
        self.authority = certs.Authority(self.scratch)
        self.smarthost = None
        self.server = Server(self.serve)
        self.wrapper = self.private_user()

    def serve(self, connection):
        self.smarthost.serve(connection)

    def stop(self):
        for daemon in self.daemons:
            daemon.stop()
        self.server.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def private_user(self):
        """Dante and sshd know the system's users only: words that run them
        in a view of the system with one more, or None."""
        crypted = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], check=True,
            input=PROXY_PASSWORD, capture_output=True,
            text=True).stdout.strip()
        for name, mode, entry in (
                ("passwd", 0o644, f"{PROXY_USER}:x:65533:65534::/:/bin/sh"),
                ("shadow", 0o600, f"{PROXY_USER}:{crypted}:19000::::::")):
            with open(f"/etc/{name}", encoding="utf-8") as file:
                text = file.read().rstrip("\n")
            os.chmod(self.write(name, f"{text}\n{entry}\n"), mode)
        wrapper = ["unshare", "--mount", "--propagation", "private",
                   "sh", "-ec",
                   f"mount --bind {self.scratch}/passwd /etc/passwd\n"
                   f"mount --bind {self.scratch}/shadow /etc/shadow\n"
                   "mount -t tmpfs none /run\nmkdir /run/sshd\n"
                   'exec "$@"', "sh"]
        possible = subprocess.run([*wrapper, "true"], check=False,
                                  stderr=subprocess.DEVNULL)
        return wrapper if possible.returncode == 0 else None

    def start(self, name, port, command):
        daemon = Daemon(self.scratch, name, port, command)
        self.daemons.append(daemon)
        daemon.wait()
        return port

    def start_dante(self, name, method, *wrapper):
        port, = free_ports(1)
        config = self.write(name, DANTE.format(port=port, method=method))
        return self.start(name, port, [
            *wrapper, find_program("danted"), "-f", config, "-p",
            os.path.join(self.scratch, name + ".pid")])

    def start_tinyproxy(self, name, auth=""):
        port, = free_ports(1)
        config = self.write(name, TINYPROXY.format(
            port=port, auth=auth, target=self.server.port))
        return self.start(name, port, [find_program("tinyproxy"), "-d",
                                       "-c", config])

    def start_sshd(self):
        port, = free_ports(1)
        for name in ("host", "client"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", os.path.join(self.scratch, name)],
                           check=True, stdin=subprocess.DEVNULL)
        with open(os.path.join(self.scratch, "host.pub"),
                  encoding="ascii") as file:
            self.write("known", f"[127.0.0.1]:{port} {file.read()}")
        config = self.write("sshd", SSHD.format(port=port,
                                                scratch=self.scratch))
        return self.start("sshd", port, [
            *self.wrapper, find_program("sshd"), "-D", "-e", "-f", config])

    def ssh(self, port, known="known"):
        """The command, which leaves its process id behind."""
        return (f"connect_command echo $$ >{self.scratch}/ssh.pid; exec "
                f"{find_program('ssh')} -F none -i {self.scratch}/client "
                f"-o UserKnownHostsFile={self.scratch}/{known} "
                "-o BatchMode=yes -o StrictHostKeyChecking=yes "
                f"-p {port} -W %h:%p {PROXY_USER}@127.0.0.1")

    def ssh_is_gone(self):
        with open(os.path.join(self.scratch, "ssh.pid"),
                  encoding="ascii") as file:
            pid = int(file.read())
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    def submit(self, *lines, name=certs.NAME):
        """A run with these lines in its config; self.smarthost heard it."""
        self.smarthost = Smarthost("tls", self.authority.context())
        run = Run(["host localhost", f"port {self.server.port}",
                   "from me@example.org", "tls on", "tls_starttls off",
                   f"tls_trust_file {self.authority.root}",
                   f"tls_host_override {name}", f"user {USER}",
                   f"password {PASSWORD}", "timeout 30", *lines])
        try:
            run.start(["-i", "you@example.net"], MESSAGE)
            return run.finish(90)
        finally:
            run.clean()


NO_MOUNTS = "mount namespaces are not permitted here"


def arrives(site, *lines):
    result = site.submit(*lines)
    if result.status != 0 or result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if not site.smarthost.accepted or \
            b"hello" not in site.smarthost.content:
        yield f"the smarthost heard {site.smarthost.commands}"


def fails(site, status, words, *lines, **options):
    result = site.submit(*lines, **options)
    if result.status != status or words not in result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if PROXY_PASSWORD.encode() in result.stderr:
        yield "it shows the password"
    if site.smarthost.commands:
        yield f"the smarthost heard {site.smarthost.commands}"


def other_port():
    """Where nobody listens, for as long as the test runs."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


def through(port, kind="socks5", user=None, password=PROXY_PASSWORD):
    lines = ["proxy_host 127.0.0.1", f"proxy_port {port}",
             f"proxy_type {kind}"]
    if user:
        lines += [f"proxy_user {user}", f"proxy_password {password}"]
    return lines


def try_proxy(tap, site, kind, opened, closed, down):
    """opened wants no password, closed does; down: words for a dead end."""
    name = f"{kind}: "
    holder, dead = other_port()
    with holder:
        tap.run(name + "a message arrives", arrives, site,
                *through(opened, kind))
        tap.run(name + "credentials that nobody wants do no harm", arrives,
                site, *through(opened, kind, PROXY_USER))
        tap.run(name + "the certificate is checked as ever",
                lambda: fails(site, 76, b"certificate is for",
                              *through(opened, kind), name="other.test"))
        tap.run(name + "a dead end is temporary", fails, site, 75, down,
                *through(opened, kind), f"port {dead}")
        tap.run(name + "a proxy that is not there is temporary", fails, site,
                75, b"connection refused", *through(dead, kind))
    if closed is None:
        tap.skip(name + "passwords", NO_MOUNTS)
        return
    tap.run(name + "a message arrives with a password", arrives, site,
            *through(closed, kind, PROXY_USER))
    tap.run(name + "a wrong password is refused", fails, site, 77,
            b"check proxy_user and proxy_password",
            *through(closed, kind, PROXY_USER, "wrong"))
    tap.run(name + "no password where one is wanted", fails, site, 77,
            b"proxy authentication required", *through(closed, kind))


def try_dante(tap, site):
    closed = site.wrapper and site.start_dante("dante-closed", "username",
                                               *site.wrapper)
    try_proxy(tap, site, "socks5", site.start_dante("dante", "none"), closed,
              b"connection refused")


def try_tinyproxy(tap, site):
    try_proxy(tap, site, "http", site.start_tinyproxy("tinyproxy"),
              site.start_tinyproxy(
                  "tinyproxy-closed",
                  f"BasicAuth {PROXY_USER} {PROXY_PASSWORD}"),
              b"the proxy cannot connect: HTTP/1.")


def leaves_nothing(site, *lines):
    yield from arrives(site, *lines)
    if not site.ssh_is_gone():
        yield "ssh is still there"


def try_ssh(tap, site):
    if site.wrapper is None:
        tap.skip("ssh -W", NO_MOUNTS)
        return
    gateway = site.start_sshd()
    holder, dead = other_port()
    site.write("empty", "")
    with holder:
        tap.run("ssh -W: a message arrives, and ssh is gone",
                leaves_nothing, site, site.ssh(gateway))
        tap.run("ssh -W: the certificate is checked as ever",
                lambda: fails(site, 76, b"certificate is for",
                              site.ssh(gateway), name="other.test"))
        tap.run("ssh -W: a dead end is temporary", fails, site, 75,
                b"open failed: connect failed: Connection refused",
                site.ssh(gateway), f"port {dead}")
        tap.run("ssh -W: a gateway that is not there is temporary", fails,
                site, 75, b"Connection refused", site.ssh(dead))
        tap.run("ssh -W: what ssh has to say is shown", fails, site, 75,
                b"Host key verification failed",
                site.ssh(gateway, "empty"))


def main():
    if os.geteuid() != 0:
        skip_all("real servers need root")
    for name in ("openssl", "unshare"):
        if find_program(name) is None:
            skip_all(f"{name} is not installed")
    tap = Tap()
    site = Site()
    try:
        for part, programs in ((try_dante, ["danted"]),
                               (try_tinyproxy, ["tinyproxy"]),
                               (try_ssh, ["sshd", "ssh", "ssh-keygen"])):
            missing = [name for name in programs if not find_program(name)]
            if missing:
                tap.skip(part.__name__[4:], f"{missing[0]} is not installed")
            else:
                part(tap, site)
        if tap.failed:
            for daemon in site.daemons:
                print("# " + daemon.log().replace("\n", "\n# "))
    finally:
        site.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
