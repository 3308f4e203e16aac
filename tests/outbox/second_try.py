#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message that a flush tries once more, in another session or transaction;
and messages after one whose session the server has ended."""

import json
import os
import shutil
import sys

# pylint: disable=wrong-import-position
from house import (House, Sink, differs, fault_of, make_due,
                   run_if_possible)
from tap import Tap

TWO = ("good@example.net", "later@example.net")


def puts_off_one(verb, line, _):
    if verb == b"RCPT" and b"later@" in line:
        return b"451 4.2.1 later\r\n"
    return None


def one_at_a_time(verb, line, sink):
    """The second recipient needs a transaction of its own."""
    if verb == b"RCPT" and b"later@" in line and not sink.copies:
        return b"452 4.5.3 too many recipients\r\n"
    return None


def failing_once(house, call, when, *more):
    """The flush in which that call fails once, and what was traced."""
    trace = os.path.join(house.home, "trace")
    result = house.flush(["strace", "-o", trace, "-e", f"trace={call}",
                          "-e", f"inject={call}:error=ENOSPC:when={when}",
                          *more])
    with open(trace, encoding="utf-8") as file:
        return result, file.read()


def not_injected(trace):
    if "(INJECTED)" not in trace:
        yield f"strace made no call fail: {trace}"


def flush_again(house):
    for path in house.files("new"):
        make_due(house, path)
    return house.flush()


def good_ones(sink):
    return sum(TWO[0].encode() in copy.recipients for copy in sink.copies)


def send_two_with_a_full_disk(house, sink):
    """There is no room for the journal of the second, for a moment."""
    for name in ("1@x", "2@x"):
        yield from fault_of(house.send(name, *TWO), 0)
    house.lead_to(sink.port)
    result, trace = failing_once(house, "fallocate", 2)
    yield from not_injected(trace)
    yield from fault_of(result, 0)


def a_disk_that_was_full_for_a_moment_doubles_nothing():
    """The second session of the second message finds room."""
    with House("partial_delivery on") as house, Sink(puts_off_one) as sink:
        yield from send_two_with_a_full_disk(house, sink)
        yield from differs("accepted", good_ones(sink), 2)
        yield from fault_of(flush_again(house), 0)
        yield from differs("accepted in all", good_ones(sink), 2)


def an_unknown_outcome_of_the_second_session_is_noted():
    dots = []

    def hangs_up(verb, *_):
        if verb == b"dot":
            dots.append(verb)
        return b"" if verb == b"dot" and len(dots) == 2 else None

    with House() as house, Sink(hangs_up) as sink:
        yield from send_two_with_a_full_disk(house, sink)
        path, = house.files("new")
        if b"\nunknown " not in house.journal(path):
            yield f"journal: {house.journal(path)}"


def what_the_first_transaction_has_sent_is_noted():
    """The disk is full when the second one would send the content."""
    with House("partial_delivery on") as house:
        yield from fault_of(house.send("1@x", *TWO), 0)
        with Sink(one_at_a_time) as sink:
            house.lead_to(sink.port)
            result, trace = failing_once(house, "fallocate", 2)
            yield from not_injected(trace)
            yield from fault_of(result, 75)
            if b"cannot write the journal" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from fault_of(flush_again(house), 0)
            yield from differs("recipients", [
                copy.recipients for copy in sink.copies],
                [[to.encode()] for to in TWO])


def lots_are_on_disk():
    """The names of the next 32 journals, and the removal of the last 32
    messages, before another is sent; they are synced again if that fails."""
    for place, when in (("journal", 2), ("new", 1)):
        with House() as house, Sink() as sink:
            house.send("1@x")
            path, = house.files("new")
            first = path[:-2] + "10"
            os.rename(path, first)
            for i in range(11, 43):
                shutil.copy(first, path[:-2] + str(i))
            house.lead_to(sink.port)
            result, trace = failing_once(house, "fsync", when, "-P",
                                         os.path.join(house.outbox, place))
            yield from not_injected(trace)
            yield from fault_of(result, 0)
            yield from differs("copies", sink.count(), {"1@x": 33})
            yield from differs(f"{place}: sessions", sink.connections, 2)
            done = [line.endswith("= 0") for line in trace.splitlines()
                    if line.startswith("fsync")]
            yield from differs(f"{place}: synced", done,
                               [i != when for i in range(1, 4)])


class Closing:
    """Answers 421 to one command if the sender is that."""

    REPLY = b"421 4.3.2 cannot take this message\r\n"

    def __init__(self, stage, sender):
        self.stage = stage
        self.sender = sender
        self.is_due = False

    def __call__(self, verb, line, _):
        if verb == b"MAIL":
            self.is_due = self.sender in line
        return self.REPLY if verb == self.stage and self.is_due else None


class Demanding(Closing):
    """Answers as if a login were wanted, whether there was one or not."""

    REPLY = b"530 5.7.0 authentication required\r\n"

    def __call__(self, verb, line, sink):
        if verb == b"EHLO":
            return b"250-sink\r\n250 AUTH PLAIN\r\n"
        if verb == b"AUTH":
            return b"235 2.7.0 yes\r\n"
        return super().__call__(verb, line, sink)


BAD = ("bad@x", "-f", "bad@example.org", "you@example.net")


def blocks_no_other(house, sink, stage):
    """BAD is refused at that stage, and counts as tried."""
    yield from house.send_in_order(BAD, ("2@x",), ("3@x",))
    house.lead_to(sink.port)
    result = house.flush()
    yield from fault_of(result, 0)
    yield from differs("stderr", result.stderr, b"")
    yield from differs(f"{stage} copies", sink.count(), {"2@x": 1, "3@x": 1})
    path, = house.files("new")
    if b"\ndeferred " not in house.journal(path):
        yield f"{stage}: journal: {house.journal(path)}"


def one_that_is_answered_by_421_blocks_no_other():
    for stage in (b"MAIL", b"RCPT", b"DATA", b"dot"):
        with House() as house, Sink(Closing(stage, b"bad@")) as sink:
            yield from blocks_no_other(house, sink, stage)
            yield from differs("connections", sink.connections, 2)


def after_two_in_a_row_the_others_wait():
    """Nobody has refused them, and nothing else is said of them."""
    for stage in (b"MAIL", b"DATA", b"dot"):
        with House() as house, Sink(Closing(stage, b"me@")) as sink:
            yield from house.send_in_order(("1@x",), ("2@x",), ("3@x",),
                                     ("4@x",))
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("connections", sink.connections, 2)
            yield from differs("journals", [
                b"\ndeferred " in house.journal(path) or house.journal(path)
                for path in house.files("new")], [True, True, b"", b""])
            found = json.loads(house.run("--outbox", "list", "--json").stdout)
            yield from differs(f"{stage} reason", found[3]["reason"],
                               "server ended two sessions in a row: 421 "
                               "4.3.2 cannot take this message")


def what_was_refused_comes_after_the_others():
    """Otherwise two such messages would hold up all others for days."""
    with House() as house, Sink(Closing(b"dot", b"bad@")) as sink:
        yield from house.send_in_order(BAD, BAD, ("3@x",), ("4@x",))
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {})
        for path in house.files("new"):
            make_due(house, path)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"3@x": 1, "4@x": 1})
        yield from differs("left", len(house.files("new")), 2)


LOGIN = ("auth plain", "user me", "password x")


def one_to_which_a_login_is_wanted_blocks_no_other():
    """Unless it is MAIL and there was none, the message is refused."""
    for stage, *config in ((b"RCPT",), (b"DATA",), (b"dot",),
                           (b"MAIL", *LOGIN), (b"RCPT", *LOGIN)):
        with House(*config) as house, \
                Sink(Demanding(stage, b"bad@")) as sink:
            yield from blocks_no_other(house, sink, stage)


def after_two_to_which_one_is_wanted_the_others_wait():
    """The account is not held: its login was not refused."""
    with House() as house, Sink(Demanding(b"RCPT", b"bad@")) as sink:
        yield from house.send_in_order(BAD, BAD, ("3@x",))
        house.lead_to(sink.port)
        result = house.flush()
        yield from fault_of(result, 77)
        if b'"default": server refused two messages in a row: ' not in \
                result.stderr:
            yield f"stderr: {result.stderr!r}"
        yield from differs("copies", sink.count(), {})
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"3@x": 1})


def if_mail_wants_one_the_account_is_held():
    """No message ages, and each flush begins with another one."""
    with House() as house, Sink(Demanding(b"MAIL", b"bad@")) as sink:
        yield from house.send_in_order(BAD, BAD, ("3@x",))
        house.lead_to(sink.port)
        for copies in ({}, {}, {"3@x": 1}, {"3@x": 1}):
            yield from fault_of(house.flush(), 77)
            held = sink.connections
            yield from fault_of(house.flush(), 77)
            yield from differs("connections", sink.connections, held)
            yield from differs("copies", sink.count(), copies)
            house.run("--outbox", "retry", "held")
        for path in house.files("new"):
            yield from differs("events", [
                line.split()[0] for line in house.journal(path).splitlines()],
                [b"reading", b"trying", b"held"])


STRACED = (a_disk_that_was_full_for_a_moment_doubles_nothing,
           an_unknown_outcome_of_the_second_session_is_noted,
           what_the_first_transaction_has_sent_is_noted,
           lots_are_on_disk)


def main():
    tap = Tap()
    for test in (*STRACED, one_that_is_answered_by_421_blocks_no_other,
                 after_two_in_a_row_the_others_wait,
                 what_was_refused_comes_after_the_others,
                 one_to_which_a_login_is_wanted_blocks_no_other,
                 after_two_to_which_one_is_wanted_the_others_wait,
                 if_mail_wants_one_the_account_is_held):
        run_if_possible(tap, test, test in STRACED)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
