# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages worth sending, and what has to arrive of each.

Every message has From, Date and Message-ID, so that nothing is added to it.
"""

import base64
import os
import quopri
import random

HEADER = (b"From: Alice <alice@example.org>\n"
          b"To: bob@example.net\n"
          b"Date: Mon, 02 Nov 2026 10:00:00 +0100\n"
          b"Message-ID: <%s@example.org>\n"
          b"Subject: %s\n")

# Openings that are in the public domain.
TEXTS = (
    "Call me Ishmael. Some years ago - never mind how long precisely - having"
    " little or no money in my purse, and nothing particular to interest me"
    " on shore, I thought I would sail about a little and see the watery part"
    " of the world.",
    "Habe nun, ach! Philosophie, Juristerei und Medizin, und leider auch"
    " Theologie durchaus studiert, mit heißem Bemühn. Da steh ich nun, ich"
    " armer Tor! Und bin so klug als wie zuvor.",
    "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha"
    " mucho tiempo que vivía un hidalgo de los de lanza en astillero, adarga"
    " antigua, rocín flaco y galgo corredor.",
    "En 1815, M. Charles-François-Bienvenu Myriel était évêque de Digne."
    " C’était un vieillard d’environ soixante-quinze ans.",
    "Все счастливые семьи похожи друг на друга, каждая несчастливая семья"
    " несчастлива по-своему. Всё смешалось в доме Облонских.",
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
)


def arrives(message):
    """What RFC-correct transport makes of it: lines that end in LF."""
    message = message.replace(b"\r\n", b"\n")
    return message if message.endswith(b"\n") else message + b"\n"


def with_header(name, body, extra=b""):
    return HEADER % (name.encode(), name.encode()) + extra + b"\n" + body


def wrapped(text, width):
    """Lines of at most so many octets, cut between words where they are."""
    lines, line = [], b""
    for word in text.split():
        word = word.encode()
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = b""
        line = line + b" " + word if line else word
    return b"\n".join(lines + [line]) + b"\n"


def text_part(number):
    """8-bit text, in lines that grow from 72 to 990 octets."""
    text = " ".join([TEXTS[number % len(TEXTS)]] * 12)
    return (b"Content-Type: text/plain; charset=UTF-8\n"
            b"Content-Transfer-Encoding: 8bit\n\n" +
            wrapped(text, min(72 + 90 * number, 990)))


def dotted_part():
    return (b"Content-Type: text/plain\n\n"
            b".\n..\n...\n.hidden\n\n.\nFrom the first line on\n"
            b">From quoted\n\t.\n . \n")


def quoted_part(number):
    text = TEXTS[number % len(TEXTS)].encode()
    return (b"Content-Type: text/html; charset=UTF-8\n"
            b"Content-Transfer-Encoding: quoted-printable\n\n" +
            quopri.encodestring(b"<p>" + text * 4 + b"</p>\n"))


def attachment_part(number, octets):
    """Arbitrary octets, the same ones in every run."""
    data = random.Random(number).randbytes(octets)
    return (b"Content-Type: application/octet-stream\n"
            b"Content-Transfer-Encoding: base64\n"
            b"Content-Disposition: attachment;\n"
            b" filename=\"part%d.bin\"\n\n" % number +
            base64.encodebytes(data))


def file_part(path):
    with open(path, "rb") as file:
        return (b"Content-Type: text/plain\n"
                b"Content-Disposition: attachment; filename=COPYING\n\n" +
                file.read())


def many_parts():
    """26 parts: text in five languages, HTML, attachments, nested mail."""
    copying = os.path.join(os.environ.get("top_srcdir", "."), "COPYING")
    inner = with_header("inner", TEXTS[0].encode() + b"\n")
    parts = [text_part(number) for number in range(11)]
    parts += [quoted_part(number) for number in range(5)]
    parts += [attachment_part(n, 3 ** n) for n in range(4, 12)]
    parts += [dotted_part(), file_part(copying)]
    parts[13] = b"Content-Type: message/rfc822\n\n" + inner
    assert len(parts) == 26
    body = b"This is a message in MIME format.\n"
    for part in parts:
        body += b"\n--=_onehop_26\n" + part
    body += b"\n--=_onehop_26--\n"
    return with_header("many-parts", body,
                       b"MIME-Version: 1.0\n"
                       b"Content-Type: multipart/mixed;\n"
                       b"\tboundary=\"=_onehop_26\"\n")


def big(megabytes):
    """Text of that size, in lines that all differ."""
    line = b"%07d the quick brown fox jumps over the lazy dog, again\n"
    count = megabytes * 1000000 // len(line % 0)
    return with_header("big", b"".join(line % n for n in range(count)))


def all_messages():
    """name: message, for each kind of content."""
    folded = (b"References: <1@example.org>\n\t<2@example.org>\n"
              b" <3@example.org>\nX-Empty:\n")
    return {
        "plain": with_header("plain", b"hello\n"),
        "8-bit text": with_header("eight-bit", TEXTS[1].encode() + b"\n"),
        "octets that are no UTF-8": with_header(
            "latin-1", bytes(range(0x80, 0x100)) + b"\n"),
        "lines of dots": with_header("dots", b".\n..\n.x\n\n.\n.\n"),
        "CRLF line ends": with_header("crlf", b"a\n.\nb\n").replace(
            b"\n", b"\r\n"),
        "no final newline": with_header("no-newline", b"the end"),
        "an empty body": with_header("empty", b""),
        "blank lines at the end": with_header("blank", b"x\n\n\n\n"),
        "lines of 998 octets": with_header("long", (b"y" * 998 + b"\n") * 50),
        "folded and empty fields": with_header(
            "fields", b"x\n", folded),
        "From at the beginning of a line": with_header(
            "from", b"From here on\n>From\n"),
        "26 parts": many_parts(),
        "20 MB": big(20),
    }
