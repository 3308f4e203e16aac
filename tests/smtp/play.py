#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a conversation (FILE.conv) with the program and checks every word.

A conversation is a head, an empty line, and the dialogue. The head:

    args: WORDS         command line after -C; default: -f and one recipient
    config: LINE        a line of the config file; host and port are supplied
    tls: starttls       or implicit: the config for it, and a certificate
    certificate: KIND   of tests/lib/certs.py; default good
    auth: MECHANISM     user "user", password "secret-word"
    stdin: LINE         of the message; default: a small one
    env: NAME=VALUE
    exit: CODE          default 0; or a signal's name
    stderr: WORDS       must be there, whatever the case; repeated: all must
    stderr-not: WORDS   must not
    seconds: N          the run must end within; default 8

The dialogue, top to bottom in the order of time:

    S: LINE             what the server says; lines together share a write
    S! OCTETS           the same without the CRLF
    C: PATTERN          a line of the client, * for anything
    C: ...              any lines up to one that fits the next pattern
    MESSAGE             stdin as it must be sent, and the final dot
    TLS                 the handshake; TLS REFUSED: that the client breaks off
    CLOSE, RESET        the server ends the connection with FIN or RST
    CLEAR OCTETS        octets below TLS
    PAUSE SECONDS       the server waits
    SIGNAL NAME         to the client
    CONNECTION          the next connection

Client lines without a server line between them are one flight: the client
must send them without waiting, and before the server's next line it must have
sent nothing else. After the last line the client must close. Escapes: \\0 \\r
\\n \\t \\\\ \\* \\xNN; {base64:TEXT} is the base64 of TEXT. "#" begins a
comment.
"""

import base64
import os
import re
import shlex
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))), "lib"))

import certs  # noqa: E402
import onehop  # noqa: E402
import smtpserver  # noqa: E402

SILENCE = 0.02  # seconds in which a client that must wait would have spoken
USER, PASSWORD = "user", "secret-word"
MESSAGE = (b"From: me@example.org\nTo: you@example.net\n"
           b"Date: Mon, 23 Nov 2026 09:00:00 +0000\n"
           b"Message-ID: <1@example.org>\nSubject: hello\n\nworld\n")
TLS_CONFIG = {
    "none": ["tls off"],
    "starttls": ["tls on", "tls_starttls on"],
    "implicit": ["tls on", "tls_starttls off"],
}
ESCAPES = {"0": b"\0", "r": b"\r", "n": b"\n", "t": b"\t"}
WORD = re.compile(r"\{base64:((?:[^}\\]|\\.)*)\}|\\x([0-9a-fA-F]{2})|\\(.)"
                  r"|(\*)|([^\\*{]+|\{)")


class Mismatch(Exception):
    """The client said something else."""


def expand(text, star=b"*"):
    """Octets of a text with escapes; a bare * becomes star."""
    out = b""
    for encoded, number, escaped, wild, plain in WORD.findall(text):
        if encoded:
            out += base64.b64encode(expand(encoded))
        elif number:
            out += bytes([int(number, 16)])
        elif escaped:
            out += ESCAPES.get(escaped, escaped.encode())
        elif wild:
            out += star
        else:
            out += plain.encode()
    return out


def pattern(text):
    """The regular expression of a C: line."""
    star = b"\xff*\xff"
    parts = expand(text, star).split(star)
    return re.compile(b".*".join(re.escape(part) for part in parts),
                      re.DOTALL)


class Conversation:
    """A .conv file, taken apart."""

    def __init__(self, path):
        self.args = ["-f", "me@example.org", "you@example.net"]
        self.config = []
        self.tls = "none"
        self.certificate = "good"
        self.auth = False
        self.stdin = b""
        self.environment = {}
        self.exit = 0
        self.wanted = []
        self.unwanted = []
        self.seconds = 8.0
        self.connections = [[]]  # of (line number, verb, rest)
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip("\n") for line in file]
        body = lines.index("") if "" in lines else len(lines)
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            try:
                (self._head if number <= body else self._step)(number, line)
            except (ValueError, KeyError) as error:
                sys.exit("%s:%d: %r: %s" % (path, number, line, error))
        self.stdin = self.stdin or MESSAGE

    def _head(self, _, line):
        key, value = line.split(":", 1)
        value = value[1:] if value.startswith(" ") else value
        if key == "stdin":
            self.stdin += expand(value) + b"\n"
        elif key == "args":
            self.args = shlex.split(value)
        elif key == "config":
            self.config.append(value)
        elif key == "tls":
            self.config += TLS_CONFIG[value]
            self.tls = value
        elif key == "certificate":
            self.certificate = value
        elif key == "auth":
            self.auth = True
            self.config += ["auth " + value, "user " + USER,
                            "password " + PASSWORD]
        elif key == "env":
            name, setting = value.split("=", 1)
            self.environment[name] = setting
        elif key == "exit":
            self.exit = (int(value) if value.isdigit()
                         else -getattr(signal, value))
        elif key == "stderr":
            self.wanted.append(value)
        elif key == "stderr-not":
            self.unwanted.append(value)
        elif key == "seconds":
            self.seconds = float(value)
        else:
            raise KeyError("no such key")

    def _step(self, number, line):
        if line == "CONNECTION":
            self.connections.append([])
            return
        match = re.match(r"([SC]: ?|S! |[A-Z]+(?: |$))(.*)", line)
        if not match or match[1].strip() not in Player.VERBS:
            raise ValueError("not a line of a dialogue")
        self.connections[-1].append((number, match[1].strip(), match[2]))

    def wire(self):
        """stdin as it must cross the wire, the final dot included."""
        lines = self.stdin.replace(b"\r\n", b"\n").split(b"\n")
        return b"".join((b"." if line.startswith(b".") else b"")
                        + line + b"\r\n" for line in lines[:-1]) + b".\r\n"


class Player:
    """The server's side of one conversation."""

    def __init__(self, conversation, authority, run):
        self.conversation = conversation
        self.authority = authority
        self.run = run
        self.mismatch = None
        self.served = 0

    def serve(self, connection):
        """Handler for smtpserver.Server."""
        if self.served == len(self.conversation.connections):
            self.mismatch = "the client connected once more"
            return
        steps = self.conversation.connections[self.served]
        self.served += 1
        number, verb, rest = 0, "the start", ""
        try:
            for i, (number, verb, rest) in enumerate(steps):
                self.VERBS[verb](self, connection, rest, steps[i + 1:])
            self._flush(connection)
            number, verb, rest = number + 1, "the end", ""
            self._expect_end(connection)
        except (Mismatch, smtpserver.Closed, smtpserver.Stalled) as error:
            self.mismatch = "line %d (%s %s): %s" % (number, verb, rest, error)

    # S: and S! gather in the cork until something else comes.

    def _say(self, connection, rest, following):
        if connection.corked is None:
            self._expect_silence(connection)
            connection.cork()
        connection.write(expand(rest) + b"\r\n")
        self._end_of_group(connection, following)

    def _say_raw(self, connection, rest, following):
        if connection.corked is None:
            self._expect_silence(connection)
            connection.cork()
        connection.write(expand(rest))
        self._end_of_group(connection, following)

    def _end_of_group(self, connection, following):
        if not following or following[0][1] not in ("S:", "S!"):
            self._flush(connection)

    @staticmethod
    def _flush(connection):
        connection.uncork()

    @staticmethod
    def _expect_silence(connection):
        connection.pull(SILENCE)
        if connection.inbox:
            raise Mismatch("the client went on without waiting: %r"
                           % bytes(connection.inbox))

    @staticmethod
    def _expect_end(connection):
        connection.pull(SILENCE)
        while not connection.inbox and connection.pull(smtpserver.WAIT):
            pass
        if connection.inbox:
            raise Mismatch("the client said more: %r"
                           % bytes(connection.inbox))
        if not connection.ended:
            raise Mismatch("the client does not close")

    def _hear(self, connection, rest, following):
        if rest == "...":
            wanted = pattern(following[0][2])
            while True:
                line = connection.read_line()
                if wanted.fullmatch(line[:-2]):
                    connection.inbox[:0] = line
                    return
        line = connection.read_line()
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise Mismatch("a bare CR or LF: %r" % line)
        if not pattern(rest).fullmatch(line[:-2]):
            raise Mismatch("the client said %r" % line)

    def _hear_message(self, connection, *_):
        wanted = self.conversation.wire()
        got = b""
        while len(got) < len(wanted):
            got += connection.read_line()
            if not wanted.startswith(got):
                raise Mismatch("the message differs at %r" % got[-80:])

    def _start_tls(self, connection, rest, _):
        context = self.authority.context(self.conversation.certificate)
        first = bytes(connection.inbox)
        connection.inbox.clear()
        try:
            connection.start_tls(context, first)
            if rest == "REFUSED":
                # The client of TLS 1.3 is done before it judges us.
                self._expect_end(connection)
        except smtpserver.Closed:
            if rest != "REFUSED":
                raise

    def _close(self, connection, *_):
        connection.finish()

    def _reset(self, connection, *_):
        connection.reset()

    def _clear(self, connection, rest, _):
        connection.send_raw(expand(rest))

    def _pause(self, connection, rest, _):
        connection.pull(0)
        time.sleep(float(rest))

    def _signal(self, _connection, rest, _):
        self.run.signal(getattr(signal, rest))

    VERBS = {"S:": _say, "S!": _say_raw, "C:": _hear,
             "MESSAGE": _hear_message, "TLS": _start_tls,
             "CLOSE": _close, "RESET": _reset,
             "CLEAR": _clear, "PAUSE": _pause,
             "SIGNAL": _signal}


def secrets():
    """The forms of the password that nobody may see."""
    plain = ("\0%s\0%s" % (USER, PASSWORD)).encode()
    return [PASSWORD.encode(), base64.b64encode(PASSWORD.encode()),
            base64.b64encode(plain)]


def judge(conversation, player, result, records):
    """Yields (what must hold, None or what is wrong)."""
    if player.mismatch is None and player.served < len(
            conversation.connections):
        player.mismatch = "the client did not connect"
    yield "the dialogue is as written", player.mismatch

    yield "exit status %d" % conversation.exit, (
        None if result.status == conversation.exit
        else "it was %s" % result.status)

    shown = result.stderr.decode("utf-8", "replace")
    missing = [words for words in conversation.wanted
               if words.lower() not in shown.lower()]
    present = [words for words in conversation.unwanted
               if words.lower() in shown.lower()]
    control = [c for c in shown if c < " " and c != "\n" or c == "\x7f"]
    told = [str(secret) for secret in secrets() if secret in result.stderr]
    yield "stderr says what it must", (
        None if not (missing or present or control or told)
        else "missing %r, unwanted %r" % (missing, present + control + told))

    early = (conversation.tls != "none" and any(
        secret in record.received(tls=False)
        for record in records for secret in secrets()))
    yield "nothing secret in clear, nothing left behind, in time", (
        "the password went over the wire in clear" if early
        else "it had to be killed" if result.hung
        else "a process was left" if result.orphans
        else "it took %.1f s" % result.seconds
        if result.seconds > onehop.patience(conversation.seconds) else None)


def play(path):
    """Plays the file; prints TAP; returns whether all went well."""
    conversation = Conversation(path)
    authority = None
    with tempfile.TemporaryDirectory(prefix="onehop-certs-") as directory:
        run = onehop.Run()
        try:
            config = ["account default", "host 127.0.0.1"]
            if conversation.tls != "none":
                authority = certs.Authority(directory)
                authority.context(conversation.certificate)
                config += ["tls_trust_file " + authority.root,
                           "tls_host_override " + certs.NAME]
            player = Player(conversation, authority, run)
            with smtpserver.Server(player.serve) as server:
                config.append("port %d" % server.port)
                run.write_config(config + conversation.config)
                run.environment.update(conversation.environment)
                run.start(conversation.args, conversation.stdin)
                result = run.finish(onehop.patience(conversation.seconds) + 5)
            if server.failure:
                raise server.failure
        finally:
            run.clean()
    checks = list(judge(conversation, player, result, server.records))
    print("1..%d" % len(checks))
    for number, (name, wrong) in enumerate(checks, 1):
        print("%s %d - %s" % ("not ok" if wrong else "ok", number, name))
        if wrong:
            print("# " + wrong)
    if any(wrong for _, wrong in checks):
        for record in server.records:
            print("\n".join("# " + line for line in record.lines()))
        for line in result.stderr.decode("utf-8", "replace").splitlines():
            print("# stderr: " + line)
        return False
    return True


if __name__ == "__main__":
    if not os.access(onehop.PROGRAM, os.X_OK):
        print("1..0 # SKIP %s is not there" % onehop.PROGRAM)
        sys.exit(0)
    sys.exit(not all([play(path) for path in sys.argv[1:]]))
