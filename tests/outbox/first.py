#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""outbox first: the message is queued, the caller is answered, and it is sent
in the background."""

import os
import sys
import threading
import time

# pylint: disable=wrong-import-position
from house import SECONDS, House, Sink, differs, fault_of, message
from tap import Tap


def wait_for(condition):
    """Waits until it holds; whether it does in the end."""
    end = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def it_is_sent_in_the_background():
    for lines in (["outbox first"], ["outbox on", "outbox_first"]):
        with House() as house, Sink() as sink:
            house.lead_to(sink.port, *lines)
            result = house.send("1@x")
            yield from fault_of(result, 0)
            yield from differs("stderr", result.stderr, b"")
            if not wait_for(lambda: not house.files("new")):
                yield f"{lines}: it is not sent"
            yield from differs("copies", sink.count(), {"1@x": 1})


def in_a_directory_of_its_own():
    with House() as house, Sink() as sink:
        house.outbox = os.path.join(house.home, "other")
        house.lead_to(sink.port, f"outbox {house.outbox}", "outbox_first")
        yield from fault_of(house.send("1@x"), 0)
        if not wait_for(lambda: not house.files("new")):
            yield "it is not sent"
        yield from differs("copies", sink.count(), {"1@x": 1})


def a_silent_server_costs_the_caller_nothing():
    """It says nothing until the caller has ended, whose descriptors are
    closed by then."""
    ended = threading.Event()

    def silent(verb, *_):
        if verb == b"greeting":
            ended.wait(SECONDS)

    with House() as house, Sink(silent) as sink:
        house.lead_to(sink.port, "outbox first")
        for i in range(3):
            yield from fault_of(house.send(f"{i}@x"), 0)
        yield from differs("copies", sink.count(), {})
        yield from differs("new", len(house.files("new")), 3)
        ended.set()
        if not wait_for(lambda: not house.files("new")):
            yield "they are not sent"
        yield from differs("copies", sink.count(),
                           {f"{i}@x": 1 for i in range(3)})


def many_at_once_are_all_sent():
    """Those queued during a flush, too."""
    with House() as house, Sink() as sink:
        house.lead_to(sink.port, "outbox first")
        for i in range(30):
            yield from fault_of(house.send(f"{i}@x"), 0)
        if not wait_for(lambda: not house.files("new")):
            yield f"left: {len(house.files('new'))}"
        yield from differs("copies", sink.count(),
                           {f"{i}@x": 1 for i in range(30)})


def where_it_cannot_be_queued_it_is_sent_at_once():
    with House("outbox first") as house, Sink() as sink:
        state = os.path.join(house.home, ".local")
        with open(state, "wb"):
            pass
        house.lead_to(sink.port, "outbox first")
        yield from fault_of(house.send("1@x"), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def one_that_no_server_takes_is_refused_at_once():
    with House() as house, Sink() as sink:
        house.lead_to(sink.port, "outbox first")
        result = house.run("-i", "you@example.net", stdin=b"X-Long: " +
                           b"x" * 1100 + b"\n" + message("1@x"))
        yield from fault_of(result, 65)
        yield from differs("new", house.files("new"), [])


def a_client_of_bs_is_answered_at_once():
    ended = threading.Event()
    dialogue = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n"
                b"RCPT TO:<you@example.net>\r\nDATA\r\n%s.\r\nQUIT\r\n"
                % message("1@x").replace(b"\n", b"\r\n"))

    def silent(verb, *_):
        if verb == b"greeting":
            ended.wait(SECONDS)

    with House() as house, Sink(silent) as sink:
        house.lead_to(sink.port, "outbox first")
        result = house.run("-bs", stdin=dialogue)
        if b"\r\n250 2.0.0 Ok: queued as " not in result.stdout:
            yield f"replies: {result.stdout!r}"
        ended.set()
        if not wait_for(lambda: not house.files("new")):
            yield "it is not sent"
        yield from differs("copies", sink.count(), {"1@x": 1})


def a_server_that_is_closed_is_asked_once():
    """A flush is repeated for what was queued meanwhile, and for that only."""
    def closed(verb, *_):
        return b"421 4.3.2 closed\r\n" if verb == b"greeting" else None

    with House() as house, Sink(closed) as sink:
        house.lead_to(sink.port, "outbox first")
        yield from fault_of(house.send("1@x"), 0)
        if not wait_for(lambda: sink.connections > 0):
            yield "it is not tried"
        time.sleep(1)
        yield from differs("connections", sink.connections, 1)


def main():
    tap = Tap()
    for test in (it_is_sent_in_the_background,
                 in_a_directory_of_its_own,
                 a_silent_server_costs_the_caller_nothing,
                 many_at_once_are_all_sent,
                 where_it_cannot_be_queued_it_is_sent_at_once,
                 one_that_no_server_takes_is_refused_at_once,
                 a_client_of_bs_is_answered_at_once,
                 a_server_that_is_closed_is_asked_once):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
