#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user database that does not answer: nothing is done in another name."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import Run  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "build"),
                                    "tests", "lib", "shim.so"))
UNKNOWN = f"cannot look up user {os.getuid()}: Input/output error"
WENT_ON = "connection refused"
PLAIN = "from me@example.org"

# name; what the database does; lines; words on stderr; environment. The status
# is 75.
ROWS = (
    ("%U in from", "fail", ["from %U@example.org"], UNKNOWN),
    ("... after another pattern", "fail", ["from %%%H%U@example.org"],
     UNKNOWN),
    ("no from", "fail", ["maildomain example.org"], UNKNOWN),
    ("%U in maildomain", "fail", [PLAIN, "maildomain %U.example.org"],
     UNKNOWN),
    ("%U in domain", "fail", [PLAIN, "domain %U.example.org"], UNKNOWN),
    ("%u in outbox", "fail", [PLAIN, "outbox {home}/%u"], UNKNOWN),
    ("no HOME", "fail", [PLAIN], UNKNOWN, {"HOME": ""}),
    ("... of this user", "fail", [PLAIN], UNKNOWN, {"HOME": "/"}),
    ("... for a user without an entry", "none", [PLAIN], WENT_ON,
     {"HOME": ""}),
    ("no name is needed", "fail", [PLAIN, "domain %%U.example.org"], WENT_ON),
    ("a user without an entry", "none", ["from %U@example.org"], WENT_ON),
)


def tried(users, lines, words, environment=None):
    run = Run(environment={"LD_PRELOAD": SHIM, "SHIM_USERS": users,
                           **(environment or {})})
    run.write_config(["host 127.0.0.1", "port 1", "tls off",
                      *(line.format(home=run.home) for line in lines)])
    run.start(["-i", "you@example.net"], b"Subject: x\n\nhello\n")
    result = run.finish(60)
    litter = run.litter()
    run.clean()
    if result.status != 75:
        yield f"{result.status}: {result.stderr!r}"
    if words not in result.stderr.decode():
        yield f"{words!r} is not in {result.stderr!r}"
    if litter:
        yield f"left behind: {litter}"


def main():
    if not os.path.exists(SHIM):
        skip_all("no shim.so")
    tap = Tap()
    for name, *row in ROWS:
        tap.run(name, tried, *row)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
