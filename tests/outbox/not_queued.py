#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some recipients have the message, and it cannot be queued for the others: no
caller is told to send it to all of them again."""

import json
import sys

# pylint: disable=wrong-import-position
from house import House, Sink, differs, fault_of, message
from tap import Tap

THREE = ("good@example.net", "later@example.net", "never@example.net")
FULL = "outbox_max_messages 1"


def verdicts(verb, line, sink):
    """To RCPT, or to the content for each recipient of LMTP."""
    if verb != (b"dot" if sink.lmtp else b"RCPT"):
        return None
    if b"later@" in line:
        return b"451 4.2.1 later\r\n"
    return b"550 5.1.1 never\r\n" if b"never@" in line else None


def full_house(kind):
    house = House(kind, FULL)
    house.send("0@x")
    return house


def the_code_is_that_without_an_outbox():
    for kind in ("partial_delivery on", "protocol lmtp"):
        for to in (THREE[:2], THREE):
            with full_house(kind) as house, Sink(
                    verdicts, lmtp="lmtp" in kind) as sink:
                house.lead_to(sink.port)
                wanted = house.send("1@x", "--outbox=off", *to)
                yield from fault_of(wanted, 69)
                result = house.send("1@x", *to)
                yield from fault_of(result, wanted.status)
                if b"not queued: outbox full" not in result.stderr:
                    yield f"stderr: {result.stderr!r}"
                yield from differs("copies", sink.count(), {"1@x": 2})


def a_refusal_of_one_is_the_result():
    """Nobody has it, one never will, and one cannot be queued."""
    with full_house("partial_delivery on") as house, Sink(verdicts) as sink:
        house.lead_to(sink.port)
        wanted = house.send("1@x", "--outbox=off", *THREE[1:])
        yield from fault_of(wanted, 67)
        yield from fault_of(house.send("1@x", *THREE[1:]), 67)


def json_says_the_same():
    with full_house("partial_delivery on") as house, Sink(verdicts) as sink:
        house.lead_to(sink.port)
        result = house.send("1@x", "--json", *THREE[:2])
        yield from fault_of(result, 69)
        found = json.loads(result.stdout)
        yield from differs("exit", found["exit"], 69)
        yield from differs("outcome", found["outcome"], "partial")


def a_client_is_told_the_same():
    dialogue = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n" + b"".join(
        b"RCPT TO:<%s>\r\n" % to.encode() for to in THREE[:2]) +
        b"DATA\r\n%s.\r\nQUIT\r\n" % message("1@x").replace(b"\n", b"\r\n"))
    with full_house("partial_delivery on") as house, Sink(verdicts) as sink:
        house.lead_to(sink.port)
        result = house.run("-bs", stdin=dialogue)
        if b"\r\n554 " not in result.stdout.partition(b"\r\n354 ")[2]:
            yield f"{result.stdout!r}"


def main():
    tap = Tap()
    for test in (the_code_is_that_without_an_outbox,
                 a_refusal_of_one_is_the_result, json_says_the_same,
                 a_client_is_told_the_same):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
