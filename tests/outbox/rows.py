#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of faults.csv with the state outbox: what breaks under a queue, and
what must come of it. A row without a function here is a failure."""

import csv
import os
import shutil
import sys

# pylint: disable=wrong-import-position
import enqueue_rows
import flush_rows
import house  # pylint: disable=unused-import
from tap import Tap, skip_all

HERE = os.path.dirname(os.path.abspath(__file__))

# Shown by tests of their own.
ELSEWHERE = {"sigkill_at_every_syscall": "kill.py",
             "powercut_reorder": "powercut.py"}

def main():
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    tap = Tap()
    path = os.path.join(os.path.dirname(HERE), "faults", "faults.csv")
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file)
                if row["state"] == "outbox"]
    for row in rows:
        name = f"{row['id']}: {row['server_script']}"
        if row["fault"] in ELSEWHERE:
            there = os.path.join(HERE, ELSEWHERE[row["fault"]])
            tap.check(f"{name} ({ELSEWHERE[row['fault']]})",
                      [] if os.path.exists(there) else "no such test")
            continue
        test = getattr(enqueue_rows, row["fault"], None) or getattr(
            flush_rows, row["fault"], None)
        if test is None:
            tap.check(name, "no test knows this row")
        else:
            tap.run(name, test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
