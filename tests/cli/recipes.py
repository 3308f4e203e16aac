#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of onehop-recipes(7) that are marked as tested: each is taken
out of the page and run with the real program."""

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import keyring
import onehop
import smarthost
import smtpserver
from tap import Tap

LIMIT = 60
PAGE = os.path.join(os.environ.get("top_srcdir", "."), "man",
                    "onehop-recipes.7")
BODY = "one\n.\ntwo\n"


def recipes():
    """Title to its literal blocks, of those that say they are tested."""
    with open(PAGE, encoding="ascii") as file:
        page = file.read()
    found = {}
    for part in page.split("\n.Ss ")[1:]:
        title, _, text = part.partition("\n")
        if "not run" not in title and "tested" not in title:
            raise ValueError(f"{title}: tested or not?")
        if "tested" in title:
            found[title.split(" (")[0]] = re.findall(
                r"\.Bd [^\n]*\n(.*?)\.Ed\b", text, re.DOTALL)
    return found


class House:
    """A home with a configuration, and onehop in its PATH."""

    def __init__(self, port, host):
        self.path = tempfile.mkdtemp(prefix="onehop-recipes-")
        self.port = port
        self.host = host
        self.config = (f"host 127.0.0.1\nport {port}\ntls off\n"
                       "from a@example.org\n")
        os.mkdir(self.file("bin"))
        os.symlink(os.path.abspath(onehop.PROGRAM),
                   self.file("bin", "onehop"))
        self.write(".config/onehop/config", "defaults\n" + self.config +
                   "account work\naccount default : work\n")
        self.environment = {
            "HOME": self.path, "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org", "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "PATH": self.file("bin") + ":/usr/bin:/bin",
            **onehop.SANITIZER_OPTIONS}

    def file(self, *names):
        return os.path.join(self.path, *names)

    def write(self, name, text):
        path = self.file(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def run(self, *command, stdin=""):
        """What is wrong with the run."""
        ended = subprocess.run(
            command, input=stdin.encode(), capture_output=True,
            timeout=LIMIT, env=self.environment, cwd=self.path, check=False)
        if ended.returncode != 0:
            yield (f"exit {ended.returncode}, "
                   f"{ended.stdout!r}, {ended.stderr!r}")


def mutt(house, block, program="mutt"):
    rc = house.write("muttrc", block + "set from=a@example.org copy=no\n")
    return house.run(program, "-F", rc, "-s", "x", "b@example.net",
                     stdin=BODY)


def neomutt(house, block):
    return mutt(house, block, "neomutt")


def git(house, block):
    yield from house.run("sh", "-c", block)
    patch = house.write("0001.patch", "From " + "0" * 40 +
                        " Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\n"
                        "Date: Mon, 23 Nov 2026 09:00:00 +0000\n"
                        "Subject: [PATCH] x\n\n" + BODY)
    yield from house.run("git", "send-email", "--quiet", "--confirm=never",
                         "--from=a@example.org", "--to=b@example.net", patch)


def s_nail(house, block):
    # It takes HOME from the passwd entry, and looks for no program in PATH.
    block = block.replace("/usr/bin/", house.file("bin") + "/")
    rc = house.write("mailrc", block + "set from=a@example.org sendwait "
                     "DEAD=/dev/null\n")
    house.environment["MAILRC"] = rc
    house.environment["XDG_CONFIG_HOME"] = house.file(".config")
    return house.run("s-nail", "-n", "-s", "x", "b@example.net", stdin=BODY)


def php(house, block):
    os.symlink("onehop", house.file("bin/sendmail"))
    block = block.replace("/usr/sbin/", house.file("bin") + "/")
    ini = house.write("php.ini", block)
    return house.run(
        "php", "-n", "-c", ini, "-d", block.strip().replace('"', ""), "-r",
        'exit(mail("b@example.net", "x", "one\\n.\\ntwo\\n", '
        '"From: a@example.org") ? 0 : 1);')


def emacs(house, block):
    rc = house.write("init.el", block + """
(setq user-mail-address "a@example.org" user-full-name "A")
(message-mail "b@example.net" "x")
(goto-char (point-max))
(insert "one\\n.\\ntwo\\n")
(message-send)
""")
    return house.run("emacs", "-Q", "--batch", "-l", rc)


def aerc(house, block):
    """It composes in an editor, shows the message, and sends it for a "y"."""
    for folder in ("cur", "new", "tmp"):
        os.makedirs(house.file("Mail", "INBOX", folder))
    house.write(".config/aerc/accounts.conf", "[me]\ndefault = INBOX\n"
                f"source = maildir://{house.file('Mail')}\n"
                "from = A <a@example.org>\n" + block)
    editor = house.write("bin/editor", f"#!/bin/sh\nprintf '{BODY}' >>$1\n")
    os.chmod(editor, 0o700)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(house.path)
        os.execvpe("aerc", ["aerc", "mailto:b@example.net?subject=x"],
                   dict(house.environment, TERM="xterm", EDITOR=editor,
                        XDG_RUNTIME_DIR=house.path))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ,
                struct.pack("HHHH", 40, 100, 0, 0))
    shown, end = b"", time.monotonic() + LIMIT
    while not house.host.accepted and time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        before = b":send" in shown
        shown += os.read(terminal, 4096)
        if not before and b":send" in shown:
            os.write(terminal, b"y")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    if not house.host.accepted:
        yield f"aerc shows {shown[-2000:]!r}"


# What the machine has of jobs is covered, and its sendmail.
CRON = """
set -e
mount -t tmpfs none /run
mount --bind "$1/spool" /var/spool/cron
mount --bind "$1/cron.d" /etc/cron.d
mount --bind "$1/crontab" /etc/crontab
mount --bind "$1" /root
mount --bind "$2" /usr/sbin/sendmail
exec env -i PATH=/usr/sbin:/usr/bin:/bin cron -f
"""
NAMESPACE = ("unshare", "--mount", "--propagation", "private")


def cron(house, block):
    """A job of root's that says something. cron says nothing of the mail."""
    house.write(".config/onehop/config", house.config + "outbox on\n")
    house.write("spool/crontabs/root",
                block + "@reboot echo one; echo .; echo two\n")
    house.write("crontab", "")
    os.mkdir(house.file("cron.d"))
    daemon = subprocess.Popen(
        [*NAMESPACE, "sh", "-c", CRON, "sh", house.path,
         os.path.abspath(onehop.PROGRAM)], start_new_session=True)
    end = time.monotonic() + LIMIT
    while house.host.content is None and time.monotonic() < end and \
            daemon.poll() is None:
        time.sleep(0.1)
    daemon.terminate()
    yield from [] if daemon.wait() == -signal.SIGTERM else ["no cron"]
    if b"RCPT TO:<you@example.org>" not in b"".join(house.host.commands):
        yield f"commands {house.host.commands}"


def systemd(house, block):
    """The command of the unit, for a unit that failed."""
    house.write("bin/systemctl", f"#!/bin/sh\nprintf '{BODY}'\nexit 3\n")
    os.chmod(house.file("bin", "systemctl"), 0o700)
    line = block.split("ExecStart=")[1].replace("\\\\", "\\")
    words = shlex.split(line.replace("\\e\n", " ").replace("%i", "x.service"))
    words[-1] = words[-1].replace("/usr/bin/", house.file("bin") + "/")
    return house.run(*words)


def with_password(house, block):
    """An account with the lines of the block."""
    house.write(".config/onehop/config", "account default\n" +
                house.config + "auth plain\nuser " + smarthost.USER + "\n" +
                block)
    return house.run("onehop", "b@example.net", stdin="Subject: x\n\n" + BODY)


def secret_tool(house, block):
    words = block.split()
    with keyring.Keyring(house.path) as ring:
        house.environment.update(ring.variables)
        ring.store(["secret-tool", "store", "--label=mail", *words[3:]],
                   smarthost.PASSWORD, house.environment)
        yield from with_password(house, block)


def make_key(house):
    os.mkdir(house.file(".gnupg"), 0o700)
    return house.run("gpg", "--batch", "--quiet", "--passphrase", "",
                     "--quick-generate-key", "a@example.org", "default",
                     "default", "never")


def gpg(house, block):
    yield from make_key(house)
    yield from house.run(
        "gpg", "--batch", "--quiet", "--encrypt", "-r", "a@example.org",
        "-o", house.file(".config", "onehop", "password.gpg"),
        stdin=smarthost.PASSWORD + "\n")
    yield from with_password(house, block)
    yield from house.run("gpgconf", "--kill", "all")


def password_store(house, block):
    yield from make_key(house)
    yield from house.run("pass", "init", "a@example.org")
    yield from house.run("pass", "insert", "-m", block.split()[-1],
                         stdin=smarthost.PASSWORD + "\nnotes\n")
    yield from with_password(house, block)
    yield from house.run("gpgconf", "--kill", "all")


def proton(house, block):
    """The bridge's place is taken by a server that no authority vouches
    for."""
    for key, value in (("port", house.port), ("user", smarthost.USER),
                       ("passwordeval", "echo " + smarthost.PASSWORD)):
        block = re.sub(f"(?m)^{key} .*", f"{key} {value}", block)
    house.write(".config/onehop/config", block)
    return house.run("onehop", "-a", "proton", "b@example.net",
                     stdin="Subject: x\n\n" + BODY)


def password_file(house, block):
    house.write(".mail-password", smarthost.PASSWORD + "\n")
    return with_password(house, block)


def msmtp(house, _):
    os.remove(house.file(".config", "onehop", "config"))
    house.write(".msmtprc", "account default\n" + house.config)
    return house.run("onehop", "b@example.net", stdin="Subject: x\n\n" + BODY)


def translated(house, block, text, auth=""):
    """The file of another program, by the command of the block."""
    path = block.strip().partition("=")[2]
    values = {"port": house.port, "user": smarthost.USER,
              "password": smarthost.PASSWORD}
    house.write(path[1:], text.format(**values))
    house.write(os.path.dirname(path[1:]) + "/auth.conf",
                auth.format(**values))
    if os.getuid() == 0 and path.endswith("remotes"):
        os.chown(house.file(path[1:]), 8, 8)  # as Debian has it
    os.remove(house.file(".config", "onehop", "config"))
    yield from house.run("sh", "-c", block.replace("=", "=" + house.path))
    yield from house.run("onehop", "-f", "a@example.org", "b@example.net",
                         stdin="Subject: x\n\n" + BODY)


def ssmtp(house, block):
    """What its postinst writes, and a login."""
    return translated(house, block, """#
# Config file for sSMTP sendmail
#
# The person who gets all mail for userids < 1000
# Make this empty to disable rewriting.
root=postmaster

# The place where the mail goes. The actual machine name is required no
# MX records are consulted. Commonly mailhosts are named mail.domain.com
mailhub=127.0.0.1:{port}

# Where will the mail seem to come from?
#rewriteDomain=

# The full hostname
hostname=vm.example.org

# Are users allowed to set their own From: address?
# YES - Allow the user to specify their own From: address
# NO - Use the system generated From: address
FromLineOverride=YES
AuthUser={user}
AuthPass={password}
""")


def nullmailer(house, block):
    return translated(house, block, "127.0.0.1 smtp --port={port} "
                      "--user={user} --pass='{password}'\n")


def esmtp(house, block):
    """What its postinst writes, and the identity of the sender."""
    return translated(house, block, """# Config file for ESMTP sendmail

# The SMTP host and service (port)
hostname=localhost:9

# The user name
#username=

# The password
#password=

# Whether to use Starttls
#starttls=disabled

# The certificate passphrase
#certificate_passphrase=

# The Mail Delivery Agent
mda="/usr/bin/procmail -d %T"

identity = a@example.org
	hostname = 127.0.0.1:{port}
	username = "{user}"
	password = "{password}"
""")


def dma(house, block):
    """What its postinst writes, less comments, and a login."""
    return translated(house, block, """
# Your smarthost (also called relayhost).  Leave blank if you don't want
# smarthost support.
SMARTHOST 127.0.0.1
PORT {port}
#ALIASES /etc/aliases
#SECURETRANSFER
# If you want to use plain text SMTP login without using encryption, change
# the SECURE entry below to INSECURE.
#SECURE
MAILNAME /etc/mailname
#NULLCLIENT
""", """# SMTP authentication entries (currently AUTH LOGIN only)
# Format: user|my.smarthost.example.com:password
{user}|127.0.0.1:{password}
""")


# A title of the page, the programs that it takes, and what runs it.
RUNS = (
    ("mutt and neomutt", ["mutt"], mutt),
    ("mutt and neomutt", ["neomutt"], neomutt),
    ("git", ["git"], git),
    ("s-nail", ["s-nail"], s_nail),
    ("aerc", ["aerc"], aerc),
    ("Emacs", ["emacs"], emacs),
    ("PHP", ["php"], php),
    ("cron", ["cron", "/usr/sbin/sendmail"], cron),
    ("systemd", [], systemd),
    ("pass", ["pass"], password_store),
    ("secret-tool", keyring.PROGRAMS, secret_tool),
    ("gpg", ["gpg"], gpg),
    ("A file", [], password_file),
    ("Proton Mail Bridge", [], proton),
    ("msmtp", [], msmtp),
    ("ssmtp", [], ssmtp),
    ("nullmailer", [], nullmailer),
    ("esmtp", [], esmtp),
    ("dma", [], dma),
)
PASSWORDS = (password_file, gpg, password_store, proton, secret_tool, ssmtp,
             nullmailer, esmtp, dma)


def works(run, block, authority):
    host = smarthost.Smarthost()
    if run is proton:
        host = smarthost.Smarthost("starttls", authority.context("ip"))
    if run not in PASSWORDS:
        host.mechanisms = None
    with smtpserver.Server(host.serve) as server:
        house = House(server.port, host)
        try:
            yield from run(house, block)
        finally:
            shutil.rmtree(house.path)
    if host.content is None:
        yield "no message arrived"
    elif b"one\r\n.\r\ntwo\r\n" not in host.content:
        yield f"content {host.content!r}"
    if run in PASSWORDS and not any(
            line.startswith(b"AUTH") for line in host.commands):
        yield "no password was sent"


def missing(programs, run):
    """What keeps the recipe from being run, or nothing."""
    absent = [name for name in programs if not shutil.which(name)]
    if not absent and run is cron and subprocess.run(
            [*NAMESPACE, "true"], stderr=subprocess.DEVNULL,
            check=False).returncode:
        return "no mount namespaces here"
    return f"no {' '.join(absent)}" if absent else ""


def main():
    tap = Tap()
    page = recipes()
    untried = page.keys() - {title for title, *_ in RUNS}
    tap.check("each recipe is tested or says that it was not run",
              [f"{title} is not run" for title in untried])
    with tempfile.TemporaryDirectory() as directory:
        authority = certs.Authority(directory)
        for title, programs, run in RUNS:
            reason = missing(programs, run)
            for number, block in enumerate(page[title] or [""], 1):
                name = f"{' '.join([title + ':', *programs])} {number}"
                if reason:
                    tap.skip(name, reason)
                else:
                    tap.run(name, works, run, block, authority)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
