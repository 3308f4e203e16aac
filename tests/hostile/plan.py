# SPDX-License-Identifier: GPL-3.0-or-later
"""What a round is made of, by chance from a seed: the scene, and what the
server does to its replies."""

import base64
import random
import ssl

import smtpserver

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
# Those that need a binding are offered in TLS only.
MECHANISMS = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256",
              "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "OAUTHBEARER",
              "XOAUTH2", "CRAM-MD5", "DIGEST-MD5", "NTLM", "EXTERNAL")
MODES = ("send",) * 6 + ("outbox", "outbox", "flush", "flush", "serverinfo")
OFFERS = ("PIPELINING", "8BITMIME", "SIZE 104857600", "CHUNKING",
          "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "LIMITS MAILMAX=3",
          "LIMITS RCPTMAX=1", "ETRN")
STATES = ("greeting", "ehlo", "mail", "rcpt", "rcpt", "data", "data", "body",
          "dot", "dot", "dot", "dot", "quit", "other")

CODES = (b"000", b"100", b"200", b"220", b"221", b"235", b"250", b"250",
         b"251", b"252", b"299", b"334", b"354", b"354", b"421", b"450",
         b"451", b"452", b"500", b"501", b"502", b"503", b"530", b"535",
         b"550", b"552", b"554", b"600", b"999")
EXTRA = (b"250 2.0.0 queued as 9X\r\n", b"250 ok\r\n", b"354 go\r\n",
         b"220 hello\r\n", b"421 4.3.2 closing\r\n", b"235 2.7.0 ok\r\n",
         b"554 5.7.1 no\r\n", b"334 \r\n", b"250-", b"2", b"\r\n", b"\0",
         b"HTTP/1.1 200 OK\r\n\r\n", b"250 EHLO\r\n250 MAIL\r\n")
OCTETS = (b"\0", b"\r", b"\n", b"\x1b[2J", b"\x80\xff", b"\xc2\x9b31m",
          b"\xe2\x80\xae", b"\x7f", b"\b\b\b", b"\t", b"%n%s", b"\xf0\x9f")
KEYWORDS = (b"PIPELINING", b"SIZE 1", b"SIZE 99999999999999999999", b"SIZE -1",
            b"AUTH", b"AUTH =", b"AUTH PLAIN LOGIN", b"STARTTLS", b"CHUNKING",
            b"LIMITS MAILMAX=0 RCPTMAX=0", b"LIMITS MAILMAX=1", b"XYZZY",
            b"BINARYMIME", b"REQUIRETLS", b"FUTURERELEASE 0 x")
RECORDS = (b"\x15\x03\x03\x00\x02\x01\x5a", b"\x15\x03\x03\x00\x02\x01\x00",
           b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x00",
           b"\x17\x03\x03\xff\xff" + bytes(99), b"\x16\x03\x03\x00\x04" +
           bytes(4), b"\x14\x03\x03\x00\x01\x01", b"\x17\x03\x03\x00\x30" +
           b"\x17" * 48, b"\x80\x2e\x01\x00\x02", b"250 2.0.0 in clear\r\n")


class Scene:
    """What is set up, before anything is broken."""

    def __init__(self, chance):
        self.mode = chance.choice(MODES)
        self.tls = chance.choice((None, None, "starttls", "tls"))
        self.version = chance.choice(VERSIONS)
        self.lmtp = chance.random() < 0.15
        self.mechanism = self._mechanism(chance)
        self.offers = [x for x in OFFERS if chance.random() < (
            0.15 if x.startswith("LIMITS") else 0.5)]
        self.partial = chance.random() < 0.4
        self.chunking = chance.random() < 0.4
        self.trace = chance.random() < 0.3
        self.recipients = [f"you{i}@example.net"
                           for i in range(chance.choice((1, 1, 2, 3)))]
        self.messages = chance.choice((2, 3)) if self.mode == "flush" else 1
        self.sizes = [chance.choice((0, 5, 5, 5, 3000, 65536, 400000))
                      for _ in range(self.messages)]

    def _mechanism(self, chance):
        if self.lmtp or chance.random() < 0.4:
            return None
        name = chance.choice(MECHANISMS)
        return None if name.endswith("PLUS") and not self.tls else name

    def __str__(self):
        return ", ".join(f"{name} {value}" for name, value in
                         vars(self).items() if value not in (None, False))


class Plan:
    """The breaks of a round; mutate() is what a Peer calls."""

    def __init__(self, seed, number):
        self.seed = f"{seed}:{number}"
        self.chance = random.Random(self.seed)
        self.scene = Scene(self.chance)
        self.breaks = {}        # (state, how many of it before): steps
        self.seen = {}
        self.notes = []         # what was done, in words
        self.held = b""
        self.honest = False     # from now on
        for _ in range(self.chance.choice((0, 1, 1, 1, 2, 3))):
            self.add_break()

    def add_break(self):
        states = list(STATES)
        if self.scene.mechanism:
            states += ["auth"] * 4
        if self.scene.tls:
            states += ["handshake"] * 2
        if self.scene.tls == "starttls":
            states += ["starttls"] * 2
        state = self.chance.choice(states)
        nth = self.chance.choice((0, 0, 0, 0, 0, 0, 1, 1, 2))
        steps = self.breaks.setdefault((state, nth), [])
        steps.append(self.chance.choice(list(BREAKS)))

    def mutate(self, state, good, line):
        nth = self.seen.get(state, 0)
        self.seen[state] = nth + 1
        # whatever came before, chance is the same here
        self.chance = random.Random(f"{self.seed}:{state}:{nth}")
        steps = [] if self.honest else self.breaks.get((state, nth), [])
        if state == "handshake":
            return self.spoil() if steps else None
        actions = [("write", good)] if good else []
        if self.held and good:
            actions.append(("write", self.held))
            self.held = b""
        for step in steps:
            self.notes.append(f"{state} {nth + 1}: {step}")
            actions = BREAKS[step](self, actions, good or b"250 ok\r\n", line)
        return actions

    def spoil(self):
        """(the octet of the handshake from which on it goes wrong, how)"""
        what = self.chance.choice(("flip", "stall", "bytewise", "reset", "end",
                                   *RECORDS))
        where = self.chance.choice((0, 3, 5, 50, 120, 500,
                                    self.chance.randrange(3000)))
        self.notes.append(f"handshake, octet {where}: {what!r}")
        return where, what


# Each: (plan, actions so far, the good reply, the client's last line).

def cut(plan, actions, good, _):
    end = plan.chance.choice(("fin", "close", "reset", "stall"))
    return [("write", good[:plan.chance.randrange(len(good) + 1)]), (end,)]


def end(plan, actions, *_):
    return actions + [(plan.chance.choice(("fin", "close", "reset")),)]


def repeat(plan, actions, *_):
    return actions * plan.chance.choice((2, 2, 3, 1000))


def hold(plan, actions, good, _):
    """This reply comes after the next one."""
    plan.held += good
    return [x for x in actions if x != ("write", good)]


def split(plan, actions, *_):
    how = plan.chance.choice((smtpserver.cut_bytewise,
                              smtpserver.cut_at_crlf))
    return [("cut", x[1], how) if x[0] == "write" else x for x in actions]


def code(plan, actions, good, _):
    other = plan.chance.choice(CODES)
    lines = good.splitlines(True)
    if plan.chance.random() < 0.8:
        lines = [other + line[3:] for line in lines]
    else:
        lines[-1] = other + lines[-1][3:]
    return [("write", b"".join(lines))]


def more(plan, actions, *_):
    extra = plan.chance.choice(EXTRA)
    if plan.chance.random() < 0.3:
        return [("write", extra)] + actions
    if actions and actions[-1][0] == "write" and plan.chance.random() < 0.7:
        return actions[:-1] + [("write", actions[-1][1] + extra)]
    return actions + [("pause", 0.02), ("write", extra)]


def long_line(plan, actions, good, _):
    size = plan.chance.choice((500, 998, 2048, 12280, 12292, 12293, 65536,
                               300000))
    filler = plan.chance.choice((b"x", b"\xff", b"QUJD", b"- ", b"\0"))
    return [("write", good.rstrip(b"\r\n") + (filler * size)[:size]
             + b"\r\n")]


def many_lines(plan, actions, good, _):
    count = plan.chance.choice((2, 40, 511, 512, 513, 3000))
    head = good[:3] if good[:3].isdigit() else b"250"
    return [("write", (head + b"-more\r\n") * count)] + actions


def octets(plan, actions, good, _):
    where = plan.chance.randrange(len(good) + 1)
    return [("write", good[:where] + plan.chance.choice(OCTETS)
             + good[where:])]


def flip(plan, actions, good, _):
    data = bytearray(good)
    for _ in range(plan.chance.choice((1, 1, 2, 5))):
        data[plan.chance.randrange(len(data))] = plan.chance.randrange(256)
    return [("write", bytes(data))]


def ends(plan, actions, good, _):
    """Other ends of the line, and no text at all."""
    return [("write", plan.chance.choice((
        good.replace(b"\r\n", b"\n"), good.replace(b"\r\n", b"\r"),
        good[:3] + b"\r\n", good[:3] + b" \r\n", good[:3] + b"-\r\n",
        good[:3] + b"x\r\n", good[:2] + b"\r\n", b"\r\n" + good,
        good.rstrip(b"\r\n"))))]


def early(plan, actions, *_):
    """The answer to what is still to come."""
    return actions + [("pause", plan.chance.choice((0, 0.001, 0.01))),
                      ("write", plan.chance.choice(EXTRA[:7]))]


def drop(*_):
    return []


def stall(plan, actions, *_):
    return [("stall",)] if plan.chance.random() < 0.5 else \
        actions + [("stall",)]


def slow(plan, actions, *_):
    return [("pause", plan.chance.choice((0.01, 0.1, 1)))] + actions


def flood(plan, actions, good, _):
    data = plan.chance.choice((good[:3] + b"-x\r\n", b"2", b"250 ok\r\n",
                               b"\r\n", b"\0", good))
    if plan.chance.random() < 0.5:
        return actions + [("flood", data, 0.05)]
    return actions + [("flood", data * 200, 0)]


def raw(plan, actions, *_):
    record = ("raw", plan.chance.choice(RECORDS))
    return [record] + actions if plan.chance.random() < 0.6 else \
        actions + [record]


def spoilt(_, actions, good, __):
    return [("spoilt", good)]


def alert(plan, actions, *_):
    return [("alert",)] if plan.chance.random() < 0.5 else \
        actions + [("alert",)]


def renew(plan, actions, *_):
    """Tickets and key updates, some or without end."""
    kind = plan.chance.choice(("tickets", "keys"))
    count, pause = plan.chance.choice(((1, 0), (20, 0), (-1, 0.02)))
    return [(kind, count, pause)] + actions


def echo(plan, actions, good, line):
    """What the client said, as it is and decoded."""
    data = line
    if plan.chance.random() < 0.5:
        try:
            data = base64.b64decode(line.split(b" ")[-1])
        except ValueError:
            pass
    data = data.replace(b"\r", b"").replace(b"\n", b"")
    if plan.chance.random() < 0.25:
        return [("write", b"334 " + base64.b64encode(data) + b"\r\n")]
    head = plan.chance.choice((b"535 5.7.8 ", b"454 4.7.0 ", b"334 ",
                               b"554 ", good[:4]))
    return [("write", head + data + b"\r\n")]


def keywords(plan, actions, good, _):
    """Offers that are odd, also where none are due."""
    chosen = plan.chance.choices(KEYWORDS, k=plan.chance.choice((1, 2, 9)))
    return [("write", b"".join(good[:3] + b"-" + x + b"\r\n" for x in
                               [b"mail.test"] + chosen)
             + good[:3] + b" HELP\r\n")]


def challenge(plan, actions, *_):
    """A challenge, wherever it comes."""
    size = plan.chance.choice((0, 1, 20, 2000))
    data = plan.chance.choice((
        b"r=x,s=QUJD,i=4096", b"r=,s=,i=0", b"r=x,s=QUJD,i=99999999",
        b"v=QUJD", b"e=other-error", b"realm=\"\",nonce=\"", b"NTLMSSP\0",
        b"NTLMSSP\0\2\0\0\0" + b"\xff" * 40, plan.chance.randbytes(size)))
    return [("write", b"334 " + base64.b64encode(data) + b"\r\n")] * \
        plan.chance.choice((1, 1, 50))


BREAKS = {step.__name__: step for step in (
    cut, end, repeat, hold, split, code, more, long_line, many_lines,
    octets, flip, ends, early, drop, stall, slow, flood, raw, spoilt, alert,
    renew, echo, keywords, challenge)}
