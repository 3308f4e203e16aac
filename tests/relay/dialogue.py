# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of `sendmail -bs` on one side, a smarthost on the other."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import smtpserver  # noqa: E402
from onehop import Run  # noqa: E402
from smarthost import Smarthost  # noqa: E402

SECONDS = 600  # for a whole dialogue, on a busy machine that is emulated
CONTENT = [b"From: App <sender@example.com>", b"To: Ann <ann@example.org>",
           b"Subject: via bs", b"Date: Sun, 22 Nov 2026 08:00:00 +0000",
           b"Message-ID: <bs1@example.com>", b"", b"hello"]


class Recorder(Smarthost):
    """Remembers every message: (MAIL's argument, RCPT's arguments, content).

    drop_after: hang up after so many messages, saying farewell first.
    """

    def __init__(self):
        super().__init__()
        self.extensions += ["DSN", "SMTPUTF8"]
        self.messages = []
        self.connections = 0
        self.drop_after = None
        self.farewell = b""

    def serve(self, connection):
        self.connections += 1
        super().serve(connection)

    def _mail(self, line, words):
        self.refused.clear()
        self.recipients.clear()
        self.sender = line.split(b":", 1)[1]
        Smarthost.VERBS[b"MAIL"](self, line, words)

    def answer(self, states, good):
        if states == "dot":  # before anybody can know that it has come
            self.messages.append((self.sender, list(self.recipients),
                                  self.content))
        super().answer(states, good)

    def _data(self, line, words):
        Smarthost.VERBS[b"DATA"](self, line, words)
        if self.drop_after == len(self.messages):
            self.drop_after = None
            self.connection.write(self.farewell)
            return "end"
        return None

    VERBS = dict(Smarthost.VERBS)
    VERBS[b"MAIL"] = _mail
    VERBS[b"DATA"] = _data


class Client:
    """Speaks to the program as Symfony does: a command, then lines until one
    has a blank as its fourth octet."""

    def __init__(self, smarthost, args=("-bs",), config=(), environment=None):
        signal.alarm(SECONDS)
        self.smarthost = smarthost
        self.server = smtpserver.Server(smarthost.serve)
        self.run = Run(["account default", "host 127.0.0.1", "tls off",
                        f"port {self.server.port}", "auth off", *config],
                       environment)
        self.run.start(args, subprocess.PIPE)
        self.process = self.run.process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.server.stop()
        self.run.clean()
        signal.alarm(0)

    def send(self, octets):
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def reply(self):
        """A whole reply; its last line without CRLF."""
        while True:
            line = self.process.stdout.readline()
            if not line.endswith(b"\r\n"):
                raise AssertionError(f"no reply line: {line!r}")
            if not re.match(rb"\d\d\d[ -]", line) or len(line) > 512:
                raise AssertionError(f"not a reply line: {line!r}")
            if line[3:4] == b" ":
                return line[:-2].decode()

    def say(self, line, end=b"\r\n"):
        self.send((line if isinstance(line, bytes) else line.encode()) + end)
        return self.reply()

    def envelope(self, sender="sender@example.com",
                 recipients=("ann@example.org",)):
        """MAIL, RCPT..., DATA; the replies that were not the good ones."""
        replies = [self.say(f"MAIL FROM:<{sender}>")]
        replies += [self.say(f"RCPT TO:<{name}>") for name in recipients]
        replies.append(self.say("DATA"))
        return [reply for reply in replies if reply[:3] not in ("250", "354")]

    def content(self, lines=CONTENT):
        """The content in CRLF, dots stuffed; the reply to its dot."""
        for line in lines:
            self.send((b"." if line.startswith(b".") else b"") + line +
                      b"\r\n")
        return self.say(".")

    def finish(self):
        """Ends the input; what was still to come on stdout."""
        self.result = self.run.finish(SECONDS)
        return self.result.stdout

    def faults(self, status=0):
        """What is wrong with the end of the run, QUIT having been said."""
        rest = self.finish()
        if rest:
            yield f"said after the end: {rest!r}"
        if self.result.stderr:
            yield f"on stderr: {self.result.stderr!r}"
        if self.result.status != status:
            yield f"exit status {self.result.status}, not {status}"
        if self.server.failure:
            yield f"smarthost: {self.server.failure!r}"


def differs(what, got, wanted):
    if got != wanted:
        yield f"{what}: {got!r}, not {wanted!r}"


def wire(lines):
    return b"".join(line + b"\r\n" for line in lines)
