# SPDX-License-Identifier: GPL-3.0-or-later
"""A submission server that does all things right, but for what it is told.

faults maps a state to an action(smarthost, good): good is the reply that an
honest server would give there. States, in protocol order: greeting ehlo1
starttls tls_handshake ehlo2 auth_start auth_step auth_final mail rcpt data
body dot quit. Where one reply is in two states (EHLO under implicit TLS; AUTH
PLAIN, which starts and ends in one) the action of either is taken.
"""

import base64
import hashlib
import hmac
import re

import smtpserver

USER, PASSWORD = "user", "secret-word"
NONCE, SALT = "SerVerNonce", b"salt and more salt"


def encoded(data):
    return base64.b64encode(data)


class Smarthost:
    """Serves one connection; remembers what became of the message."""

    def __init__(self, mode="plain", context=None):
        self.mode = mode            # plain, starttls, tls
        self.context = context      # ssl.SSLContext
        self.mechanisms = "PLAIN LOGIN"
        self.mechanisms_in_clear = None  # another list before STARTTLS
        self.pipelining = True
        self.extensions = ["8BITMIME", "SIZE 104857600"]
        self.coalesced = False      # answer a flight in one write
        self.cut = smtpserver.cut_whole  # of the faulty replies
        self.iterations = 4096      # of SCRAM
        self.signature = True       # does SCRAM prove the password?
        self.faults = {}
        # What was seen:
        self.connection = None
        self.commands = []          # lines without their ends
        self.refused = set()        # states that got a 4yz or 5yz
        self.recipients = []        # accepted ones
        self.content = None         # received whole
        self.accepted = False       # a whole 2yz to the dot went out

    # --- replies

    def say(self, reply, state=None):
        """Sends a reply; takes note of what it means for the message."""
        last = reply.rstrip(b"\r\n").split(b"\n")[-1]
        if last[:1] in b"45" and state:
            self.refused.add(state)
        if state == "dot" and re.match(rb"2\d\d( |$)", last):
            self.accepted = True
        self.connection.write(reply)

    def answer(self, states, good):
        """The reply of a state: good, or what the fault makes of it."""
        states = states.split()
        for state in states:
            if state in self.faults:
                self.connection.cut = self.cut
                self.faults[state](self, good)
                self.connection.cut = smtpserver.cut_whole
                if self.connection.ended:
                    raise smtpserver.Closed("by the fault")
                return
        self.say(good, states[0])

    # --- the dialogue

    def serve(self, connection):
        """Handler for smtpserver.Server."""
        self.connection = connection
        if self.mode == "tls":
            self._handshake()
        if self.coalesced:
            connection.cork()
        self.answer("greeting", b"220 mail.test ESMTP\r\n")
        while True:
            if self.coalesced and not connection.has_line():
                connection.uncork()
            line = connection.read_line()
            if self.coalesced:
                connection.cork()
            self.commands.append(line[:-2])
            words = line.split()
            verb = words[0].upper() if words else b""
            command = self.VERBS.get(verb)
            if command is None:
                self.say(b"500 5.5.2 what?\r\n")
            elif command(self, line[:-2], words[1:]) == "end":
                connection.finish()
                return

    def _handshake(self):
        if "tls_handshake" in self.faults:
            self.faults["tls_handshake"](self, b"")
        else:
            self.start_tls()

    def start_tls(self):
        first = bytes(self.connection.inbox)
        self.connection.inbox.clear()
        self.connection.start_tls(self.context, first)

    def capabilities(self):
        """Lines of the EHLO reply behind the first, without codes."""
        lines = ["PIPELINING"] if self.pipelining else []
        lines += self.extensions
        mechanisms = self.mechanisms
        if self.mode == "starttls" and not self.connection.tls:
            lines.append("STARTTLS")
            mechanisms = self.mechanisms_in_clear
        if mechanisms:
            lines.append("AUTH " + mechanisms)
        return [line.encode() for line in lines]

    def _ehlo(self, *_):
        lines = [b"mail.test"] + self.capabilities()
        states = ("ehlo1" if not self.connection.tls else
                  "ehlo2 ehlo1" if self.mode == "tls" else "ehlo2")
        self.answer(states, b"".join(
            b"250" + (b"-" if i + 1 < len(lines) else b" ") + line + b"\r\n"
            for i, line in enumerate(lines)))

    def _helo(self, *_):
        self.say(b"250 mail.test\r\n")

    def _starttls(self, *_):
        self.answer("starttls", b"220 2.0.0 go ahead\r\n")
        if "starttls" not in self.refused:
            self.connection.uncork()
            self._handshake()

    def _auth(self, _, words):
        mechanism = words[0].upper().decode("ascii", "replace")
        exchange = {"PLAIN": self._plain, "LOGIN": self._login,
                    "SCRAM-SHA-256": self._scram,
                    "XOAUTH2": self._plain}.get(mechanism)
        if exchange is None:
            self.say(b"504 5.5.4 unknown mechanism\r\n", "auth_start")
        else:
            exchange(words[1] if len(words) > 1 else None)

    def _response(self):
        self.connection.uncork()
        line = self.connection.read_line()[:-2]
        self.commands.append(line)
        return line

    def _plain(self, initial):
        if initial is None:
            self.answer("auth_start", b"334 \r\n")
            self._response()
            self.answer("auth_final", b"235 2.7.0 welcome\r\n")
        else:
            self.answer("auth_start auth_final", b"235 2.7.0 welcome\r\n")

    def _login(self, _):
        self.answer("auth_start", b"334 VXNlcm5hbWU6\r\n")
        self._response()
        self.answer("auth_step", b"334 UGFzc3dvcmQ6\r\n")
        self._response()
        self.answer("auth_final", b"235 2.7.0 welcome\r\n")

    def _scram(self, initial):
        client_first = base64.b64decode(initial).split(b",", 2)[2]
        nonce = client_first.split(b"r=")[1] + NONCE.encode()
        server_first = b"r=%s,s=%s,i=%d" % (
            nonce, encoded(SALT), self.iterations)
        self.answer("auth_start", b"334 %s\r\n" % encoded(server_first))
        final = base64.b64decode(self._response())
        message = b",".join([client_first, server_first,
                             final.rsplit(b",p=", 1)[0]])
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT,
                                     min(self.iterations, 10000))
        key = hmac.digest(salted, b"Server Key", "sha256")
        if not self.signature:
            key = b"of somebody else"
        proof = hmac.digest(key, message, "sha256")
        self.answer("auth_step", b"334 %s\r\n" % encoded(
            b"v=" + encoded(proof)))
        self._response()
        self.answer("auth_final", b"235 2.7.0 welcome\r\n")

    def _mail(self, *_):
        refused = {"auth_start", "auth_step", "auth_final"} & self.refused
        self.answer("mail", b"530 5.7.0 authentication required\r\n"
                    if refused else b"250 2.1.0 ok\r\n")

    def _rcpt(self, line, _):
        before = "rcpt" in self.refused
        self.refused.discard("rcpt")
        self.answer("rcpt", b"503 5.5.1 need MAIL\r\n"
                    if "mail" in self.refused else b"250 2.1.5 ok\r\n")
        if "rcpt" not in self.refused:
            self.recipients.append(line.split(b":", 1)[1])
        if before:
            self.refused.add("rcpt")

    def _data(self, *_):
        self.answer("data", b"354 go\r\n" if self.recipients
                    else b"503 5.5.1 need RCPT\r\n")
        if "data" in self.refused or not self.recipients:
            return
        self.connection.uncork()
        if "body" in self.faults:
            self.faults["body"](self, b"")
        self.content = self.connection.read_content()
        if self.coalesced:
            self.connection.cork()
        self.answer("dot", b"250 2.0.0 queued as 1\r\n")

    def _rset(self, *_):
        self.refused -= {"mail", "rcpt", "data"}
        self.recipients.clear()
        self.say(b"250 2.0.0 ok\r\n")

    def _quit(self, *_):
        self.answer("quit", b"221 2.0.0 bye\r\n")
        return "end"

    VERBS = {b"EHLO": _ehlo, b"HELO": _helo, b"STARTTLS": _starttls,
             b"AUTH": _auth, b"MAIL": _mail, b"RCPT": _rcpt, b"DATA": _data,
             b"RSET": _rset, b"QUIT": _quit}
