#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of one account says nothing: the other accounts are flushed, its
own have one session, and their other messages can be retried or removed."""

import concurrent.futures
import fcntl
import os
import pty
import signal
import subprocess
import sys
import threading

# pylint: disable=wrong-import-position
from first import wait_for
import onehop
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


def has_open(house, path):
    """Does the run have the file open?"""
    process = house.run_.process
    folder = f"/proc/{process.pid if process else 0}/fd"
    try:
        return path in (os.readlink(os.path.join(folder, name))
                        for name in os.listdir(folder))
    except OSError:
        return False


def while_a_run_awaits_the_lock(act):
    """A user removes the one message, whose journal another run has locked;
    meanwhile act(path, outbox) is done with its file."""
    with House() as house:
        house.send("1@x")
        path, = house.files("new")
        name = os.path.join(house.outbox, "journal", os.path.basename(path))
        with open(name, "ab", opener=lambda name, flags: os.open(
                name, flags, 0o600)) as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                removed = pool.submit(house.run, "--outbox", "remove",
                                      os.path.basename(path))
                if sys.platform == "linux" and not wait_for(
                        lambda: has_open(house, name)):
                    yield "the journal is not opened"
                act(path, house.outbox)
                fcntl.flock(journal, fcntl.LOCK_UN)
                yield removed.result()
        yield house.files("new") + house.files("failed")


def a_message_that_moves_is_followed():
    *faults, result, left = while_a_run_awaits_the_lock(
        lambda path, outbox: os.rename(path, os.path.join(
            outbox, "failed", os.path.basename(path))))
    yield from faults
    yield from fault_of(result, 0)
    yield from differs("left", left, [])


def a_message_that_is_gone_is_told():
    *faults, result, _ = while_a_run_awaits_the_lock(
        lambda path, outbox: os.unlink(path))
    yield from faults
    yield from fault_of(result, 66)
    if b"has left the outbox" not in result.stderr:
        yield f"stderr: {result.stderr!r}"


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


def two_accounts(house, *ports):
    """A message of each of two accounts, and where their servers are now."""
    house.lead_to(1, "account other : default")
    for account in ("default", "other"):
        result = house.send(f"{account}@x", "-a", account, "you@example.net")
        if result.status != 0:
            raise RuntimeError(result.stderr)
    house.lead_to(ports[0], "account other : default", f"port {ports[1]}")


def a_signal_ends_the_sessions_of_all_accounts():
    silences = Silence(), Silence()
    with House() as house, Sink(silences[0].answer) as one, \
            Sink(silences[1].answer) as other:
        two_accounts(house, one.port, other.port)
        house.run_.start(["-q"], b"")
        for silence in silences:
            if not silence.met.wait(SECONDS):
                yield "a server was not asked"
        house.run_.signal(signal.SIGTERM)
        result = house.run_.finish(SECONDS / 6)
        yield from fault_of(result, -signal.SIGTERM)
        if result.orphans:
            yield "it left processes behind"
        for silence in silences:
            silence.over.set()
        yield from differs("new", len(house.files("new")), 2)
        for path in house.files("new"):
            yield from differs("journal", house.journal(path), b"")


def a_signal_counts_whoever_has_ended_by_then():
    """The order of the accounts is that of a directory: any."""
    for _ in range(4):
        silence = Silence()
        with House() as house, Sink() as good, \
                Sink(silence.answer) as silent:
            two_accounts(house, good.port, silent.port)
            house.run_.start(["-q"], b"")
            if not silence.met.wait(SECONDS):
                yield "the silent server was not asked"
            if not wait_for(lambda: len(house.files("new")) == 1):
                yield "the other message is not sent"
            house.run_.signal(signal.SIGTERM)
            yield from fault_of(house.run_.finish(SECONDS / 6),
                                -signal.SIGTERM)
            silence.over.set()


def what_the_accounts_report_is_told_together():
    """Each process has its own log, counts and complaints."""
    def no_user(verb, *_):
        return b"550 5.1.1 nobody\r\n" if verb == b"RCPT" else None

    with House() as house, Sink() as good, Sink(no_user) as bad:
        missing = os.path.join(house.home, "missing", "log")
        two_accounts(house, good.port, bad.port)
        house.lead_to(good.port, f"logfile {missing}",
                      "account other : default", f"port {bad.port}")
        result = house.flush()
        yield from fault_of(result, 69)
        lines = result.stderr.decode().splitlines()
        yield from differs("complaints", sum("5.1.1 nobody" in line
                                             for line in lines), 1)
        yield from differs("faults of the log", sum(
            missing in line for line in lines), 1)
        yield from differs("copies", good.count(), {"default@x": 1})
        yield from differs("failed", len(house.files("failed")), 1)


def what_they_send_is_counted_together():
    def later(verb, *_):
        return b"451 4.3.0 later\r\n" if verb == b"RCPT" else None

    with House() as house, Sink() as good, Sink(later) as tired:
        two_accounts(house, good.port, tired.port)
        yield from differs("told", counts_of(house),
                           "onehop: 1 sent, 1 waiting, 0 given up")
    with House() as house, Sink() as good:
        two_accounts(house, good.port, 1)
        told = counts_of(house)
        if not told.startswith("onehop: 1 sent, 1 waiting, 0 given up: ") or \
                "refused" not in told:
            yield f"told: {told}"


def counts_of(house):
    """What a flush on a terminal tells last."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [onehop.PROGRAM, "-C", house.run_.config, "-q"], stderr=theirs,
        stdin=subprocess.DEVNULL, env=house.run_.environment)
    os.close(theirs)
    said = b""
    try:
        while True:
            said += os.read(ours, 65536)
    except OSError:  # its other end is closed
        pass
    os.close(ours)
    run.wait(SECONDS)
    return said.decode().splitlines()[-1]


def main():
    tap = Tap()
    for test in (the_other_account_is_flushed,
                 a_flush_that_waits_for_one_server_holds_no_other_site,
                 a_site_has_one_session,
                 a_message_that_is_not_tried_can_be_removed,
                 all_that_are_not_tried_can_be_retried,
                 a_message_that_moves_is_followed,
                 a_message_that_is_gone_is_told,
                 the_lock_goes_with_the_run,
                 a_signal_ends_the_sessions_of_all_accounts,
                 a_signal_counts_whoever_has_ended_by_then,
                 what_the_accounts_report_is_told_together,
                 what_they_send_is_counted_together):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
