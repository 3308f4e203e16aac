#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble that the owner of the outbox can fix: the message is kept, and told
of until it is fixed."""

import os
import sys
import time

# pylint: disable=wrong-import-position
from house import House, Sink, differs, fault_of, message
from tap import Tap

PASSWORD = ("auth plain", "user me")

# The config that cannot be used, and what is said of it.
SLIPS = {
    "an unknown key": (["hots x"], b'unknown key "hots"'),
    "a value out of range": (["timeout abc"], b"timeout: expected"),
    "a command that fails": (["eval exit 3"], b"exit status 3"),
    "no host": (["host"], b"host"),
    "keys that do not fit together": (
        ["tls_starttls on", "protocol lmtp", "host srv:example.org"], b""),
}


def offers_auth(verb, *_):
    return b"250-sink\r\n250 AUTH PLAIN\r\n" if verb == b"EHLO" else None


def a_slip_in_the_file_queues():
    for name, (lines, words) in SLIPS.items():
        with House() as house, Sink() as sink:
            house.lead_to(sink.port, *lines)
            result = house.send("1@x")
            yield from fault_of(result, 0)
            if not result.stderr.startswith(b"onehop: queued as ") or \
                    words not in result.stderr:
                yield f"{name}: {result.stderr!r}"
            for _ in range(2):
                result = house.flush()
                yield from fault_of(result, 78)
                if words not in result.stderr or \
                        b"hint: fix the configuration" not in result.stderr:
                    yield f"{name}: {result.stderr!r}"
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs(f"{name}: copies", sink.count(), {"1@x": 1})


def a_client_of_bs_is_promised_that_too():
    dialogue = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n"
                b"RCPT TO:<you@example.net>\r\nDATA\r\n%s.\r\nQUIT\r\n"
                % message("1@x").replace(b"\n", b"\r\n"))
    with House() as house, Sink() as sink:
        house.lead_to(sink.port, "hots x")
        result = house.run("-bs", stdin=dialogue)
        if b"\r\n250 2.0.0 Ok: queued as " not in result.stdout:
            yield f"replies: {result.stdout!r}"
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def a_file_that_names_no_outbox_is_an_error():
    """Nor a command line that is wrong."""
    with House() as house:
        for args, lines, status in (
                ((), ["outbox off", "hots x"], 78),
                (("-a", "none"), [], 78),
                (("--port=99999",), [], 64)):
            house.lead_to(1, *lines)
            yield from fault_of(house.send("1@x", *args, "you@example.net"),
                                status)
        yield from differs("new", house.files("new"), [])


def a_command_may_ask_for_another_try():
    """Exit status 75: with an outbox the message is queued, without it is
    the status of the run."""
    for outbox, status in (("on", 0), ("off", 75)):
        with House(*PASSWORD, "passwordeval exit 75",
                   f"outbox {outbox}") as house, Sink(offers_auth) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.send("1@x"), status)
            yield from differs("new", len(house.files("new")),
                               int(outbox == "on"))
            yield from fault_of(house.flush(), 0)


def each_flush_names_account_and_remedy():
    """A password that cannot be had, or is refused."""
    def refuses(verb, *_):
        return b"535 5.7.8 no\r\n" if verb == b"AUTH" else \
            offers_auth(verb)

    for lines, answer, status, words in (
            (["passwordeval exit 1"], offers_auth, 78, b"exit status 1"),
            (["passwordeval echo x"], refuses, 77, b"535 5.7.8")):
        with House(*PASSWORD, *lines) as house, Sink(answer) as sink:
            house.lead_to(sink.port)
            result = house.send("1@x")
            yield from fault_of(result, 0)
            if words not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            for _ in range(3):
                result = house.flush()
                yield from fault_of(result, status)
                for part in (b'account "default"', words, b"hint: "):
                    if part not in result.stderr:
                        yield f"lacks {part!r}: {result.stderr!r}"


def an_edited_file_ends_the_pause():
    """After a refused login; the fix need not wait for an hour."""
    right = []

    def refuses(verb, *_):
        if verb == b"AUTH" and not right:
            return b"535 5.7.8 no\r\n"
        return b"235 2.7.0 yes\r\n" if verb == b"AUTH" else \
            offers_auth(verb)

    with House(*PASSWORD, "password x") as house, Sink(refuses) as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.send("1@x"), 0)
        yield from fault_of(house.flush(), 77)
        right.append(True)
        tried = sink.connections
        yield from fault_of(house.flush(), 77)
        yield from differs("connections", sink.connections, tried)
        later = time.time() + 2
        os.utime(house.run_.config, (later, later))
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def main():
    tap = Tap()
    for test in (a_slip_in_the_file_queues,
                 a_client_of_bs_is_promised_that_too,
                 a_file_that_names_no_outbox_is_an_error,
                 a_command_may_ask_for_another_try,
                 each_flush_names_account_and_remedy,
                 an_edited_file_ends_the_pause):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
