#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL at every system call of a run that queues, of one that flushes and
of one that submits; then a run that recovers. Nothing is lost that somebody
was told is safe, nothing torn, and twice only where the journal says that the
outcome is unknown."""

import concurrent.futures
import os
import re
import shutil
import signal
import sys

# pylint: disable=wrong-import-position
from house import House, Sink, differs, message
from tap import Tap, skip_all

WORKERS = 4
NAME = "1@x"
WIRE = message(NAME).replace(b"\n", b"\r\n")


def queue(house, _, wrapper):
    return house.send(NAME, wrapper=wrapper)


def flush(house, sink, wrapper):
    house.send(NAME)
    house.lead_to(sink.port)
    return house.flush(wrapper)


def submit(house, sink, wrapper):
    house.lead_to(sink.port)
    return house.send(NAME, wrapper=wrapper)


def calls(run):
    """(name, k) of the system calls of a run, from that on which reads its
    config: before it does, there is nothing of ours to lose."""
    with House() as house, Sink() as sink:
        trace = os.path.join(house.home, "trace")
        result = run(house, sink, ["strace", "-o", trace])
        if result.status != 0:
            raise RuntimeError(f"{result.status}: {result.stderr!r}")
        with open(trace, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
        config = house.run_.config
    begun = False
    counts = {}
    for line in lines:
        found = re.match(r"(\w+)\(", line)
        if not found:
            continue
        name = found.group(1)
        counts[name] = counts.get(name, 0) + 1
        begun = begun or config in line and name == "openat"
        if begun:
            yield name, counts[name]


def is_doubtful(house):
    """Does a journal say that the outcome of the last try is unknown?"""
    return any(house.journal(path).rstrip().split(b"\n")[-1].startswith(
        b"ending ") for path in house.files("new"))


def recover(house, sink):
    """Two flushes: the first may find what the killed run has left."""
    house.lead_to(sink.port)
    for _ in range(2):
        result = house.flush()
        if result.status != 0:
            yield f"recovery: {result.status}: {result.stderr!r}"
    yield from differs("new", house.files("new"), [])
    yield from differs("failed", house.files("failed"), [])
    yield from differs("journals", house.files("journal"), [])


def kill(run, name, k):
    """One run that dies at the k-th call of that name."""
    wrapper = ["strace", "-o", os.devnull, "-e", f"trace={name}",
               "-e", f"inject={name}:signal=KILL:when={k}"]
    with House() as house, Sink() as sink:
        result = run(house, sink, wrapper)
        safe = result.status == 0 or run is flush
        if result.status not in (0, -signal.SIGKILL, 128 + signal.SIGKILL):
            yield f"exit status {result.status}: {result.stderr!r}"
        doubtful = is_doubtful(house)
        yield from recover(house, sink)
        copies = sink.count()[NAME]
        if safe and copies == 0:
            yield "it is lost"
        if copies > 1 + doubtful:
            yield f"sent {copies} times"
        for copy in sink.copies:
            yield from differs("content", copy.content, WIRE)


def kill_everywhere(run):
    points = list(calls(run))
    if len(points) < 30:
        yield f"only {len(points)} system calls were met"
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for point, faults in zip(points, pool.map(
                lambda point: list(kill(run, *point)), points)):
            for fault in faults:
                yield f"killed at {point[0]} {point[1]}: {fault}"


def main():
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    tap = Tap()
    for run in (queue, flush, submit):
        tap.run(f"SIGKILL at every system call of a run that does: "
                f"{run.__name__}", kill_everywhere, run)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
