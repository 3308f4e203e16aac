#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix with an outbox: one run of each row and mode. The columns
exit_with_outbox and outbox_if_enabled say what must come of it: queued once,
queued with doubts as the smarthost may have it, or reported as without."""

import concurrent.futures
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
# pylint: disable=wrong-import-position
import certs
import onehop
import run as matrix
from plan import HEAVY
from tap import Tap, skip_all

NEW = ".local/state/onehop/outbox/new"
ELSEWHERE = ("outbox", "log")  # states that are no faults of a session

# What a shim or a full disk does to the outbox too is no matter of the row.
LEFT_OUT = {
    "connect.socket_emfile": "without descriptors there is no outbox either",
}

# Noticed before the dot is sent: nobody has the message.
CERTAIN = ("data.premature_250_after_354",)


class Kept(matrix.Trial):
    """A run of the matrix in a home with an outbox."""

    def judge(self):
        row, result = self.plan.row, self.results[0]
        queued = self.entries()
        wanted = row["outbox_if_enabled"].startswith("enqueue")
        if result.status != int(row["exit_with_outbox"]):
            yield "exit %s, not %s" % (result.status, row["exit_with_outbox"])
        if len(queued) != wanted:
            yield "%d messages queued, not %d" % (len(queued), wanted)
        doubt = row["outbox_if_enabled"] == "enqueue_ambiguous" and \
            row["id"] not in CERTAIN
        for entry in queued:
            if (b"\ndoubts 1\n" in entry) != doubt:
                yield "doubts: %r" % entry[:400]
            if not re.search(rb"\nsha256 [0-9a-f]{64}\n\Z", entry):
                yield "the end of the entry is missing"
        if result.status == 0 and queued and result.stderr and \
                row["exit"] not in ("77", "78") and \
                "-d" not in self.plan.arguments:
            yield "queued, and words on stderr"

    def entries(self):
        folder = os.path.join(self.plan.process.home, NEW)
        found = []
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), "rb") as file:
                found.append(file.read())
        return found


def plans(row, authority):
    """The first plan of each mode that does what the row says as it is."""
    modes = set()
    for plan in matrix.plans_of(row, authority):
        if plan.mode in modes or plan.exit != int(row["exit"]) or \
                plan.parallel > 1 or plan.partial:
            continue
        modes.add(plan.mode)
        plan.config["outbox"] = "on"
        yield plan


def attempt(row, authority, shim):
    """What is wrong with the runs of a row; None if there are none."""
    faults, count = [], 0
    for plan in plans(row, authority):
        count += 1
        trial = Kept(plan, shim)
        found = trial.run()
        faults += ["%s: %s" % (plan.name, what) for what in found]
        if found:
            faults += ["    stderr: %r" % result.stderr
                       for result in trial.results]
    return faults if count else None


def main():
    if not os.access(onehop.PROGRAM, os.X_OK):
        skip_all("%s is not there" % onehop.PROGRAM)
    states = {row["state"] for row in matrix.read_all()} - set(ELSEWHERE)
    rows = [row for row in matrix.read_rows(states=states)
            if row["fault"] not in HEAVY and row["id"] not in LEFT_OUT]
    shim = os.path.join(os.environ.get("top_builddir", "."),
                        "tests", "lib", "shim.so")
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="onehop-certs-") as directory, \
            concurrent.futures.ThreadPoolExecutor(matrix.WORKERS) as pool:
        authority = certs.Authority(directory)
        for row, faults in zip(rows, pool.map(
                lambda row: attempt(row, authority, shim), rows)):
            if faults is not None:
                tap.check(row["id"], faults)
    if tap.number < 250:
        tap.check("rows", "only %d had a run" % tap.number)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
