#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL at every system call of a refresh: the next run has a token."""

import concurrent.futures
import os
import re
import shutil
import sys

# pylint: disable=wrong-import-position
from authserver import (ADDRESS, PROGRAM, AuthServer, Home, differs,
                        make_authority)
from tap import Tap, skip_all

WORKERS = 4


def calls(authority):
    """(name, k) of the system calls from the first look at the store on."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        trace = os.path.join(home.path, "trace")
        if home.run(ADDRESS, wrapper=("strace", "-o", trace))[0] != 0:
            raise RuntimeError("the refresh fails")
        with open(trace, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    begun = False
    counts = {}
    for line in lines:
        found = re.match(r"(\w+)\(", line)
        if found:
            name = found.group(1)
            counts[name] = counts.get(name, 0) + 1
            begun = begun or "/state/onehop/token" in line
            if begun and name != "exit_group":
                yield name, counts[name]


def kill(authority, name, k):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        home.run(ADDRESS, wrapper=(
            "strace", "-o", os.devnull, "-e", f"trace={name}", "-e",
            f"inject={name}:signal=KILL:when={k}"))
        for _ in range(2):
            status, out, words = home.run(ADDRESS)
            yield from differs(words, status, 0)
            if out.strip() not in server.access:
                yield f"printed {out[:20]!r}"
            home.expire()


def kill_everywhere(authority):
    points = list(calls(authority))
    if len(points) < 50:
        yield f"only {len(points)} system calls were met"
    # of a call that is made often, the last 40
    last = {}
    for name, k in points:
        last[name] = max(k, last.get(name, 0))
    points = [(name, k) for name, k in points if k > last[name] - 40]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for point, faults in zip(points, pool.map(
                lambda point: list(kill(authority, *point)), points)):
            for fault in faults:
                yield f"killed at {point[0]} {point[1]}: {fault}"


def main():
    if not os.path.exists(PROGRAM):
        skip_all("onehop-token is not built")
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    authority, directory = make_authority()
    tap = Tap()
    tap.run("SIGKILL at every system call of a refresh", kill_everywhere,
            authority)
    shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
