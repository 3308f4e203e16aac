#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that come together end a run as one does."""

import itertools
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import onehop
from tap import Tap

SECONDS = 60
HELD = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


def ends(*numbers):
    """The server says nothing; the run waits for its greeting."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        run = onehop.Run(["host 127.0.0.1", "tls off", "outbox off",
                          f"port {server.getsockname()[1]}",
                          "from me@example.org"])
        run.start(["you@example.net"], b"Subject: s\n\nx\n")
        run.process.stdin.write(run.stdin)
        run.process.stdin.close()
        run.process.stdin = run.stdin = None
        connection, _ = server.accept()
        for number in numbers:
            run.signal(number)
        result = run.finish(SECONDS)
        connection.close()
        run.clean()
    if result.hung:
        yield "it hung"
    if -result.status not in numbers:
        yield f"status {result.status}: {result.stderr!r}"
    if result.stderr.count(b"interrupted by signal") != 1:
        yield f"stderr: {result.stderr!r}"


def main():
    tap = Tap()
    for numbers in itertools.permutations(HELD, 2):
        tap.run(" and ".join(number.name for number in numbers), ends,
                *numbers)
    tap.run("all of them", ends, *HELD)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
