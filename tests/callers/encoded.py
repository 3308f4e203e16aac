#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw octets in a header go out as RFC 2047 and RFC 2231 have them, to servers
with and without SMTPUTF8 and 8BITMIME: decoded by Python, the header says what
it said before."""

import email
import email.policy
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))), "lib"))
# pylint: disable=wrong-import-position
import smarthost
import smtpserver
from onehop import Run
from tap import Tap

LIMIT = 60
SERVERS = (["8BITMIME", "SMTPUTF8"], ["8BITMIME"], [])
LONG = "Überwachung der täglichen Sicherung von größeren Datenträgern " * 4

# field, its raw text: what it is to say after decoding
FIELDS = [
    ("Subject", "Sicherung für Müller"),
    ("Subject", "[cron] root@host: " + LONG.strip()),
    ("Subject", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 3),
    ("Subject", "=?UTF-8?Q?schon_kodiert?= für"),
    ("Comments", "naïve"),
    ("X-Cron-Env", "<LANG=dé_DE>"),
    ("From", "Jörg Müller <a@example.org>"),
    ("From", '"Müller, Jörg" <a@example.org>'),
    ("To", "Zoë <b@example.net>, \"C, D\" <c@example.net>"),
    ("Cc", "b@example.net (Büro), c@example.net"),
]


def decoded(field, text):
    """What a reader sees of the field's body."""
    message = email.message_from_string(
        field + ": " + text + "\n\n", policy=email.policy.default)
    value = message[field]
    if field in ("From", "To", "Cc"):
        return [(a.display_name, a.addr_spec) for a in value.addresses]
    return re.sub(r"\s+", " ", str(value))


def send(octets, extensions):
    """(faults, MAIL, the header block with LF ends, the body)"""
    host = smarthost.Smarthost()
    host.mechanisms = None
    host.extensions = list(extensions)
    with smtpserver.Server(host.serve) as server:
        run = Run(["account default", "host 127.0.0.1",
                   f"port {server.port}", "tls off", "auth off",
                   "maildomain example.org", "set_from_header off",
                   "set_date_header off", "set_msgid_header off"])
        run.start(["-i", "x@example.net"], octets)
        result = run.finish(LIMIT)
        run.clean()
    mail = [line for line in host.commands if line.startswith(b"MAIL")]
    if result.status != 0 or host.content is None:
        return [f"exit {result.status}, {result.stderr!r}"], b"", b"", b""
    head, _, body = host.content.replace(b"\r\n", b"\n").partition(b"\n\n")
    return [], mail[0], head + b"\n", body


def says_the_same(field, text, extensions):
    octets = f"{field}: {text}\n\nx\n".encode()
    faults, mail, head, _ = send(octets, extensions)
    yield from faults
    if faults:
        return
    if b"SMTPUTF8" in mail or b"8BITMIME" in mail:
        yield f"{mail!r}"
    if not head.isascii():
        yield f"not ASCII: {head!r}"
    yield from (f"long line {line!r}" for line in head.split(b"\n")
                if len(line) > 76)
    if head.startswith(field.encode() + b":\n"):
        yield f"an empty first line: {head!r}"
    sent = decoded(field, head.decode("ascii", "replace")
                   .partition(": ")[2].rstrip("\n"))
    wanted = decoded(field, text)
    if field == "Subject" and "=?" in text:
        wanted = "schon kodiert für"
    if sent != wanted:
        yield f"{sent!r}, not {wanted!r}, from {head!r}"


def stays(octets, extensions, wanted):
    """The header goes as it is."""
    faults, mail, head, _ = send(octets, extensions)
    yield from faults
    if b"SMTPUTF8" in mail:
        yield f"{mail!r}"
    if not faults and head != wanted:
        yield f"{head!r}"


def charset(declared, said):
    octets = (b"Subject: caf\xe9\nMIME-Version: 1.0\n"
              b"Content-Type: text/plain" + declared + b"\n\nx\n")
    faults, _, head, _ = send(octets, ["8BITMIME"])
    yield from faults
    if b"Subject: =?" + said + b"?Q?caf=E9?=\n" not in head:
        yield f"{head!r}"


def file_name():
    """The name of an attachment, to a server that takes 7 bits."""
    octets = ("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=q\n"
              "\n--q\nContent-Type: text/plain; charset=utf-8\n"
              "Content-Disposition: attachment; filename=\"Übersicht.txt\"\n\n"
              "größer\n--q--\n").encode()
    faults, _, head, body = send(octets, [])
    yield from faults
    message = email.message_from_bytes(head + b"\n" + body,
                                       policy=email.policy.default)
    part = next(message.iter_parts())
    if part.get_filename() != "Übersicht.txt":
        yield f"file name {part.get_filename()!r} of {body!r}"
    if part.get_content() != "größer":
        yield f"content {part.get_content()!r}"
    if not body.isascii():
        yield "not ASCII"


def main():
    tap = Tap()
    for field, text in FIELDS:
        for extensions in SERVERS:
            tap.run(f"{field}: {text[:20]} to {extensions}", says_the_same,
                    field, text, extensions)
    local = "To: jürg@example.net\n".encode()
    signed = "DKIM-Signature: v=1\nSubject: für\n".encode()
    tap.run("a local part stays", stays, local + b"\nx\n", SERVERS[0], local)
    tap.run("a signed header stays", stays, signed + b"\nx\n", SERVERS[0],
            signed)
    tap.run("the declared charset", charset, b"; charset=ISO-8859-1",
            b"ISO-8859-1")
    tap.run("no charset", charset, b"", b"unknown-8bit")
    tap.run("a charset that it is not", charset, b"; charset=utf-8",
            b"unknown-8bit")
    tap.run("the name of a file", file_name)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
