#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the program as real callers do and checks all that comes of it.

Each case is NAME.argv and NAME.stdin, as README here says, and NAME.result:
what NAME.expect means, for this runner. A result is a head, an empty line,
and the message as it must be on the wire ("*" stands for what we generate).

    sender: ADDRESS     of the envelope; empty is the null sender
    to: ADDRESS         one line per recipient, in this order
    body: 8BITMIME      the MAIL parameter that is due where it is offered
    ret: WORD           likewise, where DSN is offered
    notify: WORDS       likewise, at every RCPT
    exit: CODE          default 0
    stdout: TEXT        a line of it; default none
    codes: NNN...       stdout is replies of these codes, each "NNN text"
    stderr: TEXT        must be part of it; default empty
    env: NAME=VALUE     the whole environment; "env: none" is an empty one.
                        Default PATH and HOME; {home} is the scratch home
    cwd: DIRECTORY      default the scratch home
    input: KIND         pipe (default), file (unlinked, read-write), pause
    block: SIGNALS      blocked by the caller
    ignore: SIGNALS     ignored by the caller
    umask: MODE         of the caller
    open: N             a descriptor the caller leaks
    output: unread      stdout and stderr are a pipe whose reader has gone
    connections: N      default 1

Every case runs against a smarthost that offers PIPELINING, 8BITMIME and DSN
and, "in step", against one that offers 8BITMIME alone, and where all is well
also against one that refuses the recipients: then the exit code is 67.

No environment names the config file, so it must be found through the passwd
entry: each run sees, in a mount namespace of its own, an /etc/passwd in which
it is "user" with the scratch home. Where there are no such namespaces, it is
XDG_CONFIG_HOME that leads to the file, the user keeps the name that it has,
and the rest is checked all the same.
"""

import ctypes
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))), "lib"))

import onehop  # noqa: E402
import smarthost  # noqa: E402
import smtpserver  # noqa: E402

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60  # seconds; no run that works takes one of them
LIBC = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_USER = 0x20000, 0x10000000
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000
NO_USER = 67


class Case:
    """One caller: its files, taken apart."""

    def __init__(self, name):
        self.name = name
        self.argv = self._read("argv").decode().split("\n")[:-1]
        self.stdin = self._read("stdin")
        head, _, message = self._read("result").partition(b"\n\n")
        self.message = message
        self.head = [line.partition(": ")[::2] if ": " in line
                     else (line.rstrip(":"), "")
                     for line in head.decode().split("\n")]

    def _read(self, kind):
        with open(os.path.join(DIRECTORY, self.name + "." + kind),
                  "rb") as file:
            return file.read()

    def all(self, key):
        return [value for name, value in self.head if name == key]

    def one(self, key, default=""):
        return (self.all(key) or [default])[0]

    def signals(self, key):
        return [getattr(signal, "SIG" + word)
                for word in self.one(key).split()]


class Host(smarthost.Smarthost):
    """The smarthost; notes commands that came before their time."""

    def __init__(self, rich, refusing):
        super().__init__()
        self.pipelining = rich
        self.extensions = ["8BITMIME", "DSN"] if rich else ["8BITMIME"]
        self.hasty = None
        if refusing:
            self.faults["rcpt"] = lambda host, _: host.say(
                b"550 5.1.1 no such user\r\n", "rcpt")

    def answer(self, states, good):
        if not self.pipelining and self.connection.has_line():
            self.hasty = states
        super().answer(states, good)


def enter_namespace(passwd):
    """Makes passwd /etc/passwd for this process; as root of a namespace."""
    user, group = os.getuid(), os.getgid()
    kinds = NEW_MOUNTS if user == 0 else NEW_MOUNTS | NEW_USER
    if LIBC.unshare(kinds) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if user != 0:
        for name, text in (("setgroups", "deny"),
                           ("uid_map", "0 %d 1" % user),
                           ("gid_map", "0 %d 1" % group)):
            with open("/proc/self/" + name, "w", encoding="ascii") as file:
                file.write(text)
    for source, target, flags in ((b"none", b"/", RECURSIVE | PRIVATE),
                                  (os.fsencode(passwd), b"/etc/passwd",
                                   BIND)):
        if LIBC.mount(source, target, None, flags, None) != 0:
            raise OSError(ctypes.get_errno(), "mount")


class Caller:
    """What a caller makes of the world before it runs us."""

    namespaces = True

    def __init__(self, case, port):
        self.case = case
        self.home = tempfile.mkdtemp(prefix="onehop-callers-")
        directory = os.path.join(self.home, ".config", "onehop")
        os.makedirs(directory)
        self._write(os.path.join(directory, "config"),
                    "account default\nhost 127.0.0.1\nport %d\n"
                    "maildomain example.com\n" % port)
        self.passwd = os.path.join(self.home, "passwd")
        self._write(self.passwd,
                    "user:x:0:0::%s:/bin/sh\n" % self.home)

    @staticmethod
    def _write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    def environment(self):
        given = self.case.all("env")
        lines = [line.replace("{home}", self.home) for line in given]
        if not lines:
            lines = ["PATH=/usr/bin:/bin", "HOME=" + self.home]
        result = dict(line.split("=", 1) for line in lines if "=" in line)
        if not self.namespaces:
            result["XDG_CONFIG_HOME"] = os.path.join(self.home, ".config")
        return result

    def prepare(self):
        """In the child, before it becomes the program."""
        case = self.case
        if self.namespaces:
            enter_namespace(self.passwd)
        os.setsid()
        for number in case.signals("ignore"):
            signal.signal(number, signal.SIG_IGN)
        if not case.signals("ignore"):
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, case.signals("block"))
        if case.all("umask"):
            os.umask(int(case.one("umask"), 8))
        for number in case.all("open"):
            os.dup2(0, int(number))

    def start(self):
        case = self.case
        self.input = None
        stdin = subprocess.PIPE
        if case.one("input") == "file":
            stdin = self.input = tempfile.TemporaryFile()
            stdin.write(case.stdin)
            stdin.seek(0)
        out = err = subprocess.PIPE
        if case.one("output") == "unread":
            reader, out = os.pipe()
            os.close(reader)
            err = out
        process = subprocess.Popen(
            case.argv, executable=onehop.PROGRAM, stdin=stdin, stdout=out,
            stderr=err, cwd=case.one("cwd", self.home),
            env=self.environment(), preexec_fn=self.prepare,
            close_fds=not case.all("open"))
        if case.one("output") == "unread":
            os.close(out)
        return process

    def run(self):
        """(exit status, stdout, stderr)"""
        process = self.start()
        stdin = self.case.stdin if self.input is None else None
        try:
            if self.case.one("input") == "pause":
                half = len(stdin) // 2
                process.stdin.write(stdin[:half])
                process.stdin.flush()
                time.sleep(0.3)
                stdin = stdin[half:]
            out, err = process.communicate(stdin, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        finally:
            if self.input is not None:
                self.input.close()
            shutil.rmtree(self.home, ignore_errors=True)
        return process.returncode, out or b"", err or b""


def named(text):
    """The text with the name of the user that the run sees."""
    if Caller.namespaces:
        return text
    name = pwd.getpwuid(os.getuid()).pw_name
    return text.replace("user@example.com", f"{name}@example.com")


def pattern(message):
    """The message as a regular expression: CRLF, "*" as what we generate in
    the fields that end in one."""
    head, blank, body = message.partition(b"\n\n")
    lines = []
    for line in head.split(b"\n"):
        text = re.escape(line)
        if re.match(rb"(Date|Message-ID): .*\*", line):
            text = text.replace(rb"\*", rb"[!-~][ -~]*")
        lines.append(text)
    text = rb"\r\n".join(lines) + re.escape(
        (blank + body).replace(b"\n", b"\r\n"))
    return re.compile(text, re.DOTALL)


def check_commands(case, host, rich):
    """What is wrong with the envelope."""
    mail = "MAIL FROM:<%s>" % named(case.one("sender"))
    to = ["RCPT TO:<%s>" % address for address in case.all("to")]
    if rich and case.all("ret"):
        mail += " RET=" + case.one("ret")
    if rich and case.all("notify"):
        to = [line + " NOTIFY=" + case.one("notify") for line in to]
    commands = [line.decode("utf-8", "replace") for line in host.commands]
    said = [line for line in commands if line.startswith("MAIL")]
    body = " BODY=8BITMIME"
    if said and (body in said[0]) != bool(case.all("body")):
        yield "BODY=: %s" % said[0]
    said = [line.replace(body, "") for line in said]
    if said != [mail]:
        yield "sender: %s, not %s" % (said, mail)
    said = [re.sub(r"<(.*)>(.*) ORCPT=rfc822;\1$", r"<\1>\2", line)
            for line in commands if line.startswith("RCPT")]
    if said != to:
        yield "recipients: %s, not %s" % (said, to)
    if host.hasty:
        yield "did not wait for the reply of %s" % host.hasty


def check_content(case, host, records):
    """What is wrong with the message."""
    wanted = pattern(os.fsencode(named(os.fsdecode(case.message))))
    if host.content is None:
        yield "no message arrived"
    elif not wanted.fullmatch(host.content):
        yield "content: %r, not %r" % (host.content, case.message)
    for record in records:
        octets = record.received()
        if not (octets.count(b"\r\n") == octets.count(b"\n")
                == octets.count(b"\r")):
            yield "a bare CR or LF"
        if not octets.endswith(b"QUIT\r\n"):
            yield "no QUIT at the end"


def check_output(case, out, err):
    """What is wrong with stdout and stderr."""
    if case.all("codes"):
        lines = out.decode("utf-8", "replace").split("\r\n")
        codes = [line[:3] for line in lines if line]
        if codes != case.one("codes").split() or any(
                line[3:4] != " " for line in lines if line):
            yield "stdout: %r" % out
    else:
        text = "".join(line + "\n" for line in case.all("stdout"))
        if out != text.encode():
            yield "stdout: %r" % out
    wanted = case.one("stderr").encode()
    if (wanted not in err) if wanted else err:
        yield "stderr: %r" % err


def check(case, rich):
    """Runs it once; what is wrong."""
    host = Host(rich, refusing=False)
    with smtpserver.Server(host.serve) as server:
        status, out, err = Caller(case, server.port).run()
    if server.failure:
        yield "the server failed: %r" % server.failure
    if status != int(case.one("exit", "0")):
        yield "exit %s, %r" % (status, err)
    yield from check_output(case, out, err)
    connections = int(case.one("connections", "1"))
    if len(server.records) != connections:
        yield "%d connections" % len(server.records)
    if connections:
        yield from check_commands(case, host, rich)
        yield from check_content(case, host, server.records)


def check_refused(case):
    """Runs it while the smarthost knows no recipient; what is wrong."""
    host = Host(rich=True, refusing=True)
    with smtpserver.Server(host.serve) as server:
        status, out, err = Caller(case, server.port).run()
    if host.content is not None:
        yield "a message was sent"
    if case.all("codes"):
        if b"\r\n550 5.1.1 " not in out:
            yield "stdout: %r" % out
        return
    if status != NO_USER:
        yield "exit %s" % status
    if out or (err.count(b"\n") != 1 and case.one("output") != "unread"):
        yield "stdout %r, stderr %r" % (out, err)


def have_namespaces():
    """May we have an /etc/passwd of our own?"""
    try:
        subprocess.run(["true"], check=True, stderr=subprocess.DEVNULL,
                       preexec_fn=lambda: enter_namespace("/etc/passwd"))
        return True
    except (OSError, subprocess.SubprocessError):
        return False


def checks(cases):
    """(name, what is wrong) of every run."""
    for case in cases:
        yield case.name, list(check(case, rich=True))
        if case.one("connections", "1") == "0":
            continue
        yield case.name + ", in step", list(check(case, rich=False))
        yield case.name + ", refused", list(check_refused(case))


def main(names):
    """Prints TAP."""
    if not names:
        names = sorted(name[:-5] for name in os.listdir(DIRECTORY)
                       if name.endswith(".argv"))
    Caller.namespaces = have_namespaces()
    if not Caller.namespaces:
        print("# no mount namespaces: XDG_CONFIG_HOME leads to the config")
    cases = [Case(name) for name in names]
    total = sum(1 if case.one("connections", "1") == "0" else 3
                for case in cases)
    print("1..%d" % total, flush=True)
    for number, (name, wrong) in enumerate(checks(cases), 1):
        print("%s %d - %s" % ("not ok" if wrong else "ok", number, name))
        for line in wrong:
            print("# " + line)
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
