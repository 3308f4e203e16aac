#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of one account says nothing: the other accounts are flushed, its
own have one session, and their other messages can be retried or removed."""

import os
import sys
import threading

# pylint: disable=wrong-import-position
from first import wait_for
from house import SECONDS, House, Sink, differs, fault_of
from tap import Tap


class Silence:
    """A smarthost that says nothing until it is told to."""

    def __init__(self):
        self.met = threading.Event()
        self.over = threading.Event()

    def answer(self, verb, *_):
        if verb == b"greeting":
            self.met.set()
            self.over.wait(SECONDS)


class Street:
    """Two accounts: the server of "default" answers, that of "slow" does not
    until the block is left; a flush is waiting for it. flush() is the result
    of that flush. The messages of slow are named 0@x, 1@x and 2@x; those
    of default are given."""

    def __init__(self, *names):
        self.names = names
        self.silence = Silence()
        self.house = House()
        self.sink = Sink()
        self.slow = Sink(self.silence.answer)
        self.flushed = None

    def __enter__(self):
        self.sink.__enter__()
        self.slow.__enter__()
        self.house.lead_to(1, "account slow : default")
        for i in range(3):
            self.send(f"{i}@x", "slow")
        for name in self.names:
            self.send(name)
        self.house.lead_to(self.sink.port, "account slow : default",
                           f"port {self.slow.port}")
        self.thread = threading.Thread(target=self._flush)
        self.thread.start()
        if not self.silence.met.wait(SECONDS):
            raise RuntimeError("the slow server was not asked")
        return self

    def _flush(self):
        self.flushed = self.run("-q")

    def run(self, *args, stdin=b""):
        """A run beside others: House has one at a time."""
        other = House()
        try:
            other.run_.environment["HOME"] = self.house.home
            other.run_.config = self.house.run_.config
            return other.run(*args, stdin=stdin)
        finally:
            other.run_.clean()

    def send(self, name, account="default"):
        return self.house.send(name, "-a", account, "you@example.net")

    def finish(self):
        self.silence.over.set()
        self.thread.join()
        return self.flushed

    def __exit__(self, *_):
        self.finish()
        self.sink.__exit__()
        self.slow.__exit__()
        self.house.__exit__()


def ids(house):
    return [os.path.basename(path) for path in house.files("new")]


def queue_for_default(street):
    """Queues a message of the account whose server answers."""
    port = street.sink.port
    street.house.lead_to(1, "account slow : default",
                         f"port {street.slow.port}")
    yield from fault_of(street.send("good@x"), 0)
    street.house.lead_to(port, "account slow : default",
                         f"port {street.slow.port}")


def the_other_account_is_flushed():
    with Street() as street:
        yield from queue_for_default(street)
        result = street.house.flush()
        yield from fault_of(result, 0)
        yield from differs("stderr", result.stderr, b"")
        yield from differs("copies", street.sink.count(), {"good@x": 1})
        yield from differs("new", len(street.house.files("new")), 3)
        yield from fault_of(street.finish(), 0)
        yield from differs("copies of slow", street.slow.count(),
                           {f"{i}@x": 1 for i in range(3)})


def a_flush_that_waits_for_one_server_holds_no_other_site():
    with Street("first@x") as street:
        if not wait_for(lambda: len(street.house.files("new")) == 3):
            yield "the first message is not sent"
        yield from queue_for_default(street)
        # its process may not have ended yet
        if not wait_for(lambda: street.house.flush().status == 0 and
                        len(street.house.files("new")) == 3):
            yield "the second message is not sent"
        yield from differs("copies", street.sink.count(),
                           {"first@x": 1, "good@x": 1})
        yield from fault_of(street.finish(), 0)


def a_site_has_one_session():
    with Street() as street:
        for _ in range(3):
            yield from fault_of(street.house.flush(), 0)
        yield from fault_of(street.house.run("-qf"), 0)
        yield from differs("connections", street.slow.connections, 1)
        yield from fault_of(street.finish(), 0)
        yield from differs("connections", street.slow.connections, 1)
        yield from differs("copies", street.slow.count(),
                           {f"{i}@x": 1 for i in range(3)})


def a_message_that_is_not_tried_can_be_removed():
    with Street() as street:
        yield from fault_of(street.house.run(
            "--outbox", "remove", ids(street.house)[-1]), 0)
        yield from differs("new", len(street.house.files("new")), 2)
        yield from fault_of(street.finish(), 0)
        yield from differs("copies", sum(street.slow.count().values()), 2)
        yield from differs("new", street.house.files("new"), [])


def all_that_are_not_tried_can_be_retried():
    with Street() as street:
        yield from fault_of(street.house.run("--outbox", "retry", "all"), 0)
        retried = sum(b"retried" in street.house.journal(path)
                      for path in street.house.files("new"))
        yield from differs("retried", retried, 2)
        yield from fault_of(street.finish(), 0)
        yield from differs("copies", street.slow.count(),
                           {f"{i}@x": 1 for i in range(3)})


def the_lock_goes_with_the_run():
    with Street() as street:
        locks = [name for name in os.listdir(street.house.outbox)
                 if name.startswith("site-")]
        yield from differs("locks", len(locks), 1)
        street.finish()
        yield from fault_of(street.house.flush(), 0)
        yield from differs("locks", [
            name for name in os.listdir(street.house.outbox)
            if name.startswith("site-")], [])


def main():
    tap = Tap()
    for test in (the_other_account_is_flushed,
                 a_flush_that_waits_for_one_server_holds_no_other_site,
                 a_site_has_one_session,
                 a_message_that_is_not_tried_can_be_removed,
                 all_that_are_not_tried_can_be_retried,
                 the_lock_goes_with_the_run):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
