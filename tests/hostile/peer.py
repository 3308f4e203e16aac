# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that breaks its replies as a plan says, and remembers what it has
truly said.

Replies are matched to commands by their order alone: the n-th reply answers
the n-th command, whatever the server meant by it. That is all a client can
know, and so it is what a client may claim.
"""

import base64
import re
import select
import ssl
import time

import certs
import saslserver
import smtpserver

USER, PASSWORD = b"user", b"Secret-Word-17"
LINE_MAX, LINES_MAX, OCTETS_MAX = 12288 + 4, 512, 64 << 10
REPLY_LINE = re.compile(rb"([1-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
RESPONSE = re.compile(rb"[A-Za-z0-9+/]*=*|\*")
SENT_MAX = 1 << 20  # what is kept of a flood

YES, NO, MAYBE = "yes", "no", "maybe"


class Reply:
    """A complete reply that was sent."""

    def __init__(self, code, end, odd):
        self.code = code
        self.end = end      # the offset in all that was sent
        self.odd = odd      # a client may take it for none


def parse(sent):
    """The complete replies in what was sent, in order."""
    replies, lines, code, odd, start, begun = [], 0, None, False, 0, 0
    while (end := sent.find(b"\n", start)) >= 0:
        line = bytes(sent[start:end])
        start = end + 1
        lines += 1
        odd |= (not line.endswith(b"\r") or b"\0" in line
                or b"\r" in line[:-1] or len(line) > LINE_MAX
                or lines > LINES_MAX or end - begun > OCTETS_MAX)
        match = REPLY_LINE.fullmatch(line.removesuffix(b"\r"))
        if match is None:
            odd = True
            code = code or 0
        else:
            odd |= code is not None and code != int(match.group(1))
            code = code or int(match.group(1))
            if match.group(2) == b"-":
                continue
        replies.append(Reply(code, end + 1, odd))
        lines, code, begun = 0, None, start
    return replies


def join(actions):
    """The actions, neighbouring writes as one."""
    joined = []
    for action in actions:
        if action[0] == "write" and joined and joined[-1][0] == "write":
            joined[-1] = ("write", joined[-1][1] + action[1])
        else:
            joined.append(action)
    return joined


class Transaction:
    """One message on its way, and the numbers of the commands about it."""

    def __init__(self, auth):
        self.auth = auth        # number of the last word about AUTH, or None
        self.sender = None      # of MAIL
        self.recipients = []    # (address, number)
        self.data = None        # of DATA
        self.content = None     # once it has come whole
        self.sent_before = 0    # octets that were sent before it had
        self.first = None       # number of the first reply to the content
        self.lmtp = False


class Talk:
    """One connection."""

    def __init__(self, peer, connection):
        self.peer = peer
        self.connection = connection
        self.broken = False     # by us, or by the clock, so far
        self.done = []          # transactions whose content came whole
        self.faults = []        # what a client must never send
        self.auth = None        # number of the last reply about AUTH
        self.ahead = False      # were replies sent ahead of their commands?
        self.begin()

    def begin(self):
        """All before TLS is forgotten."""
        self.sent = bytearray()
        self.number = 0         # of commands, the connection being one
        self.transaction = None
        self.chunks = []        # offsets where a write of its own ended

    def verdict(self, number):
        """(what the client was told, code) by the reply of that number."""
        replies = parse(self.sent)
        if any(reply.odd for reply in replies[:number + 1]):
            return MAYBE, replies[min(number, len(replies) - 1)].code
        if number >= len(replies):
            return NO, 0
        code = replies[number].code
        return (YES if code // 100 == 2 else NO), code

    def is_glued(self, transaction):
        """Did the reply to the content come in one write with the 354?"""
        if transaction.data is None:
            return False
        invited = self.end_of(transaction.data)
        answered = self.end_of(transaction.first)
        return invited is not None and answered is not None and \
            answered <= min(end for end in self.chunks if end >= invited)

    def end_of(self, number):
        """Where the reply of that number ends, or None."""
        replies = parse(self.sent)
        return replies[number].end if number < len(replies) else None


class Peer:
    """The handler of a smtpserver.Server, for all connections of a round."""

    def __init__(self, scene, mutate):
        self.scene = scene      # what the server is: see plan.py
        self.mutate = mutate    # (state, good reply, last line) -> actions
        self.talks = []
        self.context = None     # ssl.SSLContext
        self.busy = False       # with a connection

    # --- what is sent

    def write(self, data):
        """Octets that the client may take for ours."""
        if len(self.talk.sent) < SENT_MAX:
            self.talk.sent += data
        self.talk.chunks.append(len(self.talk.sent))
        self.connection.write(data)

    def perform(self, actions):
        """Carries out what mutate() has made of a reply; what is written at
        once is one write."""
        for i, (action, *words) in enumerate(join(actions)):
            self.talk.ahead |= i > 0 and action in ("write", "flood", "cut")
            self.talk.broken |= action not in ("write", "cut")
            getattr(self, "do_" + action)(*words)
            if self.connection.ended:
                raise smtpserver.Closed("by the plan")

    def do_write(self, data):
        self.write(data)

    def do_cut(self, data, how):
        self.connection.cut = how
        self.talk.chunks += range(len(self.talk.sent),
                                  len(self.talk.sent) + len(data))
        self.write(data)
        self.connection.cut = smtpserver.cut_whole

    def do_fin(self):
        self.connection.truncate(2)

    def do_close(self):
        self.connection.finish(2)

    def do_reset(self):
        self.connection.reset()

    def do_stall(self):
        self.connection.drain(30)

    def do_pause(self, seconds):
        time.sleep(seconds)

    def do_flood(self, data, pause):
        """Until the client has enough of it."""
        end = time.monotonic() + 30
        while not self.connection.ended and time.monotonic() < end:
            self.write(data)
            self.connection.pull(pause)

    def do_raw(self, data):
        if not self.connection.tls:
            self.write(data)
        else:
            self.connection.record.add("*", False, f"raw {data[:40]!r}")
            self.connection.send_raw(data)

    def do_spoilt(self, data):
        if not self.connection.tls:
            self.write(data)
        else:
            self.connection.record.add("*", True, "a spoilt record")
            self.connection.write_spoilt(data)

    def do_alert(self):
        if self.connection.tls:
            self.connection.write_alert()

    def _renew(self, step, count, pause):
        if self.connection.tls is None or \
                self.connection.tls.version() != "TLSv1.3":
            return
        end = time.monotonic() + 30
        while count and not self.connection.ended and \
                time.monotonic() < end:
            step()
            self.connection.tls.do_handshake()
            # pylint: disable=protected-access
            self.connection.send_raw(self.connection._outgoing.read())
            self.connection.pull(pause)
            count -= 1

    def do_tickets(self, count, pause):
        if self.connection.tls is None:
            return
        library, pointer = smtpserver.openssl_of(self.connection.tls)
        self._renew(lambda: library.SSL_new_session_ticket(pointer), count,
                    pause)

    def do_keys(self, count, pause):
        self._renew(self.connection.write_key_update, count, pause)

    # --- the dialogue

    def serve(self, connection):
        self.connection = connection
        self.talk = Talk(self, connection)
        self.talks.append(self.talk)
        if self.scene.tls == "tls":
            self.handshake()
        self.reply("greeting", b"220 mail.test ESMTP\r\n")
        while True:
            self.command(self.read_line())

    def handle(self, connection):
        """As serve(); a client that ends TLS while we write is no fault."""
        self.busy = True
        try:
            self.serve(connection)
        except ssl.SSLError as error:
            raise smtpserver.Closed(str(error)) from None
        finally:
            self.busy = False

    def settle(self, server):
        """Waits for all that the client has sent to be read."""
        end = time.monotonic() + 15
        quiet = 0
        while quiet < 2 and time.monotonic() < end:
            # pylint: disable=protected-access
            waiting = select.select([server._listener], [], [], 0.005)[0]
            quiet = 0 if waiting or self.busy else quiet + 1

    def read_line(self):
        self.last = self.connection.read_line(30)[:-2]
        self.talk.number += 1
        return self.last

    def reply(self, state, good):
        began = time.monotonic()
        self.perform(self.mutate(state, good, self.last_line()))
        # who is that slow cannot blame the client for having left
        self.talk.broken |= time.monotonic() > began + 1

    def last_line(self):
        return getattr(self, "last", b"")

    def handshake(self):
        spoil = self.mutate("handshake", b"", b"")
        first = bytes(self.connection.inbox)
        self.connection.inbox.clear()
        honest = self.connection.send_raw
        if spoil:
            self.talk.broken = True
            self.connection.send_raw = Spoiler(self.connection, spoil).send
        try:
            self.connection.start_tls(self.context, first)
        finally:
            self.connection.send_raw = honest
        self.talk.begin()
        if self.scene.tls == "starttls":
            self.talk.number = -1  # no greeting comes

    def command(self, line):
        verb = line.split(b" ")[0].upper().decode("ascii", "replace")
        step = getattr(self, "on_" + verb.lower(), None)
        in_clear = self.scene.tls and not self.connection.tls
        if in_clear and line.startswith(b"\x16\x03"):
            raise smtpserver.Closed("TLS that was not granted")
        if in_clear and verb not in ("EHLO", "LHLO", "STARTTLS", "QUIT"):
            self.talk.faults.append(f"in clear: {line!r}")
        if step is not None:
            step(line)
            return
        # a response that nobody asked for any more, or a handshake
        if not RESPONSE.fullmatch(line):
            self.talk.faults.append(f"no command: {line[:80]!r}")
        self.reply("other", b"500 5.5.2 what?\r\n")

    def on_ehlo(self, _):
        lines = [b"mail.test"] + [x.encode() for x in self.scene.offers]
        if self.scene.tls == "starttls" and not self.connection.tls:
            lines.append(b"STARTTLS")
        elif self.scene.mechanism:
            lines.append(b"AUTH " + self.scene.mechanism.encode())
        self.reply("ehlo", b"".join(
            b"250" + (b"-" if i + 1 < len(lines) else b" ") + line + b"\r\n"
            for i, line in enumerate(lines)))

    on_lhlo = on_ehlo

    def on_helo(self, _):
        self.reply("ehlo", b"250 mail.test\r\n")

    def on_starttls(self, _):
        self.reply("starttls", b"220 2.0.0 go ahead\r\n")
        if self.talk.verdict(self.talk.number)[1] // 100 == 2:
            self.handshake()

    def on_auth(self, line):
        words = line.split()
        binding = (saslserver.binding_of(self.connection.tls)
                   if self.connection.tls else None)
        exchange = saslserver.MECHANISMS.get(
            words[1].decode("ascii", "replace"))
        if exchange is None:
            self.reply("auth", b"504 5.5.4 no such mechanism\r\n")
            return
        exchange = exchange(saslserver.Peer(USER, PASSWORD, binding))
        self.authenticate(exchange, words[2] if len(words) > 2 else None)
        self.talk.auth = self.talk.number

    def authenticate(self, exchange, response):
        """response: the initial one, or None."""
        try:
            challenge = next(exchange)
            while True:
                if response is None:
                    self.reply("auth", b"334 %s\r\n" %
                               base64.b64encode(challenge))
                    code = self.talk.verdict(self.talk.number)[1]
                    if code != 334:
                        return
                    response = self.read_line()
                if response == b"*":
                    self.reply("auth", b"501 5.7.0 cancelled\r\n")
                    return
                data = base64.b64decode(response.replace(b"=", b"", 1)
                                        if response == b"=" else response)
                response = None
                challenge = exchange.send(data)
        except StopIteration as end:
            good = end.value
        except (ValueError, AttributeError, IndexError, KeyError,
                AssertionError):
            good = False    # the answer to a spoilt challenge
        self.reply("auth", b"235 2.7.0 welcome\r\n" if good
                   else b"535 5.7.8 no\r\n")

    def on_mail(self, _):
        self.talk.transaction = Transaction(self.talk.auth)
        self.talk.transaction.sender = self.talk.number
        self.reply("mail", b"250 2.1.0 ok\r\n")

    def on_rcpt(self, line):
        if self.talk.transaction is None:
            self.talk.transaction = Transaction(self.talk.auth)
        found = re.search(rb"<(.*)>", line)
        self.talk.transaction.recipients.append(
            (found.group(1).decode() if found else "?", self.talk.number))
        self.reply("rcpt", b"250 2.1.5 ok\r\n")

    def on_data(self, _):
        transaction = self.talk.transaction
        if transaction is None:
            self.reply("data", b"503 5.5.1 need MAIL\r\n")
            return
        transaction.data = self.talk.number
        self.reply("data", b"354 go\r\n")
        if self.talk.verdict(self.talk.number)[1] != 354:
            return
        self.invite(transaction, lambda: self.connection.read_content(30))

    def on_bdat(self, line):
        transaction = self.talk.transaction or Transaction(self.talk.auth)
        self.talk.transaction = transaction
        self.talk.number -= 1   # the content has the reply of its command
        self.invite(transaction, lambda: self.read_chunk(int(
            line.split()[1])))

    def read_chunk(self, size):
        while len(self.connection.inbox) < size:
            if not self.connection.pull(30):
                raise smtpserver.Closed("in the content")
        chunk = bytes(self.connection.inbox[:size])
        del self.connection.inbox[:size]
        return chunk

    def invite(self, transaction, read):
        """Takes the content, and is perhaps hostile before it does."""
        before = len(self.talk.sent)
        try:
            self.reply("body", b"")
        finally:
            self.talk.ahead |= len(self.talk.sent) > before
        transaction.content = read()
        self.conclude()

    def conclude(self):
        """The replies to the content: LMTP has one for each recipient."""
        transaction, self.talk.transaction = self.talk.transaction, None
        transaction.sent_before = len(self.talk.sent)
        transaction.first = self.talk.number + 1
        transaction.lmtp = self.scene.lmtp
        self.talk.done.append(transaction)
        count = 1
        if self.scene.lmtp:
            count = sum(self.talk.verdict(number)[0] != NO
                        for _, number in transaction.recipients)
        self.talk.number += count
        self.last = b""
        for _ in range(count):
            self.reply("dot", b"250 2.0.0 queued as 4Z\r\n")

    def on_rset(self, _):
        self.talk.transaction = None
        self.reply("other", b"250 2.0.0 ok\r\n")

    def on_noop(self, _):
        self.reply("other", b"250 2.0.0 ok\r\n")

    def on_quit(self, _):
        self.reply("quit", b"221 2.0.0 bye\r\n")
        self.connection.finish(5)
        raise smtpserver.Closed("after QUIT")


class Spoiler:
    """Spoils what a handshake sends, from an octet on."""

    def __init__(self, connection, spoil):
        self.honest = connection.send_raw
        self.connection = connection
        self.at, self.what = spoil
        self.sent = 0

    def send(self, data):
        if not data or self.sent + len(data) <= self.at:
            self.sent += len(data)
            self.honest(data)
            return
        where = max(0, self.at - self.sent)
        self.sent += len(data)
        self.connection.record.add("*", False,
                                   f"handshake spoilt: {self.what!r}")
        if self.what == "flip":
            self.at = 1 << 30
            self.honest(data[:where] + bytes([data[where] ^ 0x41])
                        + data[where + 1:])
            return
        self.honest(data[:where])
        if self.what == "stall":
            self.connection.drain(30)
        elif self.what == "bytewise":
            self.at = 1 << 30
            for i in range(where, len(data)):
                self.honest(data[i:i + 1])
            return
        elif self.what == "reset":
            self.connection.reset()
        elif self.what != "end":
            self.honest(self.what)
        self.connection.truncate(2)
        raise smtpserver.Closed("in the handshake")


def contexts(authority, versions):
    """A server's SSLContext for each version of TLS."""
    made = {}
    for version in versions:
        made[version] = certs.context(*authority.chain("good"))
        made[version].minimum_version = version
        made[version].maximum_version = version
    return made
