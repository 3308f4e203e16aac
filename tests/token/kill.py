#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals at every system call of a refresh: the next run has a token."""

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
# Whether the old refresh token is given up before the new one is sent, and how
# often it is taken all the same.
LENIENT, STRICT, GRACE = (False, 0), (True, 0), (True, 1)


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


def strike(authority, number, strict, grace, name, k):
    """Sends a signal at the k-th call of that name; the next runs work."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        server.strict, server.grace = strict, grace
        home.log_in()
        home.expire()
        home.run(ADDRESS, wrapper=(
            "strace", "-o", os.devnull, "-e", f"trace={name}", "-e",
            f"inject={name}:signal={number}:when={k}"))
        for before in range(2):
            status, out, words = home.run(ADDRESS)
            # The killed run's request may reach the server after its death.
            answered = server.count("/token") > before + 1
            if status == 77 and number == "KILL" and strict and answered and \
                    not grace and \
                    "Z had no reply: " in words and \
                    "hint: log in: onehop-token --login" in words:
                yield None
                return
            yield from differs(words, status, 0)
            if out.strip() not in server.access:
                yield f"printed {out[:20]!r}"
            home.expire()


def everywhere(authority, points, number, rotation, most):
    """At every call; of a call that is made often, at the last ones."""
    last = dict(points)
    points = [(name, k) for name, k in points if k > last[name] - most]
    lost = 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for point, faults in zip(points, pool.map(
                lambda point: list(strike(authority, number, *rotation,
                                          *point)), points)):
            lost += None in faults
            for fault in filter(None, faults):
                yield f"SIG{number} at {point[0]} {point[1]}: {fault}"
    if rotation == STRICT and number == "KILL":
        if not 0 < lost < len(points) / 2:
            yield f"{lost} of {len(points)} lose the token"


def main():
    if not os.path.exists(PROGRAM):
        skip_all("onehop-token is not built")
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    authority, directory = make_authority()
    tap = Tap()
    points = list(calls(authority))
    tap.run("the system calls are met",
            lambda: [] if len(points) > 50 else [f"{len(points)} calls"])
    tap.run("SIGKILL at every system call of a refresh", everywhere,
            authority, points, "KILL", LENIENT, 12)
    tap.run("SIGTERM, with strict rotation: the token is not lost", everywhere,
            authority, points, "TERM", STRICT, 4)
    tap.run("SIGKILL, with strict rotation: after the reply, log in again",
            everywhere, authority, points, "KILL", STRICT, 4)
    tap.run("SIGKILL, with a grace period: the token is not lost", everywhere,
            authority, points, "KILL", GRACE, 4)
    shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
