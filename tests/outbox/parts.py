#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipients of one queued message with different outcomes."""

import json
import os
import subprocess
import sys
import threading

# pylint: disable=wrong-import-position
from house import SECONDS, House, Sink, differs, fault_of, make_due
from tap import Tap


def given_up(house):
    """The recipients of each message that was given up."""
    return [tuple(found["recipients"]) for found in json.loads(
        house.run("--outbox", "list", "--json").stdout)
            if found["state"] == "failed"]


def only_those_in_doubt_are_given_up():
    """The content for one recipient ends in silence, three times; the other is
    put off: at RCPT, as one too many, or by its own reply of LMTP."""
    grey, doubt = b"<b@example.net>", b"<a@example.net>"

    def puts_off(verb, line, _):
        if verb == b"RCPT" and grey in line:
            return b"450 4.2.0 later\r\n"
        return b"" if verb == b"dot" else None

    def takes_one(verb, line, sink):
        if verb == b"MAIL":
            sink.taken = 0
        elif verb == b"RCPT":
            sink.taken += 1
            if sink.taken > 1:
                return b"452 4.5.3 too many\r\n"
        return b"" if verb == b"dot" else None

    def answers_one(verb, line, _):
        if verb != b"dot":
            return None
        return b"450 4.2.0 later\r\n" if line in grey else b""

    to = ("b@example.net", "a@example.net")
    for answer, order, lmtp in ((puts_off, to, ()),
                                (takes_one, to[::-1], ()),
                                (answers_one, to, ("protocol lmtp",))):
        with House("partial_delivery on", *lmtp) as house:
            house.send("1@x", *order)
            path, = house.files("new")
            with Sink(answer, lmtp=bool(lmtp)) as sink:
                house.lead_to(sink.port)
                for _ in range(3):
                    make_due(house, path)
                    yield from fault_of(house.flush(), 0)
            yield from differs(f"{answer.__name__}: new", house.files("new"),
                               [path])
            if b"rejected" in house.journal(path):
                yield f"journal: {house.journal(path)}"
            with Sink(lmtp=bool(lmtp)) as sink:
                house.lead_to(sink.port)
                make_due(house, path)
                result = house.flush()
                yield from fault_of(result, 69)
                yield from differs(f"{answer.__name__}: sent", [
                    copy.recipients for copy in sink.copies], [[grey[1:-1]]])
            if b"given up: delivery outcome unknown" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("failed", given_up(house),
                               [(doubt[1:-1].decode(),)])


def those_in_doubt_stay_given_up_while_the_server_is_down():
    with House("partial_delivery on") as house:
        house.send("1@x", "a@example.net", "b@example.net")
        path, = house.files("new")
        with open(os.path.join(house.outbox, "journal",
                               os.path.basename(path)), "wb") as file:
            file.write(b"reading 1\ntrying 1\nending 1 1\n"
                       b"unknown 1 1 lost\n" * 3)
        house.lead_to(1)
        yield from fault_of(house.flush(), 69)
        for _ in range(4):
            yield from fault_of(house.flush(), 0)
        yield from differs("new", house.files("new"), [path])
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
            yield from differs("sent", [copy.recipients for copy in
                                        sink.copies], [[b"b@example.net"]])


def kill_at(house, event):
    with subprocess.Popen(
            [os.environ["ONEHOP"], "-C", house.run_.config, "-q"],
            env=house.run_.environment) as run:
        if not event.wait(SECONDS):
            yield "no second transaction"
        run.kill()


def a_run_killed_in_the_second_transaction_doubles_nothing():
    """The second MAIL is never answered."""
    begun, killed = threading.Event(), threading.Event()

    def answer(verb, line, sink):
        if verb == b"MAIL" and sink.copies and not killed.is_set():
            begun.set()
            killed.wait(SECONDS)
        if verb == b"RCPT" and b"<b@" in line and not sink.copies:
            return b"452 4.5.3 too many\r\n"
        return None

    with House("partial_delivery on") as house, Sink(answer) as sink:
        house.send("1@x", "a@example.net", "b@example.net")
        house.lead_to(sink.port)
        yield from kill_at(house, begun)
        killed.set()
        yield from fault_of(house.flush(), 0)
        yield from differs("sent", [copy.recipients for copy in sink.copies],
                           [[b"a@example.net"], [b"b@example.net"]])


def refused_by_lmtp_ahead_of_the_kill_is_no_doubt():
    """The only recipient of the first transaction was put off."""
    begun, killed = threading.Event(), threading.Event()

    def answer(verb, line, sink):
        if verb == b"MAIL" and sink.copies:
            begun.set()
            killed.wait(SECONDS)
        if verb == b"RCPT" and b"<b@" in line and not sink.copies:
            return b"452 4.5.3 too many\r\n"
        if verb == b"dot":
            sink.copies.append(line)
            return b"450 4.2.0 later\r\n"
        return None

    with House("partial_delivery on", "protocol lmtp") as house, \
            Sink(answer, lmtp=True) as sink:
        house.send("1@x", "a@example.net", "b@example.net")
        house.lead_to(sink.port)
        yield from kill_at(house, begun)
        killed.set()
        path, = house.files("new")
        last = house.journal(path).splitlines()[-1]
        yield from differs("last line", last.split()[0], b"trying")


class Weary:
    """Carries one message in the first session, and refuses every recipient
    after that; what later sessions answer is known by verb."""

    LIMIT = b"550 5.7.1 too many messages in this session\r\n"

    def __init__(self, later):
        self.later = later
        self.session = self.taken = 0

    def __call__(self, verb, line, sink):
        if verb == b"greeting":
            self.session += 1
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=1\r\n"
        if verb == b"MAIL":
            self.taken = 0
        if self.session > 1:
            for word, reply in self.later:
                if (verb + b" " + line).startswith(word):
                    return reply
        elif verb == b"RCPT" and sink.copies:
            return self.LIMIT
        if verb == b"DATA" and not self.taken:
            return b"554 5.5.1 no valid recipients\r\n"
        self.taken += verb == b"RCPT"
        return None


def after_another(house, sink):
    """Flushes a message for one recipient, then one for two."""
    yield from house.send_in_order(("1@x", "z@example.net"),
                                   ("2@x", "a@example.net", "b@example.net"))
    house.lead_to(sink.port)
    yield from fault_of(house.flush(), 0)


def a_refusal_of_a_session_that_is_given_up_is_none():
    """What the new session says counts."""
    grey = Weary([(b"RCPT RCPT TO:<a@", b"450 4.2.0 later\r\n")])
    with House("partial_delivery on") as house, Sink(grey) as sink:
        yield from after_another(house, sink)
        path, = house.files("new")
        if b"\nrefused " in house.journal(path):
            yield f"journal: {house.journal(path)}"
        yield from differs("copies", [copy.recipients for copy in
                                      sink.copies][1:], [[b"b@example.net"]])


def nor_is_it_one_if_there_is_no_new_session():
    closed = Weary([(b"greeting", b"421 4.7.0 too many connections\r\n")])
    with House("partial_delivery on") as house, Sink(closed) as sink:
        yield from after_another(house, sink)
        yield from differs("files", (
            len(house.files("new")), len(house.files("failed"))), (1, 0))


def a_reply_of_lmtp_too_many_is_not_one_to_the_next_message():
    """The server owes a reply when the first one makes no sense."""
    def answer(verb, line, sink):
        if verb == b"dot" and line == b"a@example.net":
            return b"354 what\r\n"
        if verb == b"dot" and line == b"c@example.net":
            return b"550 5.6.0 refused\r\n"
        return None

    with House("protocol lmtp") as house, Sink(answer, lmtp=True) as sink:
        yield from house.send_in_order(
            ("1@x", "a@example.net", "b@example.net"),
            ("2@x", "c@example.net"))
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 69)
        yield from differs("connections", sink.connections, 2)
        yield from differs("files", (
            len(house.files("new")), len(house.files("failed"))), (1, 1))


def main():
    tap = Tap()
    for test in (only_those_in_doubt_are_given_up,
                 those_in_doubt_stay_given_up_while_the_server_is_down,
                 a_run_killed_in_the_second_transaction_doubles_nothing,
                 refused_by_lmtp_ahead_of_the_kill_is_no_doubt,
                 a_refusal_of_a_session_that_is_given_up_is_none,
                 nor_is_it_one_if_there_is_no_new_session,
                 a_reply_of_lmtp_too_many_is_not_one_to_the_next_message):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
