#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays dialogues that are broken by chance against the program: in clear, by
STARTTLS and TLS 1.2 and 1.3, with each mechanism, SMTP and LMTP, with the
outbox, -q and --serverinfo. Whatever comes, the program says that a message is
accepted if and only if it was told so, and any run ends in time.

usage: hostile.py [SEED [ROUNDS [FIRST]]]

What breaks the property is printed with its seed and dialogue. A seed, 1 and
the number of the round play it again."""

import collections
import concurrent.futures
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import judge
import onehop
import peer
import plan
import smtpserver
from tap import Tap

SEED, ROUNDS, WORKERS = "20261129", 200, 8
TIMEOUT, DEADLINE, MARGIN = 3, 5, 2
ALONE = 3  # times that a round which may have been late is played again
PATIENCE = 40           # seconds before a run counts as one that hangs
FLUSHES = 3             # against the hostile server


def message(number, size):
    """A name, and the message of that name as it goes over the wire."""
    name = f"{number}@hostile.example"
    lines = ["From: me@example.org", "To: you@example.net",
             "Date: Mon, 23 Nov 2026 09:00:00 +0000",
             f"Message-ID: <{name}>", f"Subject: {number}", ""]
    lines += ["a line, and one of dots:", "..", "."] * (size // 32)
    lines.append(f"the end of {number}")
    return name, "".join(line + "\r\n" for line in lines).encode()


class Round:
    """One plan carried out."""

    def __init__(self, seed, number, tools):
        self.plan = plan.Plan(seed, number)
        self.scene = self.plan.scene
        self.number = number
        self.peer = peer.Peer(self.scene, self.plan.mutate)
        self.peer.context = tools.contexts[self.scene.version]
        self.root = tools.root
        self.run = onehop.Run()
        self.limit = TIMEOUT + DEADLINE + MARGIN
        self.texts = dict(message(f"{number}.{i}", size)
                          for i, size in enumerate(self.scene.sizes))
        self.promised = {}
        self.results = []

    def config(self, port):
        scene = self.scene
        lines = ["account default", "host 127.0.0.1", f"port {port}",
                 f"timeout {TIMEOUT}", f"deadline {DEADLINE}",
                 "from me@example.org", "domain client.example",
                 f"logfile {self.run.home}/log",
                 f"protocol {'lmtp' if scene.lmtp else 'smtp'}",
                 f"partial_delivery {'on' if scene.partial else 'off'}",
                 f"chunking {'on' if scene.chunking else 'off'}",
                 f"tls {'on' if scene.tls else 'off'}",
                 f"tls_starttls {'on' if scene.tls == 'starttls' else 'off'}",
                 f"tls_trust_file {self.root}",
                 f"tls_host_override {certs.NAME}",
                 f"auth {scene.mechanism or 'off'}"]
        if scene.mechanism:
            lines.append(f"user {peer.USER.decode()}")
        if scene.mechanism not in (None, "EXTERNAL"):
            lines.append(f"password {peer.PASSWORD.decode()}")
        if scene.mode in ("outbox", "flush"):
            lines.append("outbox on")
        return lines

    def play(self):
        """The faults of the round."""
        try:
            with smtpserver.Server(self.peer.handle) as server:
                self.server = server
                yield from getattr(self, "play_" + self.scene.mode)()
            if server.failure:
                yield f"the server: {server.failure!r}"
            yield from judge.wrong_content(self.peer.talks,
                                           self.texts.values())
        finally:
            self.run.clean()

    def program(self, args, stdin=b"", port=None, limit=None):
        """A run, and what must hold of any."""
        self.run.write_config(self.config(port or self.server.port))
        if self.scene.trace:
            args = ["-d", *args]
        self.run.start(args, stdin)
        result = self.run.finish(PATIENCE)
        self.peer.settle(self.server)
        self.results.append((args, result))
        places = {}
        for name in self.run.litter():
            with open(os.path.join(self.run.home, name), "rb") as file:
                places[name] = file.read()
        return result, judge.any_run(result, limit or self.limit, places)

    def send(self, name, port=None):
        text = self.texts[name]
        result, faults = self.program(
            ["--json", "-i", *self.scene.recipients],
            text.replace(b"\r\n", b"\n"), port)
        yield from faults
        try:
            said = json.loads(result.stdout)
        except ValueError:
            yield f"no JSON: {result.stdout!r}, exit {result.status}, " \
                f"{result.stderr!r}"
            return
        claimed = [to["address"] for to in said["recipients"]
                   if (to["code"] or 0) // 100 == 2]
        yield from judge.one_message(
            result.status, said["outcome"], claimed,
            judge.tell(self.peer.talks, text), self.scene.recipients)
        waiting = name in self.waiting()
        if result.status == 0:
            self.promised[name] = self.scene.recipients
        elif waiting and said["outcome"] == "partial":
            self.promised[name] = [to["address"] for to in said["recipients"]
                                   if (to["code"] or 0) // 100 not in (2, 5)]
            if not self.promised[name]:
                yield f"queued for nobody: {result.stderr!r}"
        elif waiting != (said["outcome"] == "queued"):
            yield f"{said['outcome']}, in the outbox: {waiting}"

    def waiting(self):
        """Message -> the place in the outbox where it is."""
        found = {}
        for place in ("failed", "new"):
            folder = os.path.join(self.run.home, ".local/state/onehop/outbox",
                                  place)
            if not os.path.isdir(folder):
                continue
            for file in os.listdir(folder):
                with open(os.path.join(folder, file), "rb") as entry:
                    data = entry.read()
                for name in self.texts:
                    if f"<{name}>".encode() in data:
                        found[name] = place
        return found

    def play_send(self):
        yield from self.send(*self.texts)

    def play_serverinfo(self):
        result, faults = self.program(["--serverinfo"])
        yield from faults
        heard = [line for talk in self.peer.talks
                 for line in talk.connection.record.received().splitlines()
                 if line[:4].upper() in (b"MAIL", b"RCPT", b"DATA", b"AUTH")]
        if heard:
            yield f"asked for information, it said {heard}"
        if result.status == 0 and not any(
                talk.verdict(0)[0] != judge.NO for talk in self.peer.talks):
            yield "information without a greeting"

    def play_outbox(self):
        yield from self.send(*self.texts)
        yield from self.flush()

    def play_flush(self):
        """Messages that were queued while nobody listened."""
        for name in self.texts:
            yield from self.send(name, 1)
        yield from self.flush()

    def flush(self):
        """Against the hostile server, and then against an honest one."""
        for i in range(FLUSHES + 2):
            self.plan.honest |= i >= FLUSHES
            yield from self.account()
            if not self.waiting():
                break
            self.program(["--outbox", "retry", "all"])
            # the session of each may take all of the time
            result, faults = self.program(
                ["-q"], limit=self.limit * len(self.texts))
            yield from faults
            yield from self.given_up(result)
        yield from self.account()
        if "new" in self.waiting().values():
            yield f"the honest server did not get {self.waiting()}"

    def given_up(self, result):
        if "failed" in self.waiting().values() and not any(
                result.status != 0 and result.stderr
                for args, result in self.results if "-q" in args):
            yield f"given up without a word: {result.stderr!r}"

    def account(self):
        told = {name: judge.tell(self.peer.talks, text)
                for name, text in self.texts.items()}
        yield from judge.outbox(self.promised, told, self.waiting())

    def describe(self):
        """For whoever has to find out why."""
        yield f"scene: {self.scene}"
        for state, steps in self.plan.breaks.items():
            yield f"planned: {state[0]} {state[1] + 1}: {', '.join(steps)}"
        for note in self.plan.notes:
            yield f"done: {note}"
        for args, result in self.results:
            yield f"{' '.join(args)}: exit {result.status} after " \
                f"{result.seconds:.1f} s"
            for data in (result.stdout, result.stderr):
                for line in data[-3000:].splitlines():
                    yield "  " + repr(line)[2:-1]
        for talk in self.peer.talks:
            yield "dialogue:"
            lines = [line[:160] for line in talk.connection.record.lines()
                     if not line.endswith((r" ..\r\n", r" ...\r\n",
                                           r"dots:\r\n"))]
            yield from ("  " + line for line in lines[:120])


class Tools:
    """What all rounds share."""

    def __init__(self, directory):
        authority = certs.Authority(directory)
        self.root = authority.root
        self.contexts = peer.contexts(authority, plan.VERSIONS)


def may_be_the_machine(fault, this):
    """One that is busy makes any run late, and who waits for the server give
    up, although the server has answered."""
    return fault.startswith("time:") or (
        (fault.endswith((" by us", "sent again")) or
         fault.startswith("the honest server did not get")) and
        any(result.seconds >= TIMEOUT for _, result in this.results))


class Verdict:
    """What came of one round."""

    def __init__(self, seed, number, tools):
        self.number = number
        self.name = f"seed {seed}, round {number}"
        self.round = Round(seed, number, tools)
        self.faults = list(self.round.play())
        self.is_late = bool(self.faults) and all(
            may_be_the_machine(fault, self.round) for fault in self.faults)

    def lines(self):
        return [self.name + ":", *self.faults, *self.round.describe()]


def verdicts(seed, numbers, tools):
    """Of each round one; those that a busy machine may have made late are
    played again, alone, and what happens then is a fault."""
    late = []
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for verdict in pool.map(lambda n: Verdict(seed, n, tools), numbers):
            if verdict.is_late:
                late.append(verdict.number)
            else:
                yield verdict
    for number in late:
        for _ in range(ALONE):
            verdict = Verdict(seed, number, tools)
            if not verdict.is_late:
                break
        yield verdict


def show(lines):
    """At once: a long run may be ended before its end."""
    for line in lines:
        for part in str(line).splitlines():
            print(f"# {part}")
    sys.stdout.flush()


def main():
    args = sys.argv[1:] + [None] * 3
    seed = args[0] or SEED
    rounds = int(args[1] or ROUNDS)
    first = int(args[2] or 0)
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="onehop-test-") as directory:
        tools = Tools(directory)
        found, longest = [], 0
        outcomes, breaks = collections.Counter(), collections.Counter()
        played = verdicts(seed, range(first, first + rounds), tools)
        for n, verdict in enumerate(played, 1):
            results = [result for _, result in verdict.round.results]
            outcomes.update(result.status for result in results)
            longest = max([longest] + [result.seconds for result in results])
            breaks.update(note.split(": ")[1] if "octet" not in note
                          else "handshake"
                          for note in verdict.round.plan.notes)
            if verdict.faults:
                found.append(verdict.name)
                show(verdict.lines())
            if n % 500 == 0:
                show([f"{n} rounds, {len(found)} faults"])
        tap.check(f"accepted if and only if told: {rounds} rounds from seed "
                  f"{seed}", found)
        print(f"# the longest run took {longest:.1f} s")
        for name, counts in (("exit statuses", outcomes),
                             ("breaks", breaks)):
            print(f"# {name}:", ", ".join(
                f"{key} {count}" for key, count in sorted(counts.items())))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
