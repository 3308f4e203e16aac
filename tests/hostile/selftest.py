#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks the property of hostile.py is seen: programs that lie, leak,
linger or crash in place of the program, and books that do not balance."""

import os
import stat
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import hostile
import judge
import onehop
import peer
from tap import Tap

SEED, ROUNDS = "selftest", 40

# Each runs the program as $real and spoils what comes of it.
LIARS = {
    "exits 0 whatever comes": (
        '"$real" "$@"; exit 0', "outcome"),
    "says accepted whatever comes": (
        '"$real" "$@" | sed \'s/"outcome":"[a-z]*"/"outcome":"accepted"/\'; '
        "exit 0", "accepted, and the server never said so"),
    "says failed whatever comes": (
        '"$real" "$@" | sed \'s/"outcome":"[a-z]*"/"outcome":"failed"/; '
        's/"code":2[0-9]*/"code":null/g\'; echo no >&2; exit 75',
        "by us"),
    "shows the password": (
        'cat "$HOME/config" >&2; exec "$real" "$@"', "the password is in"),
    "shows what a terminal acts on": (
        "printf '\\033[2J' >&2; exec \"$real\" \"$@\"", "stderr has"),
    "dies by a signal": (
        '"$real" "$@"; kill -SEGV $$', "signal 11"),
    "is found out by a sanitizer": (
        '"$real" "$@"; exit 99', "sanitizer"),
    "loses its outbox": (
        '"$real" "$@"; status=$?; '
        'rm -rf "$HOME/.local/state/onehop/outbox"; exit $status',
        "promised, and lost"),
    "sends twice": (
        'cat >"$HOME/stdin"; "$real" "$@" <"$HOME/stdin"; status=$?; '
        '[ -s "$HOME/stdin" ] && "$real" "$@" <"$HOME/stdin" >"$HOME/null"; '
        "exit $status", "sent again"),
    "leaves a process behind": (
        'sleep 30 >"$HOME/null" 2>&1 & exec "$real" "$@"',
        "left processes behind"),
    "fails without a word": (
        '"$real" "$@" 2>"$HOME/null"', "without a word"),
    "cuts the message short": (
        'head -n 6 | "$real" "$@"', "the content is of no message"),
    "asks for no authentication": (
        'sed -i /^auth/d "$HOME/config"; echo "auth off" >>"$HOME/config"; '
        'exec "$real" "$@"', "content without authentication"),
    "does without TLS": (
        'sed -i /^tls/d "$HOME/config"; echo "tls off" >>"$HOME/config"; '
        'exec "$real" "$@"', "in clear"),
}


def is_caught(tools, script, words):
    """Some round with that program must complain in these words."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh",
                                     encoding="ascii") as file:
        file.write(f"#!/bin/sh\nreal='{os.environ['ONEHOP']}'\n{script}\n")
        file.flush()
        os.chmod(file.name, stat.S_IRWXU)
        with tempfile.NamedTemporaryFile(delete=False) as copy:
            # one that is open for writing cannot be executed
            with open(file.name, "rb") as whole:
                copy.write(whole.read())
        os.chmod(copy.name, stat.S_IRWXU)
        onehop.PROGRAM = copy.name
        try:
            yield from look_for(tools, words)
        finally:
            onehop.PROGRAM = os.environ["ONEHOP"]
            os.unlink(copy.name)


def look_for(tools, words):
    found = set()
    for first in range(0, ROUNDS, hostile.WORKERS):
        for verdict in hostile.verdicts(
                SEED, range(first, first + hostile.WORKERS), tools):
            found.update(verdict.faults)
        if any(words in fault for fault in found):
            return
    yield f"not caught, but: {[fault[:200] for fault in sorted(found)[:9]]}"


class Hung:
    """A result of a run that took too long."""

    status, stdout, stderr = 75, b"", b"late"
    orphans = hung = False
    seconds = 11


def sees_the_time():
    yield from expected(judge.any_run(Hung, 10, {}), "time: 11.0 s")
    Hung.hung = True
    yield from expected(judge.any_run(Hung, 12, {}), "it hangs")


def expected(faults, words):
    faults = list(faults)
    if not any(words in fault for fault in faults):
        yield f"not {words!r}: {faults}"


def told(*copies):
    its = judge.Told()
    its.copies = list(copies)
    return {"you": its}


# outcome, claimed, what was told, the complaint; None: there is none
BOOKS = [
    ("accepted", ["you"], told((judge.YES, 250, True, False)), None),
    ("accepted", ["you"], {}, "never said so"),
    ("accepted", ["you"], told((judge.NO, 0, True, False)), "never said so"),
    ("accepted", ["you"], told((judge.NO, 554, True, False)),
     "never said so"),
    ("failed", [], told((judge.YES, 250, True, False)), "by us"),
    ("unknown", [], told((judge.YES, 250, True, False)), "by us"),
    ("failed", [], told((judge.YES, 250, False, False)), "by us"),
    ("unknown", [], told((judge.YES, 250, False, False)), None),
    ("failed", [], told((judge.NO, 0, True, False)), "by us"),
    ("unknown", [], told((judge.NO, 0, True, False)), None),
    ("failed", [], told((judge.NO, 354, True, False)), "by us"),
    ("refused", [], told((judge.NO, 554, True, False)), None),
    ("failed", [], {}, None),
]


def books_balance(outcome, claimed, its, complaint):
    faults = list(judge.one_message(0 if outcome == "accepted" else 75,
                                    outcome, claimed, its, ["you"]))
    if complaint is None and faults:
        yield f"{faults}"
    if complaint is not None:
        yield from expected(faults, complaint)


def the_queue_balances():
    promised = {"m": ["you"]}
    twice = told(*[(judge.YES, 250, True, False)] * 2)
    yield from expected(judge.outbox(promised, {}, {}), "promised, and lost")
    yield from expected(judge.outbox(promised, {"m": twice}, {}),
                        "sent again")
    for left in ({"m": "new"}, {"m": "failed"}):
        yield from judge.outbox(promised, {}, left)


REPLIES = [
    (b"250 ok\r\n", [(250, False)]),
    (b"250 ok", []),
    (b"250-ok\r\n", []),
    (b"250-ok\r\n250 ok\r\n554 no\r\n", [(250, False), (554, False)]),
    (b"250-ok\r\n550 ok\r\n", [(250, True)]),
    (b"250 ok\n", [(250, True)]),
    (b"what\r\n", [(0, True)]),
    (b"250 " + b"x" * 13000 + b"\r\n", [(250, True)]),
]


def replies_are_read():
    for sent, wanted in REPLIES:
        got = [(reply.code, reply.odd) for reply in peer.parse(sent)]
        if got != wanted:
            yield f"{sent[:60]!r}: {got}, not {wanted}"


def main():
    tap = Tap()
    onehop.is_sanitized()  # the answer is kept: that of the program itself
    tap.run("replies are read", replies_are_read)
    tap.run("a run that takes too long", sees_the_time)
    tap.run("the books of an outbox", the_queue_balances)
    for outcome, claimed, its, complaint in BOOKS:
        copies = its["you"].copies if its else "nothing"
        tap.run(f"{outcome}, told {copies}: {complaint or 'all is well'}",
                books_balance, outcome, claimed, its, complaint)
    with tempfile.TemporaryDirectory(prefix="onehop-test-") as directory:
        tools = hostile.Tools(directory)
        for name, (script, words) in LIARS.items():
            tap.run(f"a program that {name}", is_caught, tools, script, words)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
