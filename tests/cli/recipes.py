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


def mutt(house, block):
    rc = house.write("muttrc", block + "set from=a@example.org copy=no\n")
    return house.run("mutt", "-F", rc, "-s", "x", "b@example.net",
                     stdin=BODY)


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


RUNS = {
    "mutt and neomutt": ("mutt", mutt), "git": ("git", git),
    "s-nail": ("s-nail", s_nail), "PHP": ("php", php),
    "aerc": ("aerc", aerc), "Emacs": ("emacs", emacs),
    "systemd": (None, systemd),
    "A file": (None, password_file), "gpg": ("gpg", gpg),
    "pass": ("pass", password_store), "msmtp": (None, msmtp),
    "Proton Mail Bridge": (None, proton),
}
PASSWORDS = (password_file, gpg, password_store, proton)


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


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as directory:
        authority = certs.Authority(directory)
        for title, blocks in recipes().items():
            program, run = RUNS[title]
            for number, block in enumerate(blocks or [""], 1):
                name = f"{title}, {number}"
                if program and not shutil.which(program):
                    tap.skip(name, f"no {program}")
                else:
                    tap.run(name, works, run, block, authority)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
