#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of -bs as they are: each in its own words, and what must reach the
smarthost."""

import os
import re
import subprocess
import sys

# pylint: disable=wrong-import-position
from dialogue import (CONTENT, SECONDS, Client, Recorder, differs, wire)
from onehop import sanitizer_options
from tap import Tap

ENVELOPE = (b"<sender@example.com>",
            [b"<ann@example.org>", b"<bcc@example.net>"])


class Forgetful(Recorder):
    """Keeps no message."""

    def answer(self, states, good):
        super().answer(states, good)
        self.messages.clear()
        self.commands.clear()


def faults_of_messages(smarthost, wanted):
    """wanted: (sender, recipients, content); parameters are not compared."""
    got = [(sender.split()[0], [to.split()[0] for to in recipients], content)
           for sender, recipients, content in smarthost.messages]
    yield from differs("messages", got, wanted)


def symfony():
    """SmtpTransport over SendmailTransport: HELO, never EHLO; NOOP before a
    message that follows an idle while."""
    content = CONTENT + [b".", b"end", b""]
    with Client(Recorder()) as client:
        replies = [client.reply(), client.say("HELO [127.0.0.1]")]
        for _ in range(3):
            replies += [
                client.say("MAIL FROM:<sender@example.com>"),
                client.say("RCPT TO:<ann@example.org>"),
                client.say("RCPT TO:<bcc@example.net>"),
                client.say("DATA")]
            replies += [client.content(content), client.say("NOOP")]
        replies.append(client.say("QUIT"))
        yield from client.faults()
        yield from differs(
            "codes", [int(reply[:3]) for reply in replies],
            [220, 250] + 3 * [250, 250, 250, 354, 250, 250] + [221])
        yield from differs("reply to the dot", replies[6],
                           "250 2.0.0 queued as 1")
        yield from faults_of_messages(
            client.smarthost, 3 * [ENVELOPE + (wire(content),)])
        yield from differs("connections", client.smarthost.connections, 1)
        yield from differs(
            "EHLO", sum(line.startswith(b"EHLO")
                        for line in client.smarthost.commands), 1)


def at_once(end):
    """Nothing is waited for; the output is read when all is written."""
    commands = [b"HELO [127.0.0.1]", b"MAIL FROM:<sender@example.com>",
                b"RCPT TO:<ann@example.org>", b"RCPT TO:<bcc@example.net>",
                b"DATA", *CONTENT, b"..", b".", b"QUIT"]
    with Client(Recorder()) as client:
        client.send(b"".join(line + end for line in commands))
        output = client.finish()
        yield from differs(
            "codes", [line[:4] for line in output.split(b"\r\n")[:-1]],
            [b"220 ", b"250 ", b"250 ", b"250 ", b"250 ", b"354 ", b"250 ",
             b"221 "])
        yield from differs("stderr", client.result.stderr, b"")
        yield from differs("status", client.result.status, 0)
        yield from faults_of_messages(
            client.smarthost, [ENVELOPE + (wire(CONTENT + [b"."]),)])


def alpine():
    """pith/send.c: EHLO, then HELO for good measure; BODY=8BITMIME and DSN
    as offered; it reads only lines that end in CRLF."""
    content = CONTENT[:-1] + ["grüß Gott".encode()]
    with Client(Recorder(), ("-bs", "-odb", "-oem")) as client:
        client.reply()
        replies = [
            client.say("EHLO host.example"),
            client.say("HELO host.example"),
            client.say("MAIL FROM:<sender@example.com> BODY=8BITMIME "
                       "RET=HDRS"),
            client.say("RCPT TO:<ann@example.org> NOTIFY=DELAY,FAILURE"),
            client.say("RCPT TO:<bcc@example.net>"),
            client.say("DATA"), client.content(content),
            client.say("QUIT")]
        yield from client.faults()
        yield from differs("codes", [reply[:4] for reply in replies],
                           ["250 "] * 5 + ["354 ", "250 ", "221 "])
        yield from differs("sender", client.smarthost.sender.split()[2:],
                           [b"BODY=8BITMIME", b"RET=HDRS"])
        yield from differs("recipients", client.smarthost.recipients, [
            b"<ann@example.org> NOTIFY=DELAY,FAILURE "
            b"ORCPT=rfc822;ann@example.org", b"<bcc@example.net>"])
        yield from faults_of_messages(
            client.smarthost, [ENVELOPE + (wire(content),)])


def nmh():
    """mts/smtp/smtp.c: EHLO, VERB where asked to be verbose, RSET between
    messages; 8-bit mail only if EHLO offers it."""
    with Client(Recorder(), ("-bs", "-odi", "-oem", "-om", "-ov")) as client:
        client.reply()
        client.send(b"EHLO host.example\r\n")
        offers = [client.process.stdout.readline()]
        while offers[-1][3:4] == b"-":
            offers.append(client.process.stdout.readline())
        if b"250-8BITMIME\r\n" not in offers:
            yield f"8BITMIME is not offered: {offers}"
        for word in (b"AUTH", b"STARTTLS"):
            if any(word in offer for offer in offers):
                yield f"{word} is offered"
        replies = [client.say("VERB on"), client.say("RSET"),
                   client.say("MAIL FROM:<sender@example.com>"),
                   client.say("RCPT TO:<ann@example.org>"),
                   client.say("RCPT TO:<bcc@example.net>"),
                   client.say("DATA"), client.content(),
                   client.say("QUIT")]
        yield from client.faults()
        yield from differs("codes", [reply[:3] for reply in replies],
                           ["250"] * 5 + ["354", "250", "221"])
        yield from faults_of_messages(
            client.smarthost, [ENVELOPE + (wire(CONTENT),)])


def smuggled(end, foreign):
    """What looks like the end of the content, in other line ends than the
    client's, is text, and so are the commands after it."""
    text = [b"MAIL FROM:<boss@example.com>", b"RCPT TO:<victim@example.org>",
            b"DATA", b"Subject: pay", b"", b"smuggled"]
    content = b"".join(line + end for line in CONTENT[:-1]) + b"hello" + \
        foreign + b"".join(line + end for line in text)
    commands = [b"EHLO me", b"MAIL FROM:<sender@example.com>",
                b"RCPT TO:<ann@example.org>", b"RCPT TO:<bcc@example.net>",
                b"DATA"]
    with Client(Recorder()) as client:
        client.send(b"".join(line + end for line in commands) + content +
                    b"." + end + b"QUIT" + end)
        output = client.finish()
        yield from differs("codes", re.findall(rb"^(\d{3}) ", output, re.M),
                           [b"220", b"250", b"250", b"250", b"250", b"354",
                            b"250", b"221"])
        messages = client.smarthost.messages
        yield from differs("envelopes", [
            (sender.split()[0], [to.split()[0] for to in recipients])
            for sender, recipients, _ in messages], [ENVELOPE])
        if messages and not messages[0][2].endswith(wire(text)):
            yield f"content: {messages[0][2]!r}"


def same_size():
    """Ten thousand messages, every tenth with a bad address field, need no
    more memory than the first thousand."""
    def size():
        with open(f"/proc/{client.process.pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    bad = [b"Cc: <<a@b" if line.startswith(b"To:") else line
           for line in CONTENT]
    sizes = []
    # What AddressSanitizer keeps of freed memory is not the program's.
    with Client(Forgetful(), environment=sanitizer_options(
            "quarantine_size_mb=0:thread_local_quarantine_size_kb=0")
                ) as client:
        client.reply()
        client.say("EHLO me")
        for n in range(1, 10001):
            client.send(wire([b"MAIL FROM:<sender@example.com>",
                              b"RCPT TO:<ann@example.org>", b"DATA",
                              *(CONTENT if n % 10 else bad), b"."]))
            for _ in range(4):
                client.reply()
            if n in (1000, 10000):
                sizes.append(size())
        client.say("QUIT")
        client.finish()
    if sizes[1] > sizes[0] + (128 << 10):
        yield f"{sizes[1]} octets after {sizes[0]}"


def many():
    """As a list manager's: ten thousand recipients, in large groups."""
    names = [f"user{n}@example.org" for n in range(10000)]
    with Client(Recorder()) as client:
        client.reply()
        client.say("EHLO host.example")
        client.say("MAIL FROM:<sender@example.com>")
        for at in range(0, len(names), 500):
            group = names[at:at + 500]
            client.send(b"".join(b"RCPT TO:<%s>\r\n" % name.encode()
                                 for name in group))
            for name in group:
                yield from differs(name, client.reply()[:3], "250")
        yield from differs("DATA", client.say("DATA")[:3], "354")
        yield from differs("dot", client.content()[:3], "250")
        client.say("QUIT")
        yield from client.faults()
        yield from differs("recipients",
                           [to[1:-1].decode()
                            for to in client.smarthost.recipients], names)


def with_options():
    """-a chooses, -f is the sender's word, -C has been read all along; a
    bounce stays one."""
    config = ["from wrong@example.com", "account other : default",
              "maildomain example.org"]
    args = ("-bs", "-a", "other", "-f", "set@example.com", "-t", "-i")
    with Client(Recorder(), args, config) as client:
        client.reply()
        client.say("HELO me")
        for sender in ("app@example.com", ""):
            client.envelope(sender, ["bob"])
            client.content()
        client.say("QUIT")
        yield from client.faults()
        yield from differs(
            "envelopes", [(sender.split()[0], to)
                          for sender, to, _ in client.smarthost.messages],
            [(b"<set@example.com>", [b"<bob@example.org>"]),
             (b"<>", [b"<bob@example.org>"])])


def submitter(config, given, wanted):
    """AUTH= of MAIL at the smarthost for a client's parameters."""
    smarthost = Recorder()
    with Client(smarthost, config=config) as client:
        client.reply()
        client.say("EHLO me")
        replies = [client.say("MAIL FROM:<a@example.com> " + given),
                   client.say("RCPT TO:<b@example.org>"),
                   client.say("DATA"), client.content()]
        client.say("QUIT")
        yield from client.faults()
        yield from differs("codes", [reply[:3] for reply in replies],
                           ["250", "250", "354", "250"])
        got = [word for word in smarthost.messages[0][0].split()
               if word.startswith(b"AUTH=")]
        yield from differs(f"{given} with {config}", got, wanted)


def submitters():
    """RFC 4954 5: AUTH= goes on if we authenticate; mail_auth outranks it."""
    mine = ["auth plain", "user me", "password secret"]
    for config, given, wanted in (
            (mine, "AUTH=bob+2Bx@example.com", [b"AUTH=bob+2Bx@example.com"]),
            (mine, "auth=<> SIZE=9", [b"AUTH=<>"]),
            (mine, "SIZE=9", []),
            (mine + ["mail_auth <>"], "AUTH=bob@example.com", [b"AUTH=<>"]),
            ([], "AUTH=bob@example.com", [])):
        yield from submitter(config, given, wanted)


def bad_submitters():
    with Client(Recorder()) as client:
        client.reply()
        client.say("EHLO me")
        for word in ("AUTH", "AUTH=", "AUTH=a+0Ab", "AUTH=a=b", "AUTH=a+2",
                     "AUTH=a AUTH=b", "AUTH=" + 501 * "a"):
            yield from differs(
                word, client.say("MAIL FROM:<a@example.com> " + word)[:3],
                "501")
        client.say("QUIT")
        yield from client.faults()


def logged():
    """Each message has a line of its own."""
    smarthost = Recorder()
    with Client(smarthost, config=["logfile log"]) as client:
        log = os.path.join(client.run.home, "log")
        client.run.write_config([
            "account default", "host 127.0.0.1", "tls off", "auth off",
            f"port {client.server.port}", f"logfile {log}"])
        client.reply()
        client.say("HELO me")
        for n in range(2):
            client.envelope(recipients=[f"bob{n}@example.org"])
            client.content()
        smarthost.faults["dot"] = lambda host, _: host.say(
            b"554 5.7.1 no\r\n", "dot")
        client.envelope(recipients=["bob2@example.org"])
        client.content()
        client.say("QUIT")
        yield from client.faults()
        with open(log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        yield from differs("lines", len(lines), 3)
        for n, (line, outcome) in enumerate(zip(lines, [
                "accepted", "accepted", "refused"])):
            for word in (f"outcome={outcome} ", f"to=bob{n}@example.org ",
                         "from=sender@example.com ", " ms="):
                if word not in line:
                    yield f"no {word!r} in {line!r}"
            if "ms=-" in line:
                yield f"a negative time: {line!r}"


def closed_input():
    with Client(Recorder()) as client:
        ended = subprocess.run(
            ["/bin/sh", "-c", 'exec "$@" <&-', "sh",
             *client.process.args[4:]], capture_output=True,
            env=client.run.environment, timeout=SECONDS, check=False)
        yield from differs("status", ended.returncode, 66)
        yield from differs("stdout", ended.stdout, b"")


def main():
    tap = Tap()
    tap.run("Symfony, word for word, three messages over one session",
            symfony)
    tap.run("everything written at once, in CRLF", at_once, b"\r\n")
    tap.run("everything written at once, in LF", at_once, b"\n")
    tap.run("Alpine: EHLO, then HELO, 8-bit content, DSN", alpine)
    for end, name in ((b"\r\n", "CRLF"), (b"\n", "LF")):
        for foreign in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r",
                        b"\r\r\n.\r\r\n"):
            if not foreign.endswith(b"\n.\n" if end == b"\n"
                                    else b"\r\n.\r\n"):
                tap.run(f"a client that speaks {name}: {foreign!r} is text",
                        smuggled, end, foreign)
    tap.run("nmh: what EHLO must and must not offer, VERB, RSET", nmh)
    tap.run("ten thousand recipients, pipelined", many)
    tap.run("ten thousand messages: the size stays", same_size)
    tap.run("-C, -a and -f act", with_options)
    tap.run("AUTH= is passed on where it means something", submitters)
    tap.run("AUTH= that is no xtext is refused", bad_submitters)
    tap.run("each message is logged", logged)
    tap.run("a closed stdin: 66", closed_input)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
