#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sixteen senders and four flushers on one outbox, a smarthost in every kind
of trouble, and SIGKILL at random; each message is for two, every other sender
is a client of -bs. The ledger: what each sender was told against what the
smarthost has, by SMTP without and with partial_delivery, and by LMTP. Chance
comes from a seed, which ONEHOP_SEED replaces."""

import os
import random
import subprocess
import sys
import threading

# pylint: disable=wrong-import-position
from house import SECONDS, House, Sink, differs, message
from tap import Tap

SENDERS = 16
FLUSHERS = 4
EACH = 12           # messages of a sender
SEED = int(os.environ.get("ONEHOP_SEED", "20261123"))

YOU = ("you@example.net", "her@example.net")
DIALOGUE = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n" + b"".join(
    b"RCPT TO:<%s>\r\n" % to.encode() for to in YOU) +
    b"DATA\r\n%s.\r\nQUIT\r\n")

# What a smarthost does now and then, and how often in a hundred.
TROUBLE = {
    b"greeting": [(10, b"421 4.3.2 busy\r\n"), (10, b"")],
    b"MAIL": [(5, b"451 4.3.0 later\r\n"), (5, b"")],
    b"RCPT": [(5, b"450 4.2.1 later\r\n")],
    b"DATA": [(3, b"451 4.3.0 later\r\n"), (3, b"")],
    b"dot": [(5, b"452 4.3.1 later\r\n"), (5, b"")],
}


class Chance:
    """One source for all threads."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()

    def below(self, n):
        with self.lock:
            return self.random.randrange(n)


class Ledger:
    """Who was told what."""

    def __init__(self):
        self.chance = Chance(SEED)
        self.lock = threading.Lock()
        self.told = {}        # message: exit status
        self.kills = 0
        self.odd = []         # what should not have been said
        self.over = threading.Event()

    def answer(self, verb, _, __):
        """The smarthost's mood."""
        if self.over.is_set():
            return None
        dice = self.chance.below(100)
        for share, reply in TROUBLE.get(verb, []):
            if dice < share:
                return reply
            dice -= share
        return None

    def run(self, house, args, stdin=b""):
        """A run that is perhaps killed; its exit status."""
        run = subprocess.Popen(
            [os.environ["ONEHOP"], "-C", house.run_.config, *args],
            env=house.run_.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        killer = None
        if self.chance.below(4) == 0:
            killer = threading.Timer(self.chance.below(40) / 1000, run.kill)
            killer.start()
        answers, said = run.communicate(stdin, timeout=SECONDS)
        if killer is not None:
            killer.cancel()
        with self.lock:
            self.kills += run.returncode == -9
            given_up = args == ["-q"] and run.returncode == 69 and \
                (b"crashed" in said or b"may have been accepted" in said)
            if not given_up and (run.returncode not in (0, -9) or said):
                self.odd.append((args, run.returncode, said))
        return run.returncode, answers

    def send(self, house, sender):
        for i in range(EACH):
            name = f"{sender}.{i}@x"
            text = message(name, b"text\n" * (1 << i))
            if sender % 2:
                _, answers = self.run(house, ["-bs"], DIALOGUE % text.replace(
                    b"\n", b"\r\n"))
                status = 0 if b"\r\n250 " in answers.partition(
                    b"\r\n354 ")[2] else 75
            else:
                status, _ = self.run(house, ["-i", *YOU], text)
            with self.lock:
                self.told[name] = status

    def flush(self, house):
        while not self.over.is_set():
            self.run(house, ["-q"])


def recover(house):
    """All that is left: what was deferred, and what was given up since it was
    killed, or in doubt, three times."""
    for _ in range(3):
        for path in house.files("new") + house.files("failed"):
            result = house.run("--outbox", "retry", os.path.basename(path))
            # one that a run behind a success has just sent is gone
            if result.status not in (0, 66, 75):
                yield f"retry: {result.status}: {result.stderr!r}"
        result = house.flush()
        if result.status != 0:
            yield f"recovery: {result.status}: {result.stderr!r}"
    yield from differs("new", house.files("new"), [])
    yield from differs("failed", house.files("failed"), [])


def balance(ledger, sink):
    for name, status in ledger.told.items():
        for to in YOU:
            mine = [copy for copy in sink.copies if copy.id == name and
                    to.encode() in copy.recipients]
            if status == 0 and not mine:
                yield f"{name} is lost for {to}"
            # Twice, only if the client never saw what came of the first.
            unheard = sum(not copy.heard for copy in mine)
            if len(mine) > 1 + unheard:
                yield (f"{name} was sent {len(mine)} times to {to}, "
                       f"{unheard} in doubt")
            size = {len(copy.content) for copy in mine}
            yield from differs(f"{name}: sizes", len(size) <= 1, True)
    for name in sink.count():
        if name not in ledger.told:
            yield f"{name!r} was never sent"


def accounts_balance(config, lmtp):
    ledger = Ledger()
    with House(*config) as house, Sink(ledger.answer, lmtp=lmtp) as sink:
        house.lead_to(sink.port)
        threads = [threading.Thread(target=ledger.send, args=(house, n))
                   for n in range(SENDERS)]
        flushers = [threading.Thread(target=ledger.flush, args=(house,))
                    for _ in range(FLUSHERS)]
        for thread in threads + flushers:
            thread.start()
        for thread in threads:
            thread.join()
        ledger.over.set()
        for thread in flushers:
            thread.join()
        yield from recover(house)
        yield from (f"{odd}" for odd in ledger.odd)
        yield from balance(ledger, sink)
        statuses = list(ledger.told.values())
        print(f"# seed {SEED}: {len(statuses)} messages, "
              f"{statuses.count(0)} promised, {ledger.kills} kills, "
              f"{len(sink.copies)} copies")
        yield from differs("messages", len(statuses), SENDERS * EACH)
        if ledger.kills < 10 or statuses.count(0) < SENDERS * EACH / 2:
            yield "too little has happened"


def main():
    tap = Tap()
    for config, lmtp in (((), False), (("partial_delivery on",), False),
                         (("protocol lmtp",), True)):
        tap.run("what senders were told is what the smarthost has: "
                f"{config or 'all or nobody'}", accounts_balance, config,
                lmtp)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
