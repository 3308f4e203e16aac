#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What -bs answers: to commands out of order or out of grammar, and to the
dot, where every reply is the smarthost's own."""

import contextlib
import re
import sys

# pylint: disable=wrong-import-position
from dialogue import CONTENT, Client, Recorder, differs, wire
import smtpserver
from tap import Tap

MAIL = "MAIL FROM:<sender@example.com>"
RCPT = "RCPT TO:<ann@example.org>"


def path(octets):
    """A valid address of so many octets."""
    return "a@" + 4 * ("x" * 49 + ".") + (octets - 202) * "y"


# Dialogues before any content: a command, how its reply begins.
DIALOGUES = {
    "commands out of order are 503": [
        ("MAIL FROM:<a@b.example>", "503"), ("RCPT TO:<a@b.example>", "503"),
        ("DATA", "503"), ("HELO me", "250"), ("RCPT TO:<a@b.example>", "503"),
        ("DATA", "503"), (MAIL, "250"), (MAIL, "503"), ("DATA", "554"),
        ("RSET", "250"), ("DATA", "503"), (MAIL, "250"), (RCPT, "250"),
        ("EHLO me", "250"), (RCPT, "503"), (MAIL, "250"), ("HELO me", "250"),
        ("DATA", "503")],
    "RSET and NOOP are welcome at any time": [
        ("RSET", "250"), ("NOOP", "250"), ("NOOP with words", "250"),
        ("VRFY ann", "252"), ("QUIT", "221")],
    "verbs count in any case": [
        ("helo me", "250"), ("Mail From:<a@b.example>", "250"),
        ("rcpt to:<a@b.example>", "250"), ("rset", "250"), ("quit", "221")],
    "unknown commands are 502": [
        ("HELP", "502"), ("", "502"), ("EXPN x", "502"), ("AUTH PLAIN", "502"),
        ("STARTTLS", "502"), ("MAILFROM:<a@b.example>", "502")],
    "parameters are understood": [
        ("EHLO me", "250"),
        (MAIL + " SIZE=1000 BODY=8BITMIME RET=full ENVID=a+2Bb SMTPUTF8 "
         "AUTH=<>", "250"),
        (RCPT + " NOTIFY=success,DELAY ORCPT=rfc822;ann+2Bx@example.org",
         "250"),
        (RCPT + "  notify=never ", "250")],
    "unknown parameters are 555": [
        ("EHLO me", "250"), (MAIL + " FOO=1", "555"), (MAIL + " FOO", "555"),
        (MAIL + " NOTIFY=NEVER", "555"), (MAIL + " =", "555"), (MAIL, "250"),
        (RCPT + " SIZE=1", "555"), ("DATA", "554")],
    "bad parameters are 501": [
        ("EHLO me", "250"), *((f"{MAIL} {word}", "501") for word in (
            "SIZE=x", "SIZE", "SIZE=99999999999999999999", "BODY=BINARYMIME",
            "BODY", "RET=ALL", "RET=FULL RET=FULL", "SMTPUTF8=1", "ENVID=",
            "ENVID=+0", "ENVID=+0A", "ENVID==", "ENVID=" + "x" * 101,
            "AUTH", "AUTH=+")),
        ("MAIL FROM:<a@b.example>SIZE=1", "501"), (MAIL, "250"),
        *((f"{RCPT} {word}", "501") for word in (
            "NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=DELAY,", "NOTIFY",
            "NOTIFY=NEVER NOTIFY=NEVER", "ORCPT=ann", "ORCPT=;x",
            "ORCPT=rfc822;", "ORCPT=rfc822;a=b",
            "ORCPT=rfc822;" + "x" * 500))],
    "paths are checked": [
        ("HELO me", "250"), *((line, "501") for line in (
            "MAIL", "MAIL FROM:", "MAIL TO:<a@b.example>",
            "MAIL FROM:<a@b.example", "MAIL FROM:<a@b.example,c@d.example>",
            "MAIL FROM:<Ann <a@b.example>>")),
        ("MAIL FROM:<>", "250"), *((line, "501") for line in (
            "RCPT TO:<>", "RCPT TO:", "RCPT FROM:<a@b.example>",
            "RCPT TO:<a@b.example,c@d.example>", "RCPT TO:<all:a@b.example;>",
            "RCPT TO:a@b.example,c@d.example")),
        ("RCPT TO:a@b.example", "250"), ("RCPT TO: <a@b.example>", "250"),
        ("RCPT TO:<@relay.example,@x.example:a@b.example>", "250"),
        ('RCPT TO:<"a b"@c.example>', "250"), ("RCPT TO:<postmaster>", "250"),
        ("RSET", "250"), ('MAIL FROM:<"a>b"@c.example>', "250")],
    "paths have a limit": [
        ("HELO me", "250"), (f"MAIL FROM:<{path(255)}>", "501 5.1.7"),
        (f"MAIL FROM:{path(255)}", "501 5.1.7"),
        ("MAIL FROM:<a@b.example (" + "x" * 4000 + ")>", "501 5.1.7"),
        (f"MAIL FROM:<{path(254)}>", "250"),
        (f"RCPT TO:<{path(255)}>", "501 5.1.3"),
        (f"RCPT TO:{path(255)}", "501 5.1.3"),
        ("RCPT TO:<" + "x" * 4000 + "@b.example>", "501 5.1.3"),
        ("RCPT TO:<" + "x" * 255 + ">", "501 5.1.3"),
        (f"RCPT TO:<{path(254)}>", "250"), (f"RCPT TO:{path(254)}", "250")],
    "a recipient that no message can have is refused by itself": [
        ("HELO me", "250"), (MAIL, "250"), *((line, "501 5.1.3") for line in (
            "RCPT TO:<" + "x" * 65 + "@b.example>",
            "RCPT TO:<a@" + "x" * 64 + ".example>", "RCPT TO:<a@b&c.example>",
            'RCPT TO:<"a>b"@c.example>')),
        ("RCPT TO:<" + "x" * 64 + "@b.example>", "250"),
        ("RCPT TO:<a@b.example.>", "250"), ("RCPT TO:<a@[192.0.2.1]>", "250"),
        ("RCPT TO:<\u00e9@b\u00fccher.example>", "250")],
    "an oversized line is 500, and the next one counts": [
        ("NOOP " + "x" * 4092, "500"), ("HELO me", "250"),
        ("RCPT TO:<" + "x" * 300000 + ">", "500"), (MAIL, "250"),
        ("NOOP " + "x" * 4091, "250")],
    "NUL in a command is 500": [
        ("HELO me\0", "500"), ("MAIL FROM:<a@b.example>", "503")],
    "words that resemble an HTTP request are a command": [
        ("POST / HTTP/1.", "502"), ("POST / HTTP/a.1", "502"),
        ("POST /HTTP/1.1", "502"), ("HTTP/1.1", "502"),
        ("HELO HTTP/1.1.example", "250"),
        ("NOOP " + "x" * 5000 + " HTTP/1.1 x", "500"), ("NOOP", "250")],
    "content of a refused DATA is not taken for commands": [
        ("HELO me", "250"), (MAIL, "250"), ("DATA", "554"),
        ("From: me", "421")],
}


def dialogue(steps):
    smarthost = Recorder()
    with Client(smarthost) as client:
        yield from differs("greeting", client.reply()[:4], "220 ")
        for line, wanted in steps:
            reply = client.say(line)
            if not reply.startswith(wanted):
                yield f"{line[:200]!r}: {reply!r}, not {wanted}"
        yield from client.faults()
        yield from differs("messages", smarthost.messages, [])


# Lines after which no other one is a command.
HTTP = (
    b"POST / HTTP/1.1\r\n", b"GET /x HTTP/1.0\r\n", b"put / http/1.1 \n",
    b"HELO me\r\n" + MAIL.encode() + b"\r\nNOOP / HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n", b"POST /\0 HTTP/1.1\r\n",
    # Parts of a long line end everywhere, also within its line end.
    *(b"POST /" + b"x" * n + b" HTTP/1.1\r\n"
      for n in [*range(4076, 4097), 16370, 65520, 300000]),
)


def http(octets):
    """The client of another protocol says nothing to this one."""
    smarthost = Recorder()
    with Client(smarthost) as client:
        with contextlib.suppress(BrokenPipeError):
            client.send(octets + b"Host: me\r\n\r\n" + wire([
                b"HELO me", MAIL.encode(), RCPT.encode(), b"DATA", *CONTENT,
                b".", b"QUIT"]))
        client.finish()
        last = client.result.stdout.splitlines()[-1]
        yield from differs("last reply", last[:9], b"421 4.7.0")
        yield from differs("status", client.result.status, 0)
        yield from differs("messages", smarthost.messages, [])


def says(state, reply):
    def act(smarthost):
        smarthost.faults[state] = lambda host, _: host.say(reply, state)
    return act


def hangs_up(state):
    def act(smarthost):
        smarthost.faults[state] = lambda host, _: host.connection.truncate()
    return act


# What the smarthost does, and what the client must hear.
VERDICTS = {
    "a queue id is passed on to the letter": (
        says("dot", b"250 Ok: queued as 4XyZ\r\n"),
        r"250 Ok: queued as 4XyZ"),
    "a bare 250 gets its blank": (says("dot", b"250\r\n"), r"250 "),
    "a reply of several lines becomes one": (
        says("dot", b"250-2.0.0 first\r\n250 2.0.0 id 7\r\n"),
        r"250 2\.0\.0 first / .*id 7"),
    "451 to the message": (says("dot", b"451 4.3.0 later\r\n"),
                           r"451 4\.3\.0 later"),
    "554 to the message": (says("dot", b"554 5.7.1 spam\r\n"),
                           r"554 5\.7\.1 spam"),
    "552 to the message": (says("dot", b"552 5.2.2 full\r\n"),
                           r"552 5\.2\.2 full"),
    "421 to the message is 451: we stay": (
        says("dot", b"421 4.3.2 going down\r\n"), r"451 .*going down"),
    "a recipient refused for good": (
        says("rcpt", b"550 5.1.1 no such user\r\n"),
        r"550 5\.1\.1 .*ann@example\.org.*no such user"),
    "a recipient refused for now": (
        says("rcpt", b"450 4.2.1 grey\r\n"), r"450 4\.2\.1 .*grey"),
    "a refused sender": (says("mail", b"553 5.1.8 who?\r\n"),
                         r"553 5\.1\.8 who\?"),
    "a sender refused for now": (says("mail", b"452 4.3.1 disk\r\n"),
                                 r"452 4\.3\.1 disk"),
    "DATA refused": (says("data", b"554 5.3.0 no\r\n"), r"554 5\.3\.0 no"),
    "a greeting of 554": (says("greeting", b"554 5.7.1 go away\r\n"),
                          r"5\d\d 5.*go away"),
    "connection lost after the dot": (
        hangs_up("dot"), r"451 4\.4\.2 .*may have been accepted.*"),
    "connection lost before the content": (hangs_up("data"), r"451 4\..*"),
    "nonsense after the dot": (
        says("dot", b"hello\r\n"), r"451 4\.4\.2 .*may have been accepted.*"),
}


def verdict(act, wanted):
    """The reply to the dot, and that the dialogue goes on after it."""
    smarthost = Recorder()
    act(smarthost)
    with Client(smarthost) as client:
        client.reply()
        client.say("HELO me")
        yield from client.envelope()
        reply = client.content()
        if not re.fullmatch(wanted, reply):
            yield f"{reply!r} does not fit {wanted}"
        smarthost.faults.clear()
        smarthost.messages.clear()
        yield from client.envelope()
        yield from differs("next message", client.content(),
                           "250 2.0.0 queued as 1")
        yield from differs("QUIT", client.say("QUIT")[:3], "221")
        yield from client.faults()
        yield from differs("messages", len(smarthost.messages), 1)


def local_trouble(config, wanted):
    """What is wrong on our side is for now: the message stays the client's."""
    smarthost = Recorder()
    with Client(smarthost) as client:
        client.run.write_config(config)
        client.reply()
        client.say("HELO me")
        yield from client.envelope()
        reply = client.content()
        if not re.fullmatch(wanted, reply):
            yield f"{reply!r} does not fit {wanted}"
        client.say("QUIT")
        yield from client.faults()


def partial():
    """Some have it: said again, they would have it twice."""
    smarthost = Recorder()
    smarthost.faults["rcpt"] = lambda host, good: host.say(
        b"550 5.1.1 none\r\n" if b"bad@" in host.commands[-1] else good,
        "rcpt")
    with Client(smarthost, config=["partial_delivery on"]) as client:
        client.reply()
        client.say("HELO me")
        client.envelope(recipients=["bad@example.org", "ann@example.org"])
        reply = client.content()
        if not re.fullmatch(r"554 .*bad@example\.org.*", reply):
            yield f"reply {reply!r}"
        client.say("QUIT")
        yield from client.faults()
        yield from differs("messages", len(smarthost.messages), 1)


def new_session(farewell):
    """A smarthost that hangs up between messages costs nothing."""
    smarthost = Recorder()
    smarthost.drop_after = 1
    smarthost.farewell = farewell
    with Client(smarthost) as client:
        client.reply()
        client.say("HELO me")
        for _ in range(3):
            client.envelope()
            yield from differs("reply", client.content()[:3], "250")
        client.say("QUIT")
        yield from client.faults()
        yield from differs("messages", len(smarthost.messages), 3)
        yield from differs("connections", smarthost.connections, 2)


def edited(before, after, connections):
    """The file is read for each message, and the session is that of the
    account as it is now."""
    first, second = Recorder(), Recorder()
    other = smtpserver.Server(second.serve)
    with Client(first) as client:
        ports = {"first": client.server.port, "second": other.port}
        client.reply()
        client.say("HELO me")
        for lines in (before, after):
            client.run.write_config(["account default", "host 127.0.0.1",
                                     "tls off", lines.format(**ports)])
            client.envelope()
            yield from differs("reply", client.content()[:3], "250")
        client.say("QUIT")
        yield from client.faults()
    other.stop()
    yield from differs("connections",
                       (first.connections, second.connections), connections)
    yield from differs("messages", len(first.messages + second.messages), 2)


# The account before and after the first message; connections to each host.
EDITS = {
    "a comment": ("auth off\nport {first}", "# new\nauth off\nport {first}",
                  (1, 0)),
    "the port": ("auth off\nport {first}", "auth off\nport {second}", (1, 1)),
    "the password": ("port {first}\nauth plain\nuser me\npassword old",
                     "port {first}\nauth plain\nuser me\npassword new",
                     (2, 0)),
    "partial_delivery": ("auth off\nport {first}",
                         "auth off\nport {first}\npartial_delivery on",
                         (2, 0)),
}


def unfinished(octets):
    """The end of input without QUIT: nothing is sent, nothing complained."""
    smarthost = Recorder()
    with Client(smarthost) as client:
        client.send(octets)
        client.finish()
        yield from differs("status", client.result.status, 0)
        yield from differs("stderr", client.result.stderr, b"")
        yield from differs("connections", smarthost.connections, 0)


def content(lines, wanted, reply="250"):
    smarthost = Recorder()
    with Client(smarthost) as client:
        client.reply()
        client.say("HELO me")
        client.envelope()
        yield from differs("reply", client.content(lines)[:3], reply)
        client.say("QUIT")
        yield from client.faults()
        yield from differs(
            "content", [octets for _, _, octets in smarthost.messages],
            wanted)


def long_line():
    """It is re-encoded, not held in memory, and no dot within it ends."""
    line = b"x" * 65535 + b"." + b"y" * 5000000
    smarthost = Recorder()
    with Client(smarthost) as client:
        client.reply()
        client.say("HELO me")
        client.envelope()
        yield from differs("reply", client.content(CONTENT[:-1] + [line])[:3],
                           "250")
        client.say("QUIT")
        yield from client.faults()
        body = smarthost.messages[0][2].split(b"\r\n\r\n", 1)[1]
        yield from differs("long line", body.replace(b"=\r\n", b""),
                           line + b"\r\n")


def main():
    head = wire([b"HELO me", MAIL.encode(), RCPT.encode()])
    tap = Tap()
    for name, steps in DIALOGUES.items():
        tap.run(name, dialogue, steps)
    for octets in HTTP:
        tap.run(f"an HTTP request ends the session: {octets[:32]!r}, "
                f"{len(octets)} octets", http, octets)
    for name, (act, wanted) in VERDICTS.items():
        tap.run(name, verdict, act, wanted)
    tap.run("nobody listens: for now", local_trouble,
            ["account default", "host 127.0.0.1", "port 1", "tls off"],
            r"451 4\..*")
    tap.run("a config file that cannot be read: for now", local_trouble,
            ["no such key", "nor this one"], r"451 4\.3\.5 .*")
    tap.run("accepted for some recipients only: for good", partial)
    tap.run("a smarthost that hung up between messages", new_session, b"")
    tap.run("a smarthost that said 421 between messages", new_session,
            b"421 4.4.2 idle for too long\r\n")
    for name, edit in EDITS.items():
        tap.run(f"an edit between messages: {name}", edited, *edit)
    for name, octets in (("a word", b"HELO me\r\nMAIL FR"),
                         ("commands", head), ("DATA", head + b"DATA\r\n"),
                         ("content", head + b"DATA\r\nSubject: x\r\n\r\nx\r\n"),
                         ("a dot without its line end",
                          head + b"DATA\r\nSubject: x\r\n\r\nx\r\n.")):
        tap.run(f"the end of input after {name} sends nothing", unfinished,
                octets)
    tap.run("dots are unstuffed once", content,
            CONTENT + [b".", b"..", b".x"],
            [wire(CONTENT + [b".", b"..", b".x"])])
    tap.run("NUL in the body goes through", content, CONTENT + [b"a\0b"],
            [wire(CONTENT + [b"a\0b"])])
    tap.run("NUL in the header is refused", content,
            [b"Subject: a\0b", b"", b"x"], [], "554")
    tap.run("a line of five million octets", long_line)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
