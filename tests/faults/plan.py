# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the fault matrix, and the register of what spoils it.

A generator is found by the name in the CSV's column "fault" and serves every
state that has such a row. Reply faults run in four segmentations; others
once. A generator may have variants, each of which is a run of its own.
"""

import functools
import re

import certs
import smarthost

TIMEOUT = "2"          # seconds, where the server lets the client wait
LINE_MAX = 12288 + 4   # octets of a reply line that must be taken
CODES = {"greeting": b"220", "ehlo1": b"250", "ehlo2": b"250",
         "starttls": b"220", "auth_start": b"334", "auth_step": b"334",
         "auth_final": b"235", "mail": b"250", "rcpt": b"250",
         "data": b"354", "dot": b"250", "quit": b"221"}
HEAD = (b"From: me@example.org\nTo: you@example.net\n"
        b"Date: Mon, 23 Nov 2026 09:00:00 +0000\n"
        b"Message-ID: <1@example.org>\n")
MESSAGE = HEAD + b"Subject: hello\n\nworld\n.dot\n"

# Faults whose runs move so much that no clock of another run is safe.
HEAVY = ("stdin_huge", "stdin_line_1g", "ten_thousand_recipients")


class Plan:
    """One run: what to start, what the server does, what must come of it."""

    def __init__(self, row, mode, authority):
        self.row = row
        self.mode = mode
        self.authority = authority
        self.variant = None
        self.host = smarthost.Smarthost(mode)
        self.arguments = ["-f", "me@example.org"]
        self.recipients = ["you@example.net"]
        self.stdin = MESSAGE        # octets, or a path to open
        self.content = None         # what must arrive if not stdin
        self.config = {
            "account": "default", "host": "127.0.0.1",
            "tls": "off" if mode == "plain" else "on",
            "auth": "plain", "user": smarthost.USER,
            "password": smarthost.PASSWORD}
        if mode != "plain":
            self.config.update(
                tls_starttls="on" if mode == "starttls" else "off",
                tls_trust_file=authority.root, tls_host_override=certs.NAME)
        self.environment = {}
        self.certificate = "good"
        self.exit = int(row["exit"])
        self.stderr = []            # regular expressions, besides the row's
        self.words = True           # ask for the row's words?
        self.seconds = 8.0          # that the run may take, machine busy
        self.partial = False        # some recipients may have got it
        self.process = None         # onehop.Run, once it is under way
        self.before = []            # calls with self before the start
        self.after = []             # calls that return None or a complaint
        self.parallel = 1
        self.port = None            # of something else than the server

    @property
    def code(self):
        """The code of an honest reply in this state."""
        if self.row["state"] == "auth_start" and self.initial():
            return b"235"
        return CODES[self.row["state"]]

    def initial(self):
        """Does AUTH carry all that the server wants to know?"""
        return self.config["auth"] == "plain"

    def at(self, action, state=None):
        self.host.faults[state or self.row["state"]] = action

    def reply(self, text, state=None):
        """In this state the server says text and goes on."""
        state = state or self.row["state"]
        self.at(lambda host, good: host.say(text, state), state)

    def words_in(self, words):
        """In this state the honest reply has these words in it."""
        def action(host, good):
            if self.row["state"].startswith("ehlo"):
                first, rest = good.split(b"\r\n", 1)
                lines = [b"250-" + words, b"250-X " + words] + [
                    b"250-" + line[4:] for line in rest.split(b"\r\n")[:-1]]
                lines.append(b"250 " + words)
                host.say(b"\r\n".join(lines) + b"\r\n")
            else:
                host.say(self.code + b" " + words + b"\r\n",
                         self.row["state"])
        self.at(action)


FAULTS = {}


def fault(*names, variants=(None,), segmented=False):
    """Registers the generator of the faults with these names."""
    def register(function):
        for name in names:
            FAULTS[name] = (function, variants, segmented)
        return function
    return register


reply_fault = functools.partial(fault, segmented=True)


def wire(text):
    """The text as it must cross the wire: LF and the CRs before it end a
    line, another CR is a blank."""
    text = re.sub(rb"\r*\n", b"\n", text).replace(b"\r", b" ")
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text.replace(b"\n", b"\r\n")
