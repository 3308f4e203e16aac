# SPDX-License-Identifier: GPL-3.0-or-later
"""A home with an outbox, and a smarthost that many can talk to at once."""

import collections
import hashlib
import os
import re
import shutil
import socketserver
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import onehop

SECONDS = 120
EMPTY = b"Mail queue is empty\n"


class Copy:
    """A message as the sink got it."""

    def __init__(self, sender, recipients, content):
        self.sender = sender
        self.recipients = recipients
        self.content = content
        self.heard = False  # did the client go on after our 250?

    @property
    def id(self):
        found = re.search(rb"^Message-ID: <(.*)>", self.content,
                          re.MULTILINE | re.IGNORECASE)
        return found.group(1).decode() if found else None


class Sink(socketserver.ThreadingTCPServer):
    """Takes messages. answer(verb, line, self) may give another reply; None is
    the usual one, b"" hangs up. With lmtp, each recipient has its reply to
    the dot, and line is that recipient."""

    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer=None, port=0, lmtp=False):
        self.answer = answer or (lambda verb, line, sink: None)
        self.lmtp = lmtp
        self.copies = []
        self.connections = 0
        self.hang_up = False  # behind the reply to the dot
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Dialogue)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,),
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def port(self):
        return self.server_address[1]

    def count(self):
        """How many copies there are of each message."""
        with self.lock:
            return collections.Counter(copy.id for copy in self.copies)


class Dialogue(socketserver.StreamRequestHandler):
    """One connection to the sink."""

    disable_nagle_algorithm = True
    timeout = SECONDS

    USUAL = {b"greeting": b"220 sink ESMTP\r\n",
             b"EHLO": b"250-sink\r\n250 PIPELINING\r\n",
             b"LHLO": b"250-sink\r\n250 PIPELINING\r\n",
             b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}

    def say(self, verb, line):
        reply = self.server.answer(verb, line, self.server)
        if reply is None:
            reply = self.USUAL.get(verb, b"250 ok\r\n")
        if reply:
            self.wfile.write(reply)
        return reply

    def handle(self):
        try:
            with self.server.lock:
                self.server.connections += 1
            if self.say(b"greeting", b"") == b"":
                return
            self.converse()
        except OSError:
            pass

    def converse(self):
        sender, recipients, last = b"", [], None
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if last is not None:
                last.heard = True
                last = None
            reply = self.say(verb, line)
            if reply == b"":
                return
            good = reply[:1] in b"23"
            if verb == b"MAIL":  # a refused one begins a list of its own, too
                sender, recipients = line, []
            elif verb == b"RCPT" and good:
                recipients.append(re.search(rb"<(.*)>", line).group(1))
            elif verb == b"DATA" and reply.startswith(b"354"):
                content = self.content()
                if content is None:
                    return
                last = self.take(sender, recipients, content)
                if last is None or self.server.hang_up:
                    return
            elif verb == b"QUIT":
                return

    def content(self):
        """Dots unstuffed; None if its end never came."""
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def take(self, sender, recipients, content):
        """The reply to the dot: what the client hears may be less."""
        if self.server.lmtp:
            return self.take_for_each(sender, recipients, content)
        copy = Copy(sender, recipients, content)
        reply = self.server.answer(b"dot", content, self.server)
        if reply is None or reply[:1] == b"2" or reply == b"":
            with self.server.lock:
                self.server.copies.append(copy)
        if reply == b"":
            return None
        self.wfile.write(reply if reply is not None else b"250 ok\r\n")
        return copy


    def take_for_each(self, sender, recipients, content):
        copy = Copy(sender, [], content)
        for recipient in recipients:
            reply = self.server.answer(b"dot", recipient, self.server)
            if reply is None or reply[:1] == b"2":
                copy.recipients.append(recipient)
            if reply == b"":
                break
            self.wfile.write(reply if reply is not None else b"250 ok\r\n")
        if copy.recipients:
            with self.server.lock:
                self.server.copies.append(copy)
        return None if reply == b"" else copy


class House:
    """A home; run() runs the program in it."""

    def __init__(self, *config):
        self.run_ = onehop.Run(environment={})
        self.home = self.run_.home
        self.outbox = os.path.join(self.home, ".local/state/onehop/outbox")
        self.extra = list(config)
        self.lead_to(1)  # nobody listens there

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run_.clean()

    def lead_to(self, port, *config):
        """The smarthost is there from now on."""
        self.run_.write_config([
            "account default", "host 127.0.0.1", f"port {port}", "tls off",
            "from me@example.org", "domain client.example", "outbox on",
            *self.extra, *config])

    def run(self, *args, stdin=b"", wrapper=()):
        options = self.run_.environment["ASAN_OPTIONS"]
        if "strace" in wrapper:  # which leaves no place for a leak checker
            self.run_.environment["ASAN_OPTIONS"] += ":detect_leaks=0"
        self.run_.start(args, stdin, wrapper)
        self.run_.environment["ASAN_OPTIONS"] = options
        return self.run_.finish(SECONDS)

    def send(self, name, *args, wrapper=(), body=b"text\n"):
        """Sends a message with that name for its Message-ID."""
        return self.run("-i", *(args or ("you@example.net",)),
                        stdin=message(name, body), wrapper=wrapper)

    def flush(self, wrapper=()):
        return self.run("-q", wrapper=wrapper)

    def files(self, place):
        """Paths of the files there."""
        directory = os.path.join(self.outbox, place)
        if not os.path.isdir(directory):
            return []
        return sorted(os.path.join(directory, name)
                      for name in os.listdir(directory)
                      if name not in ("told", "held") and
                      not name.startswith("."))

    def journal(self, path):
        """What the journal of that message says."""
        try:
            with open(os.path.join(self.outbox, "journal",
                                   os.path.basename(path)), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def send_in_order(self, *messages):
        """Sends messages (name, options...); the IDs are in that order."""
        for i, (name, *options) in enumerate(messages):
            before = self.files("new")
            yield from fault_of(self.send(name, *options), 0)
            path, = set(self.files("new")) - set(before)
            os.rename(path, os.path.join(
                os.path.dirname(path), f"2026112{i}T120000Z-0123456789abcdef"))

    def age(self, path, seconds):
        """Makes a message as if it had been queued so long ago."""
        rewrite(path, lambda records: re.sub(
            rb"queued \d+", b"queued %d" % (time.time() - seconds), records))


def forget_due(path):
    """An entry whose first pause is over."""
    rewrite(path, lambda records: re.sub(
        rb"\ndue \d{10}\n", b"\n", records))


def make_due(house, path):
    """As if the pause were over: what "retry" would forget is kept."""
    with open(path, "rb") as file:
        if b"\ndue " in file.read():
            forget_due(path)
    journal = os.path.join(house.outbox, "journal", os.path.basename(path))
    if os.path.exists(journal):
        with open(journal, "rb") as file:
            text = file.read()
        with open(journal, "wb") as file:
            file.write(re.sub(rb"^((?:unknown|deferred|held) \d+) \d+",
                              rb"\1 0", text, flags=re.MULTILINE))


def message(name, body=b"text\n"):
    return (b"From: me@example.org\nDate: Mon, 23 Nov 2026 12:00:00 +0000\n"
            b"Message-ID: <%s>\nSubject: s\n\n" % name.encode()) + body


def seal(sealed):
    """The last record, for the octets before it."""
    return b"sha256 %s\n" % hashlib.sha256(sealed).hexdigest().encode()


def rewrite(path, change):
    """Changes the records of a queued message and seals it again."""
    with open(path, "rb") as file:
        whole = file.read()
    sealed = change(whole[:whole.rindex(b"sha256 ")])
    with open(path, "wb") as file:
        file.write(sealed + seal(sealed))


def differs(what, got, wanted):
    if got != wanted:
        yield f"{what}: {got!r}, not {wanted!r}"


def fault_of(result, status):
    """What is wrong with a run that should have ended like that."""
    if result.hung:
        yield "it hung"
    if result.status != status:
        yield (f"exit status {result.status}, not {status}: "
               f"{result.stderr.decode(errors='replace')}")


def run_if_possible(tap, test, is_straced):
    """Runs the test, unless it needs strace and that is not installed."""
    name = test.__name__.replace("_", " ")
    if is_straced and shutil.which("strace") is None:
        tap.skip(name, "strace is not installed")
    else:
        tap.run(name, test)
