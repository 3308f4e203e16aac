#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the server does at a bad moment, outcome, sentence and exit code
say the same: accepted if and only if it was told so."""

import contextlib
import json
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import Run
from tap import Tap

TEXT = (b"From: me@example.org\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n"
        b"Message-ID: <1@example.org>\nSubject: x\n\n")


RESET = b"(and a reset)"  # at the end of a reply


class Server(threading.Thread):
    """A server whose replies are those of answer(verb, line, connection),
    None for the usual ones and b"" to hang up."""

    def __init__(self, answer, offers=()):
        super().__init__(daemon=True)
        self.answer, self.offers = answer, offers
        self.copies, self.connections, self.junk = [], 0, []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.messages = 0
            with contextlib.suppress(OSError), peer:
                self.serve(peer)

    def serve(self, peer):
        lines = peer.makefile("rb")
        peer.sendall(b"220 mail.test\r\n")
        for line in lines:
            verb = line.split()[0].upper().decode() if line.split() else ""
            reply = self.answer(verb, line, self)
            if reply is None:
                reply = self.usual(verb, line, lines)
            if reply == b"":
                return
            peer.sendall(reply.removesuffix(RESET))
            if reply.endswith(RESET):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
                return
            if verb == "DATA" and reply.startswith(b"354"):
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    line = lines.readline()
                    if not line:
                        return
                    content += line
                self.copies.append(content)
                self.messages += 1
                reply = self.answer(".", b"", self)
                if reply == b"":
                    return
                peer.sendall(reply or b"250 2.0.0 ok\r\n")

    def usual(self, verb, line, lines):
        if verb == "EHLO":
            offers = ["mail.test", *self.offers]
            last = offers.pop()
            return "".join(f"250-{x}\r\n" for x in offers).encode() + \
                f"250 {last}\r\n".encode()
        if verb == "DATA":
            return b"354 go\r\n"
        if verb == "BDAT":
            self.copies.append(lines.read(int(line.split()[1])))
            self.messages += 1
            reply = self.answer(".", b"", self)
            return b"250 2.0.0 ok\r\n" if reply is None else reply
        if verb == "QUIT":
            return b"221 bye\r\n"
        if verb not in ("MAIL", "RCPT", "RSET"):
            self.junk.append(line)
        return b"250 2.1.0 ok\r\n"

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextlib.contextmanager
def setting(answer, offers, *config):
    server = Server(answer, offers)
    run = Run(["account default", "host 127.0.0.1", f"port {server.port}",
               "tls off", "auth off", "from me@example.org", "timeout 8",
               *config])
    try:
        yield server, run
    finally:
        run.clean()
        server.stop()


def send(run, *args, stdin=TEXT + b"hello\n"):
    run.start(["--json", *args], stdin)
    result = run.finish(20)
    document = json.loads(result.stdout) if result.stdout else {}
    return result, document


def expect(result, document, status, outcome, words=b""):
    if result.status != status:
        yield f"exit {result.status}, not {status}: {result.stderr}"
    if document.get("outcome") != outcome:
        yield f"outcome {document.get('outcome')}, not {outcome}"
    if words not in result.stderr:
        yield f"stderr lacks {words}: {result.stderr}"


def never(_verb, _line, _server):
    return None


def sized(total):
    """A message whose BDAT line and content are that many octets."""
    head = TEXT.count(b"\n") + len(TEXT)
    for digits in (5, 6, 8):
        size = total - len("BDAT  LAST\r\n") - digits
        if len(str(size)) == digits:
            break
    left = size - head
    body = (b"a" * 60 + b"\n") * (left // 62 - 1)
    left -= 62 * (left // 62 - 1)
    return TEXT + body + b"b" * (left - 2) + b"\n"


def early_reply(total):
    with setting(never, ["CHUNKING"], "chunking on") as (server, run):
        for _ in range(8):
            yield from expect(*send(run, "b@example.net",
                                    stdin=sized(total)), 0, "accepted")
        if len(server.copies) != 8:
            yield f"{len(server.copies)} copies"


def at_the_end(answer, offers, config, *expected):
    """What the server does once it has all of the message."""
    for total in (65535, 65536):
        with setting(lambda v, _line, _server: answer if v == "." else None,
                     offers, *config) as (_server, run):
            yield from expect(*send(run, "b@example.net",
                                    stdin=sized(total)), *expected)


def lost_after_some(offers, many):
    """The first recipient has it, the second transaction is cut off."""
    def answer(verb, _line, server):
        if verb == "MAIL":
            server.named = 0
            return b"" if server.messages else None
        if verb == "RCPT":
            server.named += 1
            if many and server.named > 1:
                return b"452 4.5.3 too many recipients\r\n"
        return None

    with setting(answer, offers, "partial_delivery on") as (_server, run):
        yield from expect(*send(run, "a@example.net", "b@example.net"), 69,
                          "partial", b"accepted for 1 of 2 recipients")


def unknown_after_some():
    def answer(verb, _line, server):
        return b"" if verb == "." and server.messages > 1 else None

    with setting(answer, ["LIMITS RCPTMAX=1"],
                 "partial_delivery on") as (_server, run):
        yield from expect(*send(run, "a@example.net", "b@example.net"), 69,
                          "unknown", b"accepted for 1 of 2 recipients")


def put_off_after_some():
    def answer(verb, line, _server):
        if verb == "RCPT" and b"later" in line:
            return b"451 4.7.1 greylisted\r\n"
        return None

    with setting(answer, [], "partial_delivery on") as (_server, run):
        yield from expect(*send(run, "a@example.net", "later@example.net"),
                          69, "partial", b"accepted for 1 of 2 recipients")
    with setting(answer, [], "partial_delivery on",
                 "outbox on") as (_server, run):
        yield from expect(*send(run, "a@example.net", "later@example.net"),
                          0, "queued")


def greylisted():
    def answer(verb, _line, _server):
        if verb == "RCPT":
            return b"450 4.7.1 greylisted\r\n"
        return b"554 5.5.1 no valid recipients\r\n" if verb == "DATA" else None

    with setting(answer, ["PIPELINING"], "partial_delivery on",
                 "pipelining on") as (_server, run):
        yield from expect(*send(run, "a@example.net"), 75, "failed",
                          b"greylisted")
    with setting(answer, ["PIPELINING"], "partial_delivery on",
                 "outbox on") as (_server, run):
        yield from expect(*send(run, "a@example.net"), 0, "queued")


def changed_file():
    """More octets than BDAT announced must not go out."""
    with setting(never, ["CHUNKING"], "chunking on") as (server, run):
        path = os.path.join(run.home, "message")
        with open(path, "wb") as file:
            file.write(TEXT + b"a" * 60 + b"\r\n" * (2 << 20))

        def answer(verb, _line, _server):
            if verb == "EHLO":
                return None
            if verb == "RCPT":
                with open(path, "r+b") as file:
                    file.seek(len(TEXT) + 60)
                    file.write(b"\n\n" * (2 << 20))
            return None

        server.answer = answer
        with open(path, "rb") as file:
            result, document = send(run, "b@example.net", stdin=file)
        yield from expect(result, document, 74, "failed")
        if server.junk or server.copies and len(server.copies) > 1:
            yield f"read as commands: {server.junk[:3]}"


def answered_too_early():
    """After a reply amid the content of BDAT the rest is not sent: the server
    might have the message, which the run says has failed. The content is
    larger than what the kernel takes while the server does not read."""
    size = 16000001
    with setting(never, ["CHUNKING"], "chunking on") as (server, run):
        def serve(peer):
            lines = peer.makefile("rb")
            peer.sendall(b"220 mail.test\r\n")
            for line in lines:
                verb = line.split()[0].decode()
                if verb == "BDAT":
                    peer.sendall(b"250 2.0.0 too early\r\n")
                    server.copies.append(lines.read())
                    return
                peer.sendall(server.usual(verb, line, lines))

        server.serve = serve
        yield from expect(*send(run, "b@example.net", stdin=sized(size)), 76,
                          "failed", b"unexpected reply")
        server.stop()
        server.join(10)
        if len(server.copies[0]) >= size - len(b"BDAT 15999983 LAST\r\n"):
            yield f"{len(server.copies[0])} octets were sent"


def dialogue(messages):
    text = b"EHLO x\r\n"
    for i in range(messages):
        text += (b"MAIL FROM:<me@example.org>\r\nRCPT TO:<a@example.net>\r\n"
                 b"DATA\r\nSubject: %d\r\n\r\nb\r\n.\r\n" % i)
    return text + b"QUIT\r\n"


def served(answer, offers, connections):
    """Seven messages of one -bs session, each accepted once."""
    with setting(answer, offers) as (server, run):
        run.start(["-bs"], dialogue(7))
        result = run.finish(30)
        if len(server.copies) != 7:
            yield f"{len(server.copies)} copies: {result.stdout}"
        if server.connections != connections:
            yield f"{server.connections} connections, not {connections}"


def nothing_without_auth():
    """AUTH is refused in the first session of -bs: the messages after it have
    another session, or none."""
    def answer(verb, line, server):
        if verb == "AUTH":
            server.welcome = server.connections > 1
            return b"235 2.7.0 ok\r\n" if server.welcome \
                else b"454 4.7.0 later\r\n"
        if verb == "MAIL" and not server.welcome:
            server.junk.append(line)
        return None

    with setting(answer, ["AUTH PLAIN"], "auth PLAIN", "user u",
                 "password a-password") as (server, run):
        server.welcome = False
        run.start(["-bs"], dialogue(3))
        result = run.finish(30)
        if server.junk:
            yield f"without authentication: {server.junk}"
        if len(server.copies) != 2 or server.connections != 2:
            yield f"{len(server.copies)} copies, {server.connections} " \
                f"connections: {result.stdout}"


def limit(verb, reply):
    return lambda v, _line, server: \
        reply if v == verb and server.messages >= 3 else None


def serverinfo_fails():
    with setting(never, []) as (server, run):
        server.stop()
        result, document = send(run, "-S")
    for key, value in (("exit", 75), ("error", "connection refused")):
        if value != document.get(key) and \
                str(value) not in str(document.get(key)):
            yield f"{key}: {document.get(key)}"
    if result.status != 75:
        yield f"exit {result.status}"


def main():
    tap = Tap()
    for total in (65535, 65536, 65537, 131072):
        tap.run(f"BDAT's reply is heard, {total} octets", early_reply, total)
    for config, offers in (((), []), (("chunking on",), ["CHUNKING"]),
                           (("chunking on",), ["PIPELINING", "CHUNKING"])):
        tap.run(f"taken, then hung up: unknown, {offers}", at_the_end, b"",
                offers, config, 75, "unknown", b"may have been accepted")
    for offers in (["CHUNKING"], ["PIPELINING", "CHUNKING"]):
        tap.run(f"accepted, then a reset, {offers}", at_the_end,
                b"250 2.0.0 ok\r\n" + RESET, offers, ("chunking on",), 0,
                "accepted")
    for many, offers in ((0, ["LIMITS RCPTMAX=1"]), (1, []),
                         (1, ["PIPELINING"])):
        tap.run(f"lost after some have it, {offers}", lost_after_some,
                offers, many)
    tap.run("unknown after some have it", unknown_after_some)
    tap.run("put off after some have it", put_off_after_some)
    tap.run("greylisted with PIPELINING is temporary", greylisted)
    tap.run("a file that changes while it is sent", changed_file)
    tap.run("BDAT is answered too early", answered_too_early)
    for verb, reply in (("MAIL", b"452 4.3.2 too many messages\r\n"),
                        ("MAIL", b"503 5.5.0 enough\r\n"),
                        ("MAIL", b"550 5.7.0 limit of this session\r\n"),
                        ("MAIL", b"421 4.7.0 too many\r\n"), ("MAIL", b""),
                        ("RCPT", b"451 4.5.3 no more transactions\r\n"),
                        ("DATA", b"452 4.4.5 messages per session\r\n")):
        for offers in ([], ["PIPELINING"]):
            tap.run(f"{verb} {reply} in a used session, {offers}", served,
                    limit(verb, reply), offers, 3)
    tap.run("nothing follows a refused AUTH in its session",
            nothing_without_auth)
    tap.run("LIMITS MAILMAX counts in a session", served,
            lambda v, _line, server: b"" if v == "MAIL" and
            server.messages >= 2 else None, ["LIMITS MAILMAX=2"], 4)
    tap.run("-S --json that fails says why", serverinfo_fails)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
