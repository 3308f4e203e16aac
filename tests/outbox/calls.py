#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flush, a message that is queued, and mailq cost, in system calls:
syncs, octets read of the messages, and calls for each message that waits. No
time is measured."""

import collections
import json
import os
import re
import shutil
import sys
import time

# pylint: disable=wrong-import-position
from house import House, Sink, differs, fault_of, message, rewrite
from tap import Tap, skip_all

SYNCS = ("fsync", "fdatasync", "syncfs", "sync", "sync_file_range", "msync")
LONG = b"x" * 70 + b"\n"
# "<... fsync resumed>) = 0": another thread made a call meanwhile
CALL = re.compile(
    r"(?:\d+ +)?(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)\) += (-?\d+)")


class Calls:
    """The system calls of a run, and of its processes."""

    def __init__(self, house, *args, stdin=b""):
        trace = os.path.join(house.home, "trace")
        self.result = house.run(*args, stdin=stdin, wrapper=[
            "strace", "-f", "-y", "-s", "0", "-o", trace])
        with open(trace, encoding="ascii", errors="replace") as file:
            self.calls = [found.groups() for found in map(CALL.match, file)
                          if found]
        self.number = collections.Counter(name for name, _, _ in self.calls)

    @property
    def syncs(self):
        return sum(self.number[name] for name in SYNCS)

    @property
    def read(self):
        """Octets read of queued messages."""
        return sum(int(result) for call, arguments, result in self.calls
                   if call in ("read", "pread64", "readv") and
                   re.match(r"\d+<[^>]*/new/", arguments))


def multiply(house, n):
    """Puts n copies of the one waiting message into the outbox."""
    path, = house.files("new")
    with open(path, "rb") as file:
        whole = file.read()
    for i in range(n - 1):
        copy = os.path.join(os.path.dirname(path),
                            "20261123T125500Z-%016x" % i)
        with open(copy, "wb", opener=lambda name, flags: os.open(
                name, flags, 0o600)) as file:
            file.write(whole)


def waiting(n, body=LONG):
    """A house with n messages that nobody has taken yet."""
    house = House()
    house.send("1@x", body=body)
    multiply(house, n)
    return house


def put_off(house):
    """None of the messages is due."""
    for path in house.files("new"):
        rewrite(path, lambda records: re.sub(
            rb"(queued \d+\n)", rb"\1due %d\n" % (time.time() + 3600),
            records))


def a_drain_shares_its_syncs():
    """One a message; for 32, one for the names of their journals and one when
    they are gone."""
    for n in (1, 2, 10, 100):
        with waiting(n) as house, Sink() as sink:
            house.lead_to(sink.port)
            calls = Calls(house, "-q")
            yield from fault_of(calls.result, 0)
            yield from differs("copies", len(sink.copies), n)
            allowed = n + 2 * ((n + 31) // 32)
            if not n < calls.syncs <= allowed:
                yield (f"{n} messages: {calls.syncs} syncs, not "
                       f"{n + 1} to {allowed}")


def journals(house):
    return sum(os.path.getsize(path) for path in house.files("journal"))


def without_a_server_it_costs_nothing():
    """No sync, and of the contents, that of one message is read."""
    n, size = 200, 100 * (len(LONG) + 1)
    with waiting(n, 100 * LONG) as house:
        for _ in range(3):
            calls = Calls(house, "-q")
            yield from fault_of(calls.result, 0)
            yield from differs("syncs", calls.syncs, 0)
            yield from differs("journals", journals(house), 0)
            # 4 KiB with the records of each, and one message for a try
            if calls.read > n * 4096 + 5 * size:
                yield f"{calls.read} octets read"


def where_none_is_due_nothing_is_written():
    n = 200
    with waiting(n, 100 * LONG) as house:
        put_off(house)
        calls = Calls(house, "-q")
        yield from fault_of(calls.result, 0)
        yield from differs("syncs", calls.syncs, 0)
        yield from differs("journals", house.files("journal"), [])
        if calls.read > (n + 1) * 4096:
            yield f"{calls.read} octets read"
        for name, number in calls.number.items():
            if number > n + 100:  # once for each message, and the start
                yield f"{name}: {number} calls"


def queueing_costs_two_syncs_however_many_wait():
    costs = []
    for n in (10, 1000):
        with waiting(n) as house:
            house.send("first@x")  # writes the tally
            calls = Calls(house, "-i", "you@example.net",
                          stdin=message("1@x"))
            yield from fault_of(calls.result, 0)
            yield from differs("syncs", calls.syncs, 2)
            # a directory of 1000 names is read by more getdents64()
            del calls.number["getdents64"]
            costs.append(sum(calls.number.values()))
    if costs[1] > costs[0] + 20:
        yield f"{costs} calls"


def without_a_connection_nothing_is_forked():
    """The process that would flush the outbox."""
    for there, forks in ((False, 0), (True, 2)):
        with waiting(3) as house, Sink() as sink:
            if there:
                house.lead_to(sink.port)
            calls = Calls(house, "-i", "you@example.net",
                          stdin=message("1@x"))
            yield from fault_of(calls.result, 0)
            yield from differs("forks", calls.number["clone"] +
                               calls.number["clone3"] +
                               calls.number["fork"], forks)


def retry_is_on_disk():
    """What the user has asked for survives a power cut: the journal's line,
    and the name of a journal that was not there before."""
    with waiting(1) as house:
        name = os.path.basename(house.files("new")[0])
        calls = Calls(house, "--outbox", "retry", name)
        yield from fault_of(calls.result, 0)
        synced = [arguments.partition("<")[2].rstrip(">").rpartition("/")[2]
                  for call, arguments, _ in calls.calls if call in SYNCS]
        yield from differs("synced", synced, [name, "journal"])


def mailq_reads_no_contents():
    n = 200
    with waiting(n, 100 * LONG) as house:
        calls = Calls(house, "--outbox", "list")
        yield from fault_of(calls.result, 0)
        yield from differs("syncs", calls.syncs, 0)
        if calls.read > (n + 1) * 4096:
            yield f"{calls.read} octets read"


def mailq_writes_a_long_list_as_it_goes():
    """More than the 64 KiB that it collects, as text and as JSON."""
    n = 800
    with waiting(n) as house:
        text = house.run("--outbox", "list")
        yield from fault_of(text, 0)
        yield from differs("IDs", len(set(re.findall(
            rb"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}", text.stdout))), n)
        found = house.run("--outbox", "list", "--json")
        yield from fault_of(found, 0)
        yield from differs("JSON", len(json.loads(found.stdout)), n)
        if min(len(text.stdout), len(found.stdout)) < 2 * 65536:
            yield f"{len(text.stdout)} and {len(found.stdout)} octets"


def journals_count_for_the_size():
    with waiting(1) as house:
        path, = house.files("new")
        journal = os.path.join(house.outbox, "journal",
                               os.path.basename(path))
        with open(journal, "wb") as file:
            file.write(b"noted 1\n" * 200000)
        os.unlink(os.path.join(house.outbox, "tally"))
        house.lead_to(1, "outbox_max_size 1")
        result = house.send("2@x")
        yield from fault_of(result, 75)
        if b"outbox full" not in result.stderr:
            yield f"stderr: {result.stderr!r}"


def main():
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    tap = Tap()
    for test in (a_drain_shares_its_syncs,
                 without_a_server_it_costs_nothing,
                 where_none_is_due_nothing_is_written,
                 queueing_costs_two_syncs_however_many_wait,
                 without_a_connection_nothing_is_forked,
                 retry_is_on_disk, mailq_reads_no_contents,
                 mailq_writes_a_long_list_as_it_goes,
                 journals_count_for_the_size):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
