#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""No octet of stdin is dropped: what lone and leading dots mean to sendmail
without -i, and to real programs that call it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))), "lib"))
# pylint: disable=wrong-import-position
import onehop
import smarthost
import smtpserver
from tap import Tap

LIMIT = 60
SILENCE = 5  # seconds, SPOOL_SILENCE_MS
HEAD = b"From: a@example.org\nTo: b@example.net\nSubject: x\n\n"

# name, argv, the body on stdin, the body that is sent
BODIES = [
    ("sendmail, a dot at the end", ["sendmail", "-t"],
     b"one\n.\n", b"one\r\n"),
    ("sendmail, a dot at the end without its line end", ["sendmail", "-t"],
     b"one\n.", b"one\r\n"),
    ("sendmail, stuffed up to the dot", ["sendmail", "-t"],
     b"..one\n...\n.\n", b".one\r\n..\r\n"),
    ("sendmail, stuffed without a final dot", ["sendmail", "-t"],
     b"..one\n", b".one\r\n"),
    ("sendmail, text after the dot", ["sendmail", "-t"],
     b"one\n.\n..two\n", b"one\r\n.\r\n..two\r\n"),
    ("sendmail, a dot, text and a dot", ["sendmail", "-t"],
     b"one\n.\n..two\n.\n", b"one\r\n.\r\n..two\r\n.\r\n"),
    ("sendmail -i", ["sendmail", "-ti"],
     b"one\n.\n..two\n.\n", b"one\r\n.\r\n..two\r\n.\r\n"),
    ("sendmail -oi", ["sendmail", "-t", "-oi"], b".\n", b".\r\n"),
    ("onehop, where all is text", ["onehop", "-t"],
     b"..one\n.\n", b"..one\r\n.\r\n"),
    ("msmtp -a default", ["msmtp", "-a", "default", "-t"],
     b".\n..two\n.\n", b".\r\n..two\r\n.\r\n"),
    ("a large text after the dot", ["sendmail", "-t"],
     b".\n" + b"x" * 70 + b"\n" + b"y\n" * 900000,
     b".\r\n" + b"x" * 70 + b"\r\n" + b"y\r\n" * 900000),
    ("cups: the notifier ends with a dot", ["sendmail", "-t"],
     b"Printer is out of paper.\n.\n", b"Printer is out of paper.\r\n"),
]

MUTT_BODY = "one\n.\n..two\n.\n"
PHP = """
exit(mail('b@example.net', 'x', "one\\n.\\n..two\\n.\\n",
    "From: a@example.org") ? 0 : 1);
"""


class House:
    """A home with a config for a server, and sendmail as a program there."""

    def __init__(self, port):
        self.path = tempfile.mkdtemp(prefix="onehop-dots-")
        config = os.path.join(self.path, "config")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"account default\nhost 127.0.0.1\nport {port}\n"
                       "tls off\nauth off\nmaildomain example.org\n")
        os.chmod(config, 0o600)
        directory = os.path.join(self.path, ".config", "onehop")
        os.makedirs(directory)
        shutil.move(config, directory)
        self.sendmail = os.path.join(self.path, "sendmail")
        os.symlink(os.path.abspath(onehop.PROGRAM), self.sendmail)
        self.environment = {"HOME": self.path, "PATH": "/usr/bin:/bin",
                            "LC_ALL": "C.UTF-8",
                            "XDG_CONFIG_HOME": self.path + "/.config",
                            **onehop.SANITIZER_OPTIONS}

    def start(self, argv, stdin=subprocess.PIPE):
        return subprocess.Popen(
            argv, executable=onehop.PROGRAM, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment, cwd=self.path)

    def remove(self):
        shutil.rmtree(self.path)


def deliver(work):
    """Calls work(house) before a server; its faults and the body that came."""
    host = smarthost.Smarthost()
    host.mechanisms = None
    with smtpserver.Server(host.serve) as server:
        house = House(server.port)
        try:
            faults = list(work(house))
        finally:
            house.remove()
    if host.content is None:
        return faults + ["no message arrived"], b""
    return faults, host.content.partition(b"\r\n\r\n")[2]


AT_A_TERMINAL = (b"onehop: reading the message from the terminal, end with "
                 b"^D\n")


def outcome(process, octets=None, says=b""):
    """Faults of a run that is to end in success and says only that."""
    try:
        out, err = process.communicate(octets, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        yield "still running"
    if process.returncode != 0 or out or err != says:
        yield f"exit {process.returncode}, {out!r}, {err!r}"


def same(body, wanted):
    if body != wanted:
        yield f"body {body[:200]!r}, not {wanted[:200]!r}"


def pipe_and_file(argv, octets, wanted):
    """The body from a pipe, and from a file where it is."""
    faults, body = deliver(lambda house: outcome(
        house.start(argv), HEAD + octets))
    yield from faults
    yield from same(body, wanted)
    with tempfile.TemporaryFile() as file:
        file.write(HEAD + octets)
        file.seek(0)
        faults, body = deliver(lambda house: outcome(
            house.start(argv, file)))
    yield from faults
    yield from same(body, wanted)


def silence():
    """A dot ends the message of a caller that keeps the pipe open."""
    def work(house):
        process = house.start(["sendmail", "-t"])
        process.stdin.write(HEAD + b"one\n.\n")
        process.stdin.flush()
        began = time.monotonic()
        process.wait(LIMIT)
        taken = time.monotonic() - began
        if taken < SILENCE - 0.1:
            yield f"waited only {taken:.2f} s"
        yield from outcome(process)
    faults, body = deliver(work)
    yield from faults
    yield from same(body, b"one\r\n")


def late_text():
    """Text that comes a second after the dot is text."""
    def work(house):
        process = house.start(["sendmail", "-t"])
        process.stdin.write(HEAD + b"one\n.\n")
        process.stdin.flush()
        time.sleep(1)
        yield from outcome(process, b"..two\n")
    faults, body = deliver(work)
    yield from faults
    yield from same(body, b"one\r\n.\r\n..two\r\n")


def terminal():
    """At a terminal the line ends it at once."""
    def work(house):
        ours, theirs = os.openpty()
        process = house.start(["sendmail", "-t"], theirs)
        os.close(theirs)
        began = time.monotonic()
        os.write(ours, HEAD + b"one\n.\n")
        yield from outcome(process, says=AT_A_TERMINAL)
        if time.monotonic() - began > SILENCE - 1:
            yield "waited for silence"
        os.close(ours)
    faults, body = deliver(work)
    yield from faults
    yield from same(body, b"one\r\n")


def mutt():
    def work(house):
        rc = os.path.join(house.path, "muttrc")
        with open(rc, "w", encoding="ascii") as file:
            file.write(f'set sendmail="{house.sendmail} -t"\n'
                       "set from=a@example.org\nset copy=no\n")
        yield from outcome(subprocess.Popen(
            ["mutt", "-F", rc, "-s", "x", "b@example.net"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=house.environment, cwd=house.path),
            MUTT_BODY.encode())
    faults, body = deliver(work)
    yield from faults
    yield from same(body, MUTT_BODY.replace("\n", "\r\n").encode())


def php():
    def work(house):
        yield from outcome(subprocess.Popen(
            ["php", "-n", "-d", f"sendmail_path={house.sendmail} -t",
             "-r", PHP], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=house.environment, cwd=house.path))
    faults, body = deliver(work)
    yield from faults
    # PHP writes a line end after the body.
    yield from same(body.rstrip(b"\r\n"), b"one\r\n.\r\n..two\r\n.")


def main():
    tap = Tap()
    for name, argv, octets, wanted in BODIES:
        tap.run(name, pipe_and_file, argv, octets, wanted)
    tap.run("five seconds of silence after a dot", silence)
    tap.run("text a second after a dot", late_text)
    tap.run("a dot at a terminal", terminal)
    for caller in (mutt, php):
        if shutil.which(caller.__name__):
            tap.run("real " + caller.__name__, caller)
        else:
            tap.skip("real " + caller.__name__, "no " + caller.__name__)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
