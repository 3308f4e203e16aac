#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""deliver_by and hold_for: the time in the outbox counts."""

import re
import sys

# pylint: disable=wrong-import-position
from house import House, Sink, differs, fault_of
from tap import Tap

HOUR = 3600
OWNER = "owner@example.org"


def offers(verb, *_):
    if verb == b"EHLO":
        return b"250-sink\r\n250-DELIVERBY\r\n250 FUTURERELEASE 99999 " \
            b"2030-01-01T00:00:00Z\r\n"
    return None


def queue_before(house, sink, seconds, *options):
    """Queues a message so many seconds ago; the smarthost is there now."""
    yield from fault_of(house.send("1@x", *options, "you@example.net"), 0)
    path, = house.files("new")
    house.age(path, seconds)
    house.lead_to(sink.port)


def what_is_left_is_asked_for():
    for option, parameter, left in (
            (f"--deliver-by={3 * HOUR};R", rb" BY=(\d+);R", HOUR),
            (f"--deliver-by={HOUR};N", rb" BY=(-\d+);N", -HOUR),
            (f"--hold-for={3 * HOUR}", rb" HOLDFOR=(\d+)", HOUR)):
        with House() as house, Sink(offers) as sink:
            yield from queue_before(house, sink, 2 * HOUR, option)
            yield from fault_of(house.flush(), 0)
            copy, = sink.copies
            found = re.search(parameter, copy.sender)
            if not found or not left - 600 < int(found.group(1)) <= left:
                yield f"{option}: {copy.sender!r}"


def a_hold_that_is_over_is_not_asked_for():
    with House() as house, Sink(offers) as sink:
        yield from queue_before(house, sink, 2 * HOUR, f"--hold-for={HOUR}")
        yield from fault_of(house.flush(), 0)
        copy, = sink.copies
        if b"HOLD" in copy.sender:
            yield f"{copy.sender!r}"


def one_that_is_too_late_is_given_up():
    with House(f"outbox_report {OWNER}") as house, Sink(offers) as sink:
        yield from queue_before(house, sink, 2 * HOUR,
                                f"--deliver-by={HOUR};R")
        result = house.flush()
        yield from fault_of(result, 69)
        if b"the time of deliver_by is over: 5.4.7" not in result.stderr:
            yield f"stderr: {result.stderr!r}"
        yield from differs("failed", len(house.files("failed")), 1)
        copy, = sink.copies
        yield from differs("recipients", copy.recipients, [OWNER.encode()])
        if b"\r\nStatus: 5.4.7\r\n" not in copy.content:
            yield f"report: {copy.content!r}"


def main():
    tap = Tap()
    for test in (what_is_left_is_asked_for,
                 a_hold_that_is_over_is_not_asked_for,
                 one_that_is_too_late_is_given_up):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
