#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that words of sendmail's command line name with -C may be any of the
caller's: one that is in error shows no line, and nothing of it is used."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import onehop
from tap import Tap

MESSAGE = b"From: me@example.org\nSubject: x\n\nx\n"
DIALOGUE = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n"
            b"RCPT TO:<you@example.net>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
SECRET = b"correcthorse"


def run(lines, *args, stdin=MESSAGE, config=None):
    """The result, and the files that it left."""
    home = onehop.Run(lines)
    try:
        home.config = config or home.config
        home.start(args, stdin, onehop.AS_SENDMAIL)
        return home.finish(60), [name for name in home.litter()
                                 if name != "config"]
    finally:
        home.clean()


def faults_of(result, files, status):
    if result.status != status:
        yield f"status {result.status}: {result.stderr!r}"
    if SECRET in result.stdout + result.stderr:
        yield f"shown: {result.stdout!r} {result.stderr!r}"
    if files:
        yield f"written: {files}"


def a_line_is_shown_nowhere():
    lines = [f"{SECRET.decode()} x"]
    for args in (["you@example.net"], ["-bp"], ["-q"]):
        result, _ = run(lines, *args)
        if SECRET in result.stdout + result.stderr or result.status != 78:
            yield f"{args}: {result.stdout!r} {result.stderr!r}"


def nor_to_a_client():
    result, files = run([f"{SECRET.decode()} x"], "-bs", stdin=DIALOGUE)
    yield from faults_of(result, files, 0)
    if b"\r\n451 4.3.5 -C " not in result.stdout:
        yield f"replies: {result.stdout!r}"


def no_log_is_written():
    for stdin, args in ((MESSAGE, ["you@example.net"]), (DIALOGUE, ["-bs"])):
        result, files = run(
            ["logfile ~/log", f"logfile_time_format {SECRET.decode()}",
             "nonsense"], *args, stdin=stdin)
        yield from faults_of(result, files, 0 if "-bs" in args else 78)


def nothing_is_queued_where_it_says():
    for stdin, args in ((MESSAGE, ["you@example.net"]), (DIALOGUE, ["-bs"])):
        result, files = run(
            ["account default", "host mail.example.org", "outbox ~/outbox",
             f"tls {SECRET.decode()}"], *args, stdin=stdin)
        yield from faults_of(result, files, 0 if "-bs" in args else 78)


def the_command_line_itself_is_no_file():
    """It belongs to the user, and is a regular file to stat(2)."""
    result, files = run(
        [], "-F", "x\nlogfile ~/log\n#", "you@example.net",
        config="/proc/self/cmdline")
    yield from faults_of(result, files, 78)


def the_one_who_calls_onehop_is_told():
    home = onehop.Run([f"{SECRET.decode()} x"])
    try:
        home.start(["you@example.net"], MESSAGE)
        result = home.finish(60)
        if result.status != 78 or SECRET not in result.stderr:
            yield f"{result.status}: {result.stderr!r}"
    finally:
        home.clean()


def main():
    tap = Tap()
    for test in (a_line_is_shown_nowhere, nor_to_a_client, no_log_is_written,
                 nothing_is_queued_where_it_says,
                 the_command_line_itself_is_no_file,
                 the_one_who_calls_onehop_is_told):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
