#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that come together end a run as one does, whoever is waited for."""

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


def ends(*numbers, proxy=None):
    """The server says nothing; the run waits for its greeting, or for the
    reply of that kind of proxy."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = onehop.Run(["host 127.0.0.1", "tls off", "outbox off",
                          "from me@example.org", f"port {port}"] + (
                              ["proxy_host 127.0.0.1", f"proxy_port {port}",
                               f"proxy_type {proxy}"] if proxy else []))
        run.start(["you@example.net"], b"Subject: s\n\nx\n")
        run.process.stdin.write(run.stdin)
        run.process.stdin.close()
        run.process.stdin = run.stdin = None
        connection, _ = server.accept()
        if proxy:
            connection.recv(1)  # it has asked
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
    for proxy in ("socks5", "http"):
        tap.run(f"a proxy that says nothing: {proxy}",
                lambda kind: ends(signal.SIGTERM, proxy=kind), proxy)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
