#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: onehop, msmtp and curl side by side, and one table of it.

All servers are started here and ended here. README says what each row means.
With BENCH_QUICK=1 everything is done once and with little: that shows that
the bench works, and nothing about speed.
"""

import os
import platform
import shlex
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import queues  # noqa: E402
import realserver  # noqa: E402
import servers  # noqa: E402
from clients import CLIENTS, Bench, Route  # noqa: E402
from table import (AtLeast, Table, Want, count, mebibytes,  # noqa: E402
                   median, millions, milliseconds, rate, seconds)

QUICK = bool(os.environ.get("BENCH_QUICK"))
ONEHOP = os.path.abspath(os.environ.get("ONEHOP", "onehop"))
HALF_TRIP = 0.05
MIB = 1 << 20
SMALL = b"""From: Alice <alice@example.org>\r
To: Bob <bob@example.net>\r
Subject: bench\r
Date: Mon, 23 Nov 2026 10:00:00 +0000\r
Message-ID: <bench@example.org>\r
\r
"""
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt",
           "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
           "/etc/ssl/ca-bundle.pem")
NEEDED = ("msmtp", "curl", "smtp-sink", "valgrind", "time")


def times(full):
    """How often to do what is done that often in earnest."""
    return 1 if QUICK else full


def addresses(n):
    return ["bob%d@%s" % (i, realserver.DOMAIN) for i in range(n)]


def say(words):
    print("bench: " + words, file=sys.stderr, flush=True)


def write_8bit(path, size):
    """Text of that size with some umlauts in each line."""
    block = "".join("Grüße aus München %s\n" % ("und anderswo " * (i % 5))
                    for i in range(4096)).encode()
    with open(path, "wb") as file:
        file.write(SMALL.replace(b"\r\n", b"\n").replace(
            b"\n\n", b"\nMIME-Version: 1.0\n"
            b"Content-Type: text/plain; charset=utf-8\n"
            b"Content-Transfer-Encoding: 8bit\n\n"))
        for _ in range(max(1, size // len(block))):
            file.write(block)


def write_message(path, size, line_end):
    """Text of that size with lines of all lengths, some led by dots."""
    lines = [(b"." if i % 61 == 0 else b"") +
             (b"The quick brown fox jumps over the lazy dog again and "
              b"again. ")[:8 + i * 7 % 55] + line_end for i in range(4096)]
    block = b"".join(lines)
    with open(path, "wb") as file:
        file.write(SMALL.replace(b"\r\n", line_end))
        for _ in range(size // len(block)):
            file.write(block)
        rest = block[:size % len(block)]
        file.write(rest[:rest.rfind(b"\n") + 1])


class Story:
    """The measurements, in the order of the table."""

    def __init__(self, bench, real, sink):
        self.bench = bench
        self.real = real
        self.sink = sink
        self.table = Table()
        self.queues = Table(("onehop", *queues.PEERS))

    def message(self, size, line_end=b"\n"):
        """A file with so many octets of text."""
        path = self.bench.path("%d%s" % (
            size, ".crlf" if line_end == b"\r\n" else ""))
        if not os.path.exists(path):
            write_message(path, size, line_end)
        return path

    def compare(self, measure, full, names=CLIENTS):
        """Medians of what measure(client) gives, the clients in turn."""
        found = {client: [] for client in names}
        for _ in range(times(full)):
            for client in names:
                found[client].append(measure(client))
        return {client: median(values) for client, values in found.items()}

    # --- the network

    def network(self):
        plans = (("implicit TLS, PLAIN", "tls", "implicit", "plain", 1, 5),
                 ("implicit TLS, PLAIN, 3 recipients",
                  "tls", "implicit", "plain", 3, 5),
                 ("STARTTLS, PLAIN", "starttls", "starttls", "plain", 1, 7),
                 ("implicit TLS, SCRAM-SHA-256",
                  "tls", "implicit", "scram-sha-256", 1, 8))
        for what, service, tls, auth, recipients, waits in plans:
            say("network: " + what)
            with servers.SlowLine(self.real.ports[service],
                                  HALF_TRIP) as line:
                route = Route(line.port, tls, self.real.ca, auth)
                self._network(what, line, route, addresses(recipients), waits)

    def _network(self, what, line, route, recipients, wanted):
        found = []

        def once(client):
            done = self.bench.run(self.bench.command(
                client, route, recipients), self.message(1024))
            if done is not None:
                found.append((client, line.waits(), done.seconds,
                              done.ended - line.heard[-1]))

        self.compare(once, 5)

        def medians(column):
            return {client: median([row[column] for row in found
                                    if row[0] == client])
                    for client in CLIENTS}

        self.table.add("waits: " + what, count, medians(1), wanted)
        # what is wanted of the time follows from the fewest waits only
        wants = (Want(0.65, "msmtp"),) if wanted == 5 else ()
        self.table.add("  wall in these runs", seconds, medians(2), *wants)
        self.table.add("  exit after the last reply", milliseconds,
                       {"onehop": medians(3)["onehop"]}, 0.02)

    def nearby(self):
        """Loopback, a line of 1 ms, a server whose Nagle waits for us."""
        say("near servers")
        ca = self.real.ca
        plain = Route(self.real.ports["plain"])
        tls = Route(self.real.ports["tls"], "implicit", ca, "plain")
        self._wall("wall: loopback, plain", plain)
        self._wall("wall: loopback, TLS, PLAIN", tls)
        for route, words in ((plain, "plain"), (tls, "TLS, PLAIN")):
            with servers.SlowLine(route.port, 0.0005) as line:
                self._wall("wall: 1 ms round trip, " + words,
                           Route(line.port, route.tls, route.ca, route.auth))
        with servers.HaltingServer() as server:
            self._wall("wall: replies in two writes, Nagle on",
                       Route(server.port))

    def _wall(self, what, route):
        def once(client):
            done = self.bench.run(self.bench.command(
                client, route, addresses(1)), self.message(1024))
            return done.seconds if done else None

        self.table.add(what, milliseconds, self.compare(once, 15),
                       Want(1, "msmtp"))

    # --- instructions

    def instructions(self):
        port = self.real.ports["tls"]
        store = self._system_store()
        if store:
            self._count("instructions: TLS, PLAIN, system's store",
                        Route(port, "implicit", store, "plain"), 20e6)
        self._count("instructions: TLS, one CA, SCRAM-SHA-256",
                    Route(port, "implicit", self.real.ca, "scram-sha-256"),
                    34e6)
        self._start_up()

    def _system_store(self):
        """The system's certificates and the test's one, in one file."""
        for bundle in BUNDLES:
            if os.path.exists(bundle):
                store = self.bench.path("store.pem")
                with open(store, "wb") as out:
                    for part in (bundle, self.real.ca):
                        with open(part, "rb") as file:
                            out.write(file.read())
                return store
        say("no system store found: its row is left out")
        return None

    def _count(self, what, route, wanted):
        say(what)
        self.table.add(what, millions, self.compare(
            lambda client: self.bench.instructions(self.bench.command(
                client, route, addresses(1)), self.message(1024)), 3), wanted)

    def _start_up(self):
        """--version against a program that does nothing at all."""
        say("instructions: start-up")
        source, empty = self.bench.path("empty.c"), self.bench.path("empty")
        with open(source, "w", encoding="ascii") as file:
            file.write("int main(void) { return 0; }\n")
        subprocess.run(shlex.split(os.environ["CC"]) +
                       shlex.split(os.environ.get("CFLAGS", "")) +
                       ["-Wl,--no-as-needed", source, "-o", empty] +
                       shlex.split(os.environ["LIBS"]), check=True)
        nothing = self.bench.instructions([empty], os.devnull)
        for client in CLIENTS:
            program = self.bench.onehop if client == "onehop" else client
            figures = {client: self.bench.instructions(
                [program, "--version"], os.devnull)}
            if client == "onehop":
                self.table.add("instructions: empty program, same libraries",
                               millions, {"onehop": nothing})
                self.table.add("instructions: --version", millions, figures,
                               1.1 * nothing)

    # --- much data

    def bulk(self):
        size = (1 if QUICK else 200) * MIB
        with servers.Sink() as sink:
            for source in ("file", "pipe"):
                self._bulk("%d MiB, plain, %s" % (size // MIB, source),
                           Route(sink.port), size, source == "pipe",
                           ((Want(0.5, "curl"), Want(0.05, "msmtp")),
                            (Want(1, "curl"),)))
        size = (1 if QUICK else 50) * MIB
        with servers.TlsSink(self.real.path("server.pem"),
                             self.real.path("server.key")) as sink:
            self._bulk("%d MiB, TLS, file" % (size // MIB),
                       Route(sink.port, "implicit", self.real.ca), size,
                       False, ((Want(0.7, "curl"),), ()))

    def _bulk(self, what, route, size, pipe, wants):
        """wants: those of the processor's time, those of the wall's."""
        say(what)
        found = {client: [] for client in CLIENTS}

        def once(client):
            # curl sends line ends as they are: it gets right ones
            line_end = b"\r\n" if client == "curl" else b"\n"
            done = self.bench.run(self.bench.command(
                client, route, addresses(1)), self.message(size, line_end),
                pipe)
            found[client].append(done)

        self.compare(once, 6, ("onehop", "curl"))
        self.compare(once, 1)  # msmtp would take minutes
        for name, column, wanted in (("CPU: ", "cpu", wants[0]),
                                     ("wall: ", "seconds", wants[1])):
            self.table.add(name + what, seconds, {
                client: median([getattr(run, column) for run in runs if run])
                for client, runs in found.items()}, *wanted)

    def conversion(self):
        """onehop makes it quoted-printable for a server that takes no 8-bit
        octets; msmtp sends it as it is."""
        size = (1 if QUICK else 50) * MIB
        say("8-bit text to a server without 8BITMIME")
        path = self.bench.path("8bit")
        write_8bit(path, size)
        with servers.SevenBitSink() as sink:
            route = Route(sink.port)

            def once(client):
                done = self.bench.run(self.bench.command(
                    client, route, addresses(1)), path)
                return done.cpu if done else None

            self.table.add(
                "CPU: %d MiB of 8-bit text, no 8BITMIME" % (size // MIB),
                seconds, self.compare(once, 3, ("onehop", "msmtp")),
                Want(0.5, "msmtp"))

    def memory(self):
        route = Route(self.sink.port)
        for size, words in ((1024, "1 KiB"), (MIB, "1 MiB")) + (
                () if QUICK else ((1024 * MIB, "1 GiB"),)):
            say("peak memory: " + words)
            # msmtp would take most of a minute for the last one
            names = CLIENTS if size <= MIB else ("onehop", "curl")
            self.table.add("peak memory: " + words, mebibytes, self.compare(
                lambda client, size=size: self.bench.peak_memory(
                    self.bench.command(client, route, addresses(1)),
                    self.message(size)), 3 if size <= MIB else 1, names),
                8 * MIB)
            if size > MIB:
                os.unlink(self.message(size))

    # --- many recipients, many at once

    def recipients(self):
        ours = ("onehop", "msmtp")
        for n in (1, 100) if QUICK else (1, 100, 1000, 10000):
            say("%d recipients" % n)
            to = addresses(n)
            direct = Route(self.sink.port)
            self.table.add("wall: %d recipients" % n, milliseconds,
                           self.compare(lambda client, to=to: self._seconds(
                               client, direct, to), 5, ours))
            self.table.add(
                "  instructions", millions, {
                    client: self.bench.instructions(self.bench.command(
                        client, direct, to), self.message(1024))
                    for client in (ours if n <= 1000 else ("onehop",))},
                *((Want(0.8, "msmtp"),) if n == 1000 else ()))
            with servers.SlowLine(self.sink.port, HALF_TRIP) as line:
                self._seconds("onehop", Route(line.port), to)
                self.table.add("  waits", count, {"onehop": line.waits()})

    def _seconds(self, client, route, to):
        done = self.bench.run(self.bench.command(client, route, to),
                              self.message(1024))
        return done.seconds if done else None

    def crowd(self):
        n = 10 if QUICK else 200
        say("%d at once" % n)
        command = self.bench.command("onehop", Route(
            self.real.ports["strict"], "implicit", self.real.ca, "plain"),
            addresses(1))
        with open(self.message(1024), "rb") as file:
            name = file.name
        running = []
        for _ in range(n):
            with open(name, "rb") as file:
                running.append(self.bench.start(command, file))
        failed = sum(process.wait() != 0 for process in running)
        if failed:
            self.bench.failures.append("%d of %d at once failed" % (failed, n))
        self.table.add("%d at once into Postfix: failed" % n, count,
                       {"onehop": failed}, 0)


    # --- queues

    def outbox(self):
        """Queues of nullmailer, dma and Postfix beside the outbox."""
        self._queue("enqueue", 20 if QUICK else 100, 5, rate, self._enqueue,
                    AtLeast(1, "dma"))
        n = 20 if QUICK else 1000
        self._queue("drain of %d" % n, n, 3, rate, self._drain,
                    AtLeast(1, "Postfix"))
        n = 20 if QUICK else 10000
        self._queue("mailq of %d" % n, n, 1, seconds, self._list,
                    Want(2, "nullmailer"))

    def _queue(self, what, n, full, unit, measure, want):
        say(what)
        names = {name: queues.why_not(name) for name in queues.PEERS}
        there = ["onehop"] + [name for name, why in names.items() if not why]
        figures = {name: why for name, why in names.items() if why}
        figures.update(self.compare(
            lambda name: measure(self._open(name), n), full, there))
        self.queues.add(what, unit, figures, want)

    def _open(self, name):
        os.chmod(self.bench.home, 0o755)  # nullmailer and dma are not root
        return queues.open_queue(name, self.bench.home, ONEHOP)

    def _enqueue(self, queue, n):
        with queue:
            taken = queue.enqueue(self.message(1024), n)
        return n / taken if taken else None

    def _drain(self, queue, n):
        with queue:
            queue.fill(self.message(1024), n)
            try:
                return n / queue.drain(n)
            except TimeoutError:
                return None

    def _list(self, queue, n):
        with queue:
            queue.fill(self.message(1024), n)
            return median([queue.list() for _ in range(times(5))])


def versions():
    """What was measured, and on what."""
    words = [subprocess.run([program, "--version"], stdout=subprocess.PIPE,
                            check=True).stdout.decode().split("\n")[0]
             for program in (ONEHOP, "msmtp", "curl")]
    words.append("%s %s, %d processors" % (
        platform.system(), platform.release(), os.cpu_count()))
    words.append(time.strftime("%Y-%m-%d", time.gmtime()))
    return "".join(line.split(" (")[0] + "\n" for line in words)


def main():
    missing = [name for name in NEEDED if not realserver.find_program(name)]
    reason = realserver.why_not() or (
        missing and "not installed: " + ", ".join(missing))
    if reason:
        print("bench: " + reason, file=sys.stderr)
        return 77
    with Bench(ONEHOP) as bench, realserver.RealServer() as real, \
            servers.PostfixSink() as sink:
        story = Story(bench, real, sink)
        for chapter in (story.network, story.nearby, story.instructions,
                        story.bulk, story.conversion, story.memory,
                        story.recipients, story.crowd, story.outbox):
            if os.environ.get("BENCH_ONLY", chapter.__name__).split(
                    ",").count(chapter.__name__):
                chapter()
    if QUICK:
        print("a quick run: says that the bench works, not how fast we are")
    print(versions())
    print(story.table.text())
    print(story.queues.text(), end="")
    for words in bench.failures:
        print("bench: " + words, file=sys.stderr)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
