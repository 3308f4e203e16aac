#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a password may come from: each source delivers; a wrong password is 77
and the message names the source and never the password; none of them serves
another server.

The lines for password managers are those of man/onehop-config.5, run against
pass with a key of the test's own and against gnome-keyring on a bus of its
own.
"""

import base64
import fcntl
import os
import pty
import signal
import shutil
import subprocess
import sys
import termios

TOP = os.environ.get("top_srcdir", ".")
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
# pylint: disable=wrong-import-position
import keyring
import onehop
import smarthost
import smtpserver
from tap import Tap

SECONDS = 90
PASSWORD = "correct horse"
MESSAGE = b"From: alice@example.org\n\nhello\n"
SEND = ["-i", "bob@example.net"]

def man_line(begin):
    """The line of the manual that begins like this."""
    path = os.path.join(TOP, "man", "onehop-config.5")
    with open(path, encoding="ascii") as file:
        return next(line.rstrip("\n") for line in file
                    if line.startswith(begin))


class Home:
    """A run's home, with what a user may have put there."""

    def __init__(self):
        self.run = onehop.Run()
        self.path = self.run.home

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run.clean()


def trial(home, *lines, args=(), known=PASSWORD, start=None):
    """Sends through a server that knows a password; (host, result)."""
    host = smarthost.Smarthost()

    def judge(host, good):
        given = base64.b64decode(host.commands[-1].split()[-1])
        host.say(good if given == f"\0alice\0{known}".encode()
                 else b"535 5.7.8 no\r\n", "auth_start")

    host.faults["auth_final"] = judge
    with smtpserver.Server(host.serve) as server:
        home.run.write_config([
            "account work", "host localhost", "tls off",
            f"port {server.port}", "user alice", "from alice@example.org",
            "domain client.example", *lines])
        given = ["-d", "-a", "work"] + [
            arg.replace("PORT", str(server.port)) for arg in args] + SEND
        if start:
            result = start(home.run, given)
        else:
            home.run.start(given, MESSAGE)
            result = home.run.finish(SECONDS)
    if server.failure:
        raise server.failure
    return host, result


def faults_of(host, result, status, *words):
    shown = result.stderr.decode(errors="backslashreplace")
    if result.status != status or host.accepted != (status == 0):
        yield f"exit status {result.status}, not {status}: {shown}"
    for word in words:
        if word not in shown:
            yield f"stderr does not say {word}: {shown}"
    for form in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode()[:-4],
                 base64.b64encode(b"\0alice\0" + PASSWORD.encode()).decode()):
        if form in shown:
            yield f"the password shows: {shown}"


def serves(home, origin, *lines, **more):
    """The source gives the password; a wrong one is told to be from there."""
    yield from faults_of(*trial(home, *lines, **more), 0)
    yield from faults_of(
        *trial(home, *lines, known="another", **more), 77,
        f'user "alice", password {origin}: AUTH refused: 535 5.7.8 no',
        "account work", "hint: check user and password")


def from_file():
    with Home() as home:
        yield from serves(home, "from the config file",
                          f"password {PASSWORD}")


def from_credential():
    with Home() as home:
        home.write("credentials/onehop.work", PASSWORD + "\n", 0o400)
        home.write("credentials/smtp", PASSWORD, 0o440)
        home.run.environment["CREDENTIALS_DIRECTORY"] = os.path.join(
            home.path, "credentials")
        yield from serves(home, "from credential onehop.work")
        yield from serves(home, "from credential smtp",
                          "password_credential smtp")


NETRC = "# mail\nmachine localhost login alice password \"%s\"\n" % PASSWORD


def from_netrc():
    with Home() as home:
        home.write(".netrc", NETRC)
        yield from serves(home, "from ~/.netrc line 2")
        home.write(".netrc", NETRC, 0o644)
        yield from faults_of(*trial(home), 78, "chmod 600")


class Terminal:
    """Starts a run at a terminal of its own, where that is typed once it is
    asked for. The message comes from a pipe."""

    def __init__(self, prompt, typed):
        self.prompt = prompt
        self.typed = typed
        self.is_as_before = False

    def __call__(self, run, args):
        master, slave = pty.openpty()

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        before = termios.tcgetattr(slave)
        process = subprocess.Popen(
            [onehop.PROGRAM, "-C", run.config, *args], env=run.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=own_terminal)
        process.stdin.write(MESSAGE)
        process.stdin.close()
        process.stdin = None
        asked = b""
        while self.prompt not in asked:
            asked += os.read(master, 1000)
        os.write(master, self.typed)
        out, err = process.communicate(timeout=SECONDS)
        self.is_as_before = termios.tcgetattr(slave) == before
        os.close(slave)  # not before: a terminal nobody has open is dead
        os.close(master)
        return onehop.Result(process.returncode, out, err, 0, False, False)

    def faults(self):
        if not self.is_as_before:
            yield "the terminal is not as it was"


def from_terminal():
    terminal = Terminal(b"at localhost: ", PASSWORD.encode() + b"\n")
    with Home() as home:
        yield from serves(home, "typed", start=terminal)
        yield from terminal.faults()


ASK = """\
printf 'word? ' >/dev/tty
stty -echo </dev/tty
read word </dev/tty
stty echo </dev/tty
echo "$word"
"""


def a_command_asks_at_the_terminal():
    """In a process group of its own, it is stopped for that at first."""
    for command in ("sh %s", "sh %s | cat"):
        terminal = Terminal(b"word? ", PASSWORD.encode() + b"\n")
        with Home() as home:
            home.write("ask", ASK)
            command %= os.path.join(home.path, "ask")
            yield from serves(home, "from passwordeval",
                              f"passwordeval {command}", start=terminal)
            yield from terminal.faults()


def an_interrupt_at_its_question_ends_the_run():
    terminal = Terminal(b"word? ", b"\x03")
    with Home() as home:
        home.write("ask", ASK)
        host, result = trial(home, f"passwordeval sh {home.path}/ask",
                             start=terminal)
        if result.status != -signal.SIGINT or host.commands:
            yield (f"status {result.status}, {host.commands}, stderr "
                   f"{result.stderr!r}")
        yield from terminal.faults()


def in_order():
    """What the account says itself stands before what lies about."""
    with Home() as home:
        home.write("credentials/onehop.work", "from credential", 0o400)
        home.write(".netrc", NETRC.replace(PASSWORD, "from netrc"))
        environment = home.run.environment
        environment["CREDENTIALS_DIRECTORY"] = home.path + "/credentials"
        for known, *lines in (("in the file", "password in the file",
                               "passwordeval echo from command"),
                              ("from command",
                               "passwordeval echo from command"),
                              ("from credential",)):
            yield from faults_of(*trial(home, *lines, known=known), 0)
        del environment["CREDENTIALS_DIRECTORY"]
        yield from faults_of(*trial(home, known="from netrc"), 0)
        os.unlink(home.path + "/.netrc")
        yield from faults_of(*trial(home), 78, "no password configured",
                             "hint: set passwordeval")


def stays_with_its_server():
    """Another server named by an option gets nothing that is kept for the
    account, even if the user's name is an option as well."""
    with Home() as home:
        home.write("credentials/onehop.work", PASSWORD, 0o400)
        home.run.environment["CREDENTIALS_DIRECTORY"] = os.path.join(
            home.path, "credentials")
        home.write(".netrc", NETRC)
        for lines in ((), (f"password {PASSWORD}",),
                      (f"passwordeval echo {PASSWORD}",),
                      ("password_credential onehop.work",)):
            for status, args in ((78, ["--user=alice"]), (0, [])):
                host, result = trial(home, *lines, args=[
                    "--host=127.0.0.1", "--port=PORT", *args])
                if result.status != status:
                    yield f"exit status {result.status}, not {status}"
                    yield result.stderr.decode()
                if any(line.startswith(b"AUTH") for line in host.commands):
                    yield f"it was sent: {host.commands}"


def environment_of(home, **more):
    """For the programs that set a source up, and for the run."""
    home.run.environment.update(more)
    return {**os.environ, **home.run.environment}


def from_pass():
    with Home() as home:
        keys = home.path + "/gnupg"
        os.mkdir(keys, 0o700)
        environment = environment_of(home, GNUPGHOME=keys,
                                     PASSWORD_STORE_DIR=home.path + "/store")

        def call(*command, stdin=b""):
            subprocess.run(command, env=environment, input=stdin, check=True,
                           capture_output=True)

        line = man_line("passwordeval pass show ")
        try:
            call("gpg", "--batch", "--passphrase", "", "--quick-gen-key",
                 "alice@example.org", "default", "default", "never")
            call("pass", "init", "alice@example.org")
            call("pass", "insert", "-m", line.split()[-1],
                 stdin=f"{PASSWORD}\nlogin: alice\n".encode())
            yield from serves(home, "from passwordeval", line)
        finally:
            call("gpgconf", "--kill", "all")


def from_keyring():
    with Home() as home:
        home.run.data_limit = None  # secret-tool starts threads
        with keyring.Keyring(home.path) as ring:
            environment = environment_of(home, **ring.variables)
            ring.store(man_line("secret-tool store ").split(), PASSWORD,
                       environment)
            yield from serves(home, "from passwordeval",
                              man_line("passwordeval secret-tool "))


def main():
    tap = Tap()
    tap.run("password in the config file", from_file)
    tap.run("a systemd credential", from_credential)
    tap.run("~/.netrc", from_netrc)
    tap.run("the terminal", from_terminal)
    tap.run("a command that asks there", a_command_asks_at_the_terminal)
    tap.run("an interrupt at its question",
            an_interrupt_at_its_question_ends_the_run)
    tap.run("they are asked in the order of the manual", in_order)
    tap.run("none serves another server", stays_with_its_server)
    for name, test, programs in (
            ("pass, as in the manual", from_pass, ("pass", "gpg")),
            ("secret-tool, as in the manual", from_keyring,
             keyring.PROGRAMS)):
        missing = [name for name in programs if not shutil.which(name)]
        if missing:
            tap.number += 1
            print(f"ok {tap.number} - {name} # SKIP {missing[0]} is not "
                  "installed")
        else:
            tap.run(name, test)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
