#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power fails at any moment of a run that queues or flushes.

strace tells what the run did to the outbox. Whatever was not synced by then
may be on the disk or not: every subset of the changes of a directory, and of a
file's new octets none, some, all, or zeros in their place. Each such state is
made, and a flush has to recover from it: a message that somebody was told is
queued is sent, whole, and twice only where the journal says that the outcome
is unknown."""

import itertools
import os
import re
import shutil
import sys

# pylint: disable=wrong-import-position
from house import Copy, House, Sink, differs, message
from kill import THREE, Division
from tap import Tap, skip_all

NAME = "1@x"
WIRE = message(NAME).replace(b"\n", b"\r\n")
CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
PLACES = ("new", "failed", "journal")


def text_of(word):
    """A string or path of strace -xx."""
    return bytes.fromhex(word.strip().strip('"<>').replace("\\x", ""))


def path_of(word):
    """The path of a descriptor: "3<path>"."""
    found = re.search(r"\d+(<[^<>]*>)$", word.strip())
    return text_of(found.group(1)).decode() if found else "/"


class Disk:
    """What is in memory, and what of it is on the disk for sure."""

    def __init__(self, tree):
        self.files = dict(enumerate(tree.values()))  # number: octets
        self.synced = dict(self.files)
        self.names = {path: number for number, path in enumerate(tree)}
        self.kept = dict(self.names)   # names that are on the disk
        self.pending = []              # changes of names that may not be

    def create(self, path):
        number = len(self.files)
        self.files[number] = self.synced[number] = b""
        self.change([(path, number)])
        return number

    def change(self, change):
        """change: [(path, number or None)], which happens at once."""
        self.pending.append(change)
        self.names = applied(self.names, change)

    def sync_file(self, number):
        self.synced[number] = self.files[number]

    def sync_directory(self, place):
        done = [change for change in self.pending
                if any(path.startswith(place + "/") for path, _ in change)]
        for change in done:
            self.kept = applied(self.kept, change)
            self.pending.remove(change)

    def contents(self, number):
        """All that a file may hold."""
        synced, now = self.synced[number], self.files[number]
        if synced == now:
            return [now]
        more = len(now) - len(synced)
        return [synced, now[:len(synced) + more // 2], now,
                synced + b"\0" * more]

    def states(self):
        """All trees that may be found: tuples of (path, octets)."""
        for n in range(len(self.pending) + 1):
            for changes in itertools.combinations(self.pending, n):
                names = self.kept
                for change in changes:
                    names = applied(names, change)
                paths = sorted(names)
                for octets in itertools.product(
                        *(self.contents(names[path]) for path in paths)):
                    yield tuple(zip(paths, octets))


def applied(names, change):
    names = dict(names)
    for path, number in change:
        if number is None:
            names.pop(path, None)
        else:
            names[path] = number
    return names


class Replay:
    """A trace, call by call, upon a Disk."""

    def __init__(self, outbox, tree):
        self.outbox = outbox
        self.disk = Disk(tree)
        self.open = {}  # descriptor: a place, or a file's number

    def path(self, descriptor, word):
        """place/name, or None if it is not of the outbox."""
        place = os.path.relpath(path_of(descriptor), self.outbox)
        return f"{place}/{text_of(word).decode()}" \
            if place in PLACES else None

    def call(self, line):
        """Takes in one call. "sent" if it sent the end of the content."""
        found = CALL.search(line)
        if not found or int(found.group(3)) < 0:
            return None
        name, arguments = found.group(1), found.group(2).split(", ")
        handler = getattr(self, "do_" + name, None)
        return handler(arguments, line) if handler else None

    def number(self, word):
        return self.open.get(int(re.match(r"\d+", word).group()))

    def do_openat(self, arguments, line):
        result = int(CALL.search(line).group(3))
        path = self.path(arguments[0], arguments[1])
        self.open.pop(result, None)
        if path in self.disk.names:
            self.open[result] = self.disk.names[path]
        elif path and "O_CREAT" in arguments[2]:
            self.open[result] = self.disk.create(path)
        else:
            place = os.path.relpath(path_of(line), self.outbox)
            if place in PLACES:
                self.open[result] = place

    def do_close(self, arguments, _):
        self.open.pop(int(re.match(r"\d+", arguments[0]).group()), None)

    def do_write(self, arguments, _):
        number = self.number(arguments[0])
        if isinstance(number, int):
            self.disk.files[number] += text_of(arguments[1])

    def do_ftruncate(self, arguments, _):
        number = self.number(arguments[0])
        if isinstance(number, int):
            self.disk.files[number] = \
                self.disk.files[number][:int(arguments[1])]

    def do_fsync(self, arguments, _):
        number = self.number(arguments[0])
        if isinstance(number, int):
            self.disk.sync_file(number)
        elif number is not None:
            self.disk.sync_directory(number)

    do_fdatasync = do_fsync

    def do_linkat(self, arguments, _):
        old = self.path(arguments[0], arguments[1])
        new = self.path(arguments[2], arguments[3])
        self.disk.change([(new, self.disk.names[old])])

    def do_renameat(self, arguments, _):
        old = self.path(arguments[0], arguments[1])
        new = self.path(arguments[2], arguments[3])
        self.disk.change([(old, None), (new, self.disk.names[old])])

    def do_unlinkat(self, arguments, _):
        path = self.path(arguments[0], arguments[1])
        if path in self.disk.names:
            self.disk.change([(path, None)])

    def do_sendto(self, arguments, _):
        return "sent" if b"\r\n.\r\n" in text_of(arguments[1]) else None


def read_tree(outbox):
    """The files of an outbox: path: octets."""
    tree = {}
    for place in PLACES:
        directory = os.path.join(outbox, place)
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), "rb") as file:
                tree[f"{place}/{name}"] = file.read()
    return tree


def make_tree(outbox, state):
    os.makedirs(outbox, 0o700, exist_ok=True)
    for place in PLACES:
        shutil.rmtree(os.path.join(outbox, place), ignore_errors=True)
        os.mkdir(os.path.join(outbox, place), 0o700)
    for path, octets in state:
        with open(os.path.join(outbox, path), "wb") as file:
            file.write(octets)


def is_doubtful(state):
    """Does the journal end with "ending", its last line whole or not?"""
    return any(path.startswith("journal/") and
               octets[:octets.rfind(b"\n") + 1].rstrip().split(
                   b"\n")[-1].startswith(b"ending ")
               for path, octets in state)


class Whole:
    """A message for one recipient."""

    def start(self):
        return House(), Sink()

    def sink(self):
        return Sink()

    def send(self, house):
        house.send(NAME)

    def recovers(self, house, state, sent, safe):
        """A flush from that state; sent: copies before, safe: it must be
        there."""
        with self.sink() as sink:
            make_tree(house.outbox, state)
            house.lead_to(sink.port)
            for _ in range(2):
                result = house.flush()
                if result.status != 0:
                    yield f"recovery: {result.status}: {result.stderr!r}"
            copies = sent + sink.count()[NAME]
            if safe and copies == 0:
                yield "it is lost"
            if copies > 1 + is_doubtful(state):
                yield f"sent {copies} times"
            for copy in sink.copies:
                yield from differs("content", copy.content, WIRE)
            yield from differs("failed", house.files("failed"), [])


class Divided(Division):
    """One recipient is accepted, one put off until the end, one refused."""

    def __init__(self, lmtp):
        super().__init__(lmtp, None)

    def send(self, house):
        house.send(NAME, *THREE)

    def recovers(self, house, state, sent, safe):
        with self.sink() as sink:
            make_tree(house.outbox, state)
            yield from self.recover(house, sink)
            sink.copies += [copy_before(THREE[0])] * sent
            yield from self.balance(house, sink, is_doubtful(state), safe)


def copy_before(recipient):
    """One that the smarthost had before the power failed."""
    return Copy(b"", [recipient.encode()], WIRE)


def cut(case, run, safe_before, status=0):
    """run(house, sink, wrapper) is traced, and cut everywhere; safe_before:
    the message had been promised before the run."""
    seen = set()
    house, sink = case.start()
    with house, sink:
        house.send("0@x")
        for path in house.files("new"):
            os.unlink(path)
        if safe_before:
            case.send(house)
        before = read_tree(house.outbox)
        trace = os.path.join(house.home, "trace")
        result = run(house, sink, ["strace", "-y", "-xx", "-s", "1000000",
                                   "-o", trace])
        yield from differs("status of the run", result.status, status)
        replay = Replay(house.outbox, before)
        with open(trace, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
        sent = 0
        for line in lines:
            sent += replay.call(line) == "sent"
            for state in replay.disk.states():
                seen.add((state, sent, safe_before))
        for state in replay.disk.states():
            seen.add((state, sent, True))
        wanted = dict(read_tree(house.outbox))
        yield from differs("replayed", {
            path: replay.disk.files[number]
            for path, number in replay.disk.names.items()}, wanted)
        print(f"# {len(seen)} states")
        if len(seen) < 8:
            yield f"only {len(seen)} states were found"
        for state, sent, safe in sorted(seen):
            for fault in case.recovers(house, state, sent, safe):
                yield f"{[path for path, _ in state]}: {fault}"


def queue(house, _, wrapper):
    return house.send(NAME, wrapper=wrapper)


def flush(house, sink, wrapper):
    house.lead_to(sink.port)
    return house.flush(wrapper)


def new_directories():
    """The first message makes directories: each is on the disk, by a sync of
    the one above, before its first file is."""
    with House() as house:
        trace = os.path.join(house.home, "trace")
        house.send(NAME, wrapper=["strace", "-y", "-o", trace])
        with open(trace, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    made = [(i, *found.groups()) for i, line in enumerate(lines)
            for found in [re.match(
                r'mkdirat\(\d+<(.*)>, "(.*)", 0700\) += 0', line)]
            if found]
    linked = next((i for i, line in enumerate(lines)
                   if line.startswith("linkat(")), 0)
    if len(made) < 5:
        yield f"only {len(made)} directories were made"
    for i, parent, name in made:
        if not any(re.match(rf"fsync\(\d+<{re.escape(parent)}>\) += 0",
                            line) for line in lines[i:linked]):
            yield f"{parent}/{name} may be lost"


def main():
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    tap = Tap()
    tap.run("a power cut while a message is queued", cut, Whole(), queue,
            False)
    tap.run("a power cut while the outbox is flushed", cut, Whole(), flush,
            True)
    for lmtp in (False, True):
        tap.run("a power cut while a flush divides a message, "
                f"{'LMTP' if lmtp else 'SMTP'}", cut, Divided(lmtp), flush,
                True, 69)
    tap.run("directories that are made stay", new_directories)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
