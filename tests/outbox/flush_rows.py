# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of faults.csv about what is in the queue, and its flush."""

import os
import re
import subprocess
import threading

from house import (SECONDS, House, Sink, differs, fault_of, make_due,
                   rewrite)


def two_flushers():
    """Sixteen at once, and a smarthost that takes its time."""
    with House() as house:
        for i in range(20):
            yield from fault_of(house.send(f"{i}@x"), 0)
        with Sink() as sink:
            house.lead_to(sink.port)
            runs = [subprocess.Popen(
                [os.environ["ONEHOP"], "-C", house.run_.config, "-q"],
                env=house.run_.environment, stderr=subprocess.PIPE)
                for _ in range(16)]
            for run in runs:
                _, said = run.communicate(timeout=SECONDS)
                yield from differs("flusher", (run.returncode, said), (0, b""))
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(),
                               {f"{i}@x": 1 for i in range(20)})


def flush_vs_enqueue():
    """Flushes come while messages are being queued: every other connection is
    refused, be it a sender's or a flusher's."""
    def answer(verb, _, sink):
        if verb == b"greeting" and sink.connections % 2 and not ended.is_set():
            return b"421 busy\r\n"
        return None

    def flush():
        while not ended.is_set():
            faults.extend(fault_of(flusher.flush(), 0))

    ended = threading.Event()
    faults = []
    with House() as house, House() as flusher, Sink(answer) as sink:
        house.lead_to(sink.port)
        flusher.run_.write_config(["account default", "host x.invalid",
                                   f"outbox {house.outbox}"])
        thread = threading.Thread(target=flush)
        thread.start()
        try:
            for i in range(40):
                yield from fault_of(house.send(f"{i}@x"), 0)
        finally:
            ended.set()
            thread.join()
        yield from faults
        house.run("-q")
        yield from fault_of(house.flush(), 0)
        while house.files("new"):  # one that runs behind a success
            yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(),
                           {f"{i}@x": 1 for i in range(40)})


# Torn, forged, refused: the CSV has 0 there, but messages are given up, and -q
# tells of it: 69.
def gives_up(house, change, words):
    """A file in the queue becomes another one; its neighbour is sent."""
    yield from fault_of(house.send("bad@x"), 0)
    change(house.files("new")[0])
    yield from fault_of(house.send("good@x"), 0)
    with Sink() as sink:
        house.lead_to(sink.port)
        result = house.flush()
        yield from fault_of(result, 69)
        if words not in result.stderr:
            yield f"stderr lacks {words!r}: {result.stderr!r}"
        yield from differs("copies", sink.count(), {"good@x": 1})
    yield from differs("failed", len(house.files("failed")), 1)
    yield from differs("new", house.files("new"), [])


def cut(path):
    os.truncate(path, os.path.getsize(path) - 5)


def trail(path):
    with open(path, "ab") as file:
        file.write(b"more\n")


def flip(path):
    with open(path, "r+b") as file:
        octets = bytearray(file.read())
        octets[octets.index(b"text\r\n")] ^= 1
        file.seek(0)
        file.write(octets)


def empty(path):
    os.truncate(path, 0)


def torn_file():
    for change in (cut, trail, flip, empty):
        with House("logfile on") as house:
            for fault in gives_up(house, change, b"the file is damaged"):
                yield f"{change.__name__}: {fault}"
            with open(os.path.join(os.path.dirname(house.outbox), "log"),
                      encoding="ascii") as file:
                log = file.read()
            if log.count("outcome=failed") != 1 or "given" not in log:
                yield f"{change.__name__}: log: {log}"


def records(old, new):
    """Forges one record; lengths right unless they are what is forged."""
    return lambda path: rewrite(path, lambda text: text.replace(old, new, 1))


FORGED = {
    "an address that ends the command": records(
        b"recipient you@example.net\n", b"recipient you@example.net>x\n"),
    "a parameter in NOTIFY": records(
        b"recipient you@example.net\n",
        b"recipient you@example.net\nnotify NEVER X=1\n"),
    "a tab in a value": records(b"account default", b"account\tdefault"),
    "a NUL in a value": records(b"account default", b"account def\0ult"),
    "a line without a value": records(b"account default", b"account"),
    "an unknown key": records(
        b"account default\n", b"account default\nset foo=x\n"),
    "a size of the content that is too large": records(
        b"content ", b"content 1"),
    "a size of the content that is too small": records(
        b"\ncontent ", b"\ncontent 1\nreason "),
    "no recipient": records(b"recipient you@example.net\n", b""),
    "no empty line": records(b"\n\n", b"\n"),
    "no first line": records(b"onehop outbox", b"something else"),
}

OTHER = {
    "an unknown record": records(b"queued", b"foo x\nqueued"),
    "a later version": records(b"outbox 2\n", b"outbox 3\n"),
    "an earlier version": records(b"outbox 2\n", b"outbox 1\n"),
}


def forged_file():
    for name, change in FORGED.items():
        with House() as house:
            for fault in gives_up(house, change, b"the file is damaged"):
                yield f"{name}: {fault}"


def other_version():
    """What another version has queued is left alone, and told."""
    for name, change in OTHER.items():
        with House() as house, Sink() as sink:
            house.send("other@x")
            other, = house.files("new")
            change(other)
            house.send("good@x")
            house.lead_to(sink.port)
            for _ in range(5):
                result = house.flush()
                yield from fault_of(result, 78)
                if b"another version of onehop" not in result.stderr:
                    yield f"{name}: {result.stderr!r}"
            yield from differs(f"{name}: copies", sink.count(), {"good@x": 1})
            yield from differs(f"{name}: new", house.files("new"), [other])


def refuse(reply, when=b"bad@x"):
    """A reply to the content of one message."""
    return lambda verb, line, sink: reply if verb == b"dot" and \
        when in line else None


def poison_permanent():
    with House("outbox_notify echo >>told given-up") as house:
        house.send("bad@x")
        house.send("good@x")
        with Sink(refuse(b"554 5.6.0 never\r\n")) as sink:
            house.lead_to(sink.port)
            result = house.flush()
            yield from fault_of(result, 69)
            if b"554 5.6.0 never" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("copies", sink.count(), {"good@x": 1})
        yield from differs("failed", len(house.files("failed")), 1)
        yield from differs("told", open(os.path.join(
            house.home, "told"), encoding="ascii").read(), "given-up 1\n")


def poison_temp():
    with House() as house:
        house.send("bad@x")
        house.send("good@x")
        with Sink(refuse(b"451 4.3.0 later\r\n")) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"good@x": 1})
            seen = sink.connections
            yield from fault_of(house.flush(), 0)
            yield from differs("connections before it is due",
                               sink.connections, seen)
        path, = house.files("new")
        if not re.search(rb"^deferred \d+ \d+ .*451 4.3.0 later$",
                         house.journal(path), re.MULTILINE):
            yield f"journal: {house.journal(path)!r}"
        name = os.path.basename(path)
        yield from fault_of(house.run("--outbox", "retry", name), 0)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"bad@x": 1})


def site_failure_auth():
    def answer(verb, _, sink):
        if verb == b"EHLO":
            return b"250-sink\r\n250 AUTH PLAIN\r\n"
        if verb == b"AUTH":
            sink.tries = getattr(sink, "tries", 0) + 1
            return b"535 5.7.8 no\r\n"
        return None

    with House("auth plain", "user me", "password x") as house:
        for i in range(3):
            house.send(f"{i}@x")
        with Sink(answer) as sink:
            house.lead_to(sink.port)
            result = house.flush()
            yield from fault_of(result, 77)
            if b"535 5.7.8 no" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("AUTH commands", sink.tries, 1)
            result = house.flush()
            yield from fault_of(result, 77)
            if b'account "default": ' not in result.stderr or \
                    b"535 5.7.8 no" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("AUTH commands an hour too soon",
                               sink.tries, 1)
        yield from differs("new", len(house.files("new")), 3)
        yield from differs("failed", house.files("failed"), [])


def later(house, path, seconds):
    """As if so much time had passed since all that the journal tells."""
    journal = os.path.join(house.outbox, "journal", os.path.basename(path))
    with open(journal, "rb") as file:
        text = file.read()
    with open(journal, "wb") as file:
        file.write(re.sub(rb"^(\w+ )(\d+)", lambda found: b"%s%d" % (
            found.group(1), int(found.group(2)) - seconds), text,
            flags=re.MULTILINE))
    make_due(house, path)


def expired():
    """Deferred on each of six days."""
    with House() as house:
        house.send("1@x")
        path, = house.files("new")
        house.age(path, 6 * 24 * 3600)
        with Sink(refuse(b"451 4.3.0 later\r\n", b"1@x")) as sink:
            house.lead_to(sink.port)
            for _ in range(5):
                yield from fault_of(house.flush(), 75)
                later(house, path, 24 * 3600 + 60)
            result = house.flush()
            yield from fault_of(result, 69)
            if b"undelivered after 6 days" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
        yield from differs("failed", len(house.files("failed")), 1)


def out_of_reach():
    """Time without the server takes no life, nor a long sleep."""
    with House() as house:
        house.send("1@x")
        path, = house.files("new")
        house.age(path, 60 * 24 * 3600)
        for _ in range(7):
            yield from fault_of(house.flush(), 75)
            yield from differs("journal", house.journal(path), b"")
        with Sink(refuse(b"451 4.3.0 later\r\n", b"1@x")) as sink:
            house.lead_to(sink.port)
            for _ in range(4):
                yield from fault_of(house.flush(), 75)
                later(house, path, 30 * 24 * 3600)
        yield from differs("new", len(house.files("new")), 1)


def clock_jump():
    for years in (-10, 10):
        with House() as house:
            house.send("1@x")
            with Sink(refuse(b"451 later\r\n", b"1@x")) as sink:
                house.lead_to(sink.port)
                yield from fault_of(house.flush(), 0)
            path, = house.files("new")
            house.age(path, years * 365 * 24 * 3600)
            journal = os.path.join(house.outbox, "journal",
                                   os.path.basename(path))
            with open(journal, "rb") as file:
                text = file.read()
            with open(journal, "wb") as file:
                file.write(re.sub(rb"\b\d{9,}\b", lambda found: b"%d" % (
                    int(found.group()) - years * 365 * 24 * 3600), text))
            with Sink() as sink:
                house.lead_to(sink.port)
                yield from fault_of(house.flush(), 0)
                yield from differs(f"{years} years: copies", sink.count(),
                                   {"1@x": 1})


def account_gone():
    with House("account other : default", "from other@example.org") as house:
        yield from fault_of(house.send("1@x", "-a", "other",
                                       "you@example.net"), 0)
        yield from fault_of(house.send("2@x"), 0)
        house.extra = []
        with Sink() as sink:
            house.lead_to(sink.port)
            result = house.flush()
            yield from fault_of(result, 78)
            if b"no account other" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("copies", sink.count(), {"2@x": 1})
            yield from differs("new", len(house.files("new")), 1)
            house.extra = ["account other : default",
                           "from other@example.org"]
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(),
                               {"1@x": 1, "2@x": 1})


def second_name(path):
    os.link(path, os.path.join(os.path.dirname(path), "..", "..", "copy"))


def link(path):
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


def pipe(path):
    os.unlink(path)
    os.mkfifo(path)


def foreign(path):
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        link(path)


def directory(path):
    os.unlink(path)
    os.mkdir(path)


def open_to_others(path):
    """By the other name, which may lie anywhere."""
    second_name(path)
    os.chmod(path, 0o644)


def hardlink_count():
    """Left alone and told of each time, the neighbours sent."""
    for change in (open_to_others, link, pipe, foreign, directory):
        with House() as house:
            house.send("bad@x")
            bad, = house.files("new")
            change(bad)
            house.send("good@x")
            with Sink() as sink:
                house.lead_to(sink.port)
                for _ in range(5):
                    result = house.flush()
                    yield from fault_of(result, 75)
                    if b"message %s is held: " % os.path.basename(
                            bad).encode() not in result.stderr:
                        yield f"{change.__name__}: {result.stderr!r}"
                yield from differs(f"{change.__name__}: copies",
                                   sink.count(), {"good@x": 1})
            if not os.path.lexists(bad):
                yield f"{change.__name__}: it is gone"
