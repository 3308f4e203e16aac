#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL at every system call of a run that queues, of one that flushes and
of one that submits; then a run that recovers. Nothing is lost that somebody
was told is safe, nothing torn, and twice only where the journal says that the
outcome is unknown."""

import concurrent.futures
import json
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


def calls(run, start):
    """(name, k) of the system calls of a run, from that on which reads its
    config: before it does, there is nothing of ours to lose."""
    house, sink = start()
    with house, sink:
        trace = os.path.join(house.home, "trace")
        result = run(house, sink, ["strace", "-o", trace])
        if result.status not in (0, 69):
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


# Calls that change the outbox, or say something to somebody.
CHANGES = ("write", "pwrite64", "sendto", "sendmsg", "writev", "fsync",
           "fdatasync", "ftruncate", "fallocate", "unlink", "unlinkat",
           "linkat", "renameat", "renameat2", "flock", "read", "recvfrom")

THREE = ("ok@example.net", "later@example.net", "never@example.net")

DIALOGUE = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n" + b"".join(
    b"RCPT TO:<%s>\r\n" % to.encode() for to in THREE) +
    b"DATA\r\n%s.\r\nQUIT\r\n" % WIRE)


class Division:
    """One recipient is accepted, one put off until the end, one refused."""

    def __init__(self, lmtp, run):
        self.lmtp = lmtp
        self.run = run
        self.stage = b"dot" if lmtp else b"RCPT"
        self.config = "protocol lmtp" if lmtp else "partial_delivery on"
        self.recovering = False

    def answer(self, verb, line, _):
        if verb == self.stage and b"never@" in line:
            return b"550 5.1.1 never\r\n"
        if verb == self.stage and b"later@" in line and not self.recovering:
            return b"450 4.2.1 later\r\n"
        return None

    def start(self):
        return House(self.config), self.sink()

    def sink(self):
        self.recovering = False
        return Sink(self.answer, lmtp=self.lmtp)

    def recover(self, house, sink):
        self.recovering = True
        house.lead_to(sink.port)
        for _ in range(3):
            result = house.run("--outbox", "retry", "all")
            if result.status not in (0, 75):
                yield f"retry: {result.status}: {result.stderr!r}"
            house.flush()
        yield from differs("new", house.files("new"), [])

    def balance(self, house, sink, doubtful, safe):
        """Who has it; the refused one is told if the message was safe."""
        copies = [to.decode() for copy in sink.copies
                  for to in copy.recipients]
        for to in THREE[:2]:
            if safe and to not in copies:
                yield f"lost for {to}"
            if copies.count(to) > 1 + doubtful:
                yield f"sent {copies.count(to)} times to {to}"
        if THREE[2] in copies:
            yield "sent to whom the server refuses"
        left = [tuple(found["recipients"]) for found in json.loads(
            house.run("--outbox", "list", "--json").stdout)]
        if safe and left != [(THREE[2],)]:
            yield f"given up for {left}"


def flush_three(house, sink, wrapper):
    house.send(NAME, *THREE)
    house.lead_to(sink.port)
    return house.flush(wrapper)


def serve_three(house, sink, wrapper):
    house.lead_to(sink.port)
    return house.run("-bs", stdin=DIALOGUE, wrapper=wrapper)


def kill_division(division, name, k):
    case = Division(division.lmtp, division.run)
    house, sink = case.start()
    with house, sink:
        result = case.run(house, sink, [
            "strace", "-o", os.devnull, "-e", f"trace={name}",
            "-e", f"inject={name}:signal=KILL:when={k}"])
        # -bs: a client that has no reply sends its message again
        safe = case.run is flush_three
        if not safe and not house.files("new"):
            return
        doubtful = is_doubtful(house) or not safe
        yield from case.recover(house, sink)
        yield from case.balance(house, sink, doubtful, safe)
        if result.hung:
            yield "it hung"


def kill_divisions(lmtp, run):
    """At every call that changes something."""
    division = Division(lmtp, run)
    points = [point for point in calls(run, division.start)
              if point[0] in CHANGES]
    if len(points) < 20:
        yield f"only {len(points)} system calls were met"
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for point, faults in zip(points, pool.map(
                lambda point: list(kill_division(division, *point)),
                points)):
            for fault in faults:
                yield f"killed at {point[0]} {point[1]}: {fault}"


def kill_everywhere(run):
    points = list(calls(run, lambda: (House(), Sink())))
    if len(points) < 30:
        yield f"only {len(points)} system calls were met"
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for point, faults in zip(points, pool.map(
                lambda point: list(kill(run, *point)), points)):
            for fault in faults:
                yield f"killed at {point[0]} {point[1]}: {fault}"


def one_given_up_is_not_sent_again():
    """The run was killed between the line that says so and the move."""
    with House("logfile on") as house, Sink() as sink:
        house.send(NAME)
        path, = house.files("new")
        with open(os.path.join(house.outbox, "journal",
                               os.path.basename(path)), "wb") as file:
            file.write(b"ending 1\nunknown 1 1 lost\n" * 2 +
                       b"ending 1\nfailed 1 lost thrice\n")
        before = house.journal(path)
        house.lead_to(sink.port)
        result = house.flush()
        yield from differs("status", result.status, 69)
        if b" given up: lost thrice\n" not in result.stderr:
            yield f"stderr: {result.stderr!r}"
        yield from differs("connections", sink.connections, 0)
        yield from differs("new", house.files("new"), [])
        yield from differs("failed", len(house.files("failed")), 1)
        yield from differs("journal", house.journal(path), before)


def main():
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    tap = Tap()
    for run in (queue, flush, submit):
        tap.run(f"SIGKILL at every system call of a run that does: "
                f"{run.__name__}", kill_everywhere, run)
    for lmtp in (False, True):
        for run in (flush_three, serve_three):
            tap.run(f"one accepted, one put off, one refused, "
                    f"{'LMTP' if lmtp else 'SMTP'}: {run.__name__}",
                    kill_divisions, lmtp, run)
    tap.run("killed as it gives up a message", one_given_up_is_not_sent_again)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
