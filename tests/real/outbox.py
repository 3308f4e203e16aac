#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network is pulled from under Debian's cron: Postfix is stopped, ten jobs
have something to say, Postfix comes back, a flush delivers all ten, once."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import realserver
from callers import (PATH, SECONDS, SENDMAIL, House, enter_namespace,
                     with_daemon)
from onehop import SANITIZER_OPTIONS
from tap import Tap

USER = "games"
HOME = "/usr/games"
OUTBOX = f"{HOME}/.local/state/onehop/outbox"
JOBS = 10


def queued():
    """Names of the messages in the user's outbox."""
    folder = os.path.join(OUTBOX, "new")
    return [name for name in os.listdir(folder)
            if not name.startswith(".")] if os.path.isdir(folder) else []


def as_user(*command):
    return subprocess.run(command, user=USER, group=USER, extra_groups=[],
                          env=dict(SANITIZER_OPTIONS, PATH=PATH), cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=SECONDS, check=False)


def prepare(house):
    """An outbox for everybody, a home for the user, ten jobs of his."""
    path = os.path.join(house.home, "etc/onehop/config")
    with open(path, "a", encoding="utf-8") as file:
        file.write("outbox on\n")
    house.cover("games", HOME)
    shutil.chown(HOME, USER, USER)
    house.write(f"spool/crontabs/{USER}", "".join(
        f"@reboot echo job {i} says hello\n" for i in range(JOBS)), 0o600)


def cron_keeps_ten(house):
    def wait(_):
        realserver.wait_until(lambda: len(queued()) == JOBS,
                              f"{JOBS} messages in the outbox", SECONDS)
        yield from ()

    house.server.stop_postfix()
    yield from with_daemon(house, ["cron", "-f"], wait)
    listed = as_user(SENDMAIL, "-bp")
    if f" in {JOBS} messages" not in listed.stdout.decode():
        yield f"mailq: {listed.stdout!r} {listed.stderr!r}"
    flushed = as_user(SENDMAIL, "-q")
    if (flushed.returncode, flushed.stderr) != (0, b""):
        yield f"a flush without a server: {flushed}"
    if len(queued()) != JOBS:
        yield f"it left {len(queued())} messages"


def a_flush_delivers_ten(house):
    house.server.start_postfix()
    flushed = as_user(SENDMAIL, "-q")
    if (flushed.returncode, flushed.stderr) != (0, b""):
        yield f"flush: {flushed}"
    mails = house.server.wait_for_mail(JOBS, SECONDS)
    realserver.wait_until(house.server.queue_is_empty, "the queue's end")
    mails += house.server.wait_for_mail(0)
    said = sorted(re.findall(rb"^job (\d+) says hello$",
                             b"".join(mails), re.M), key=int)
    if said != [b"%d" % i for i in range(JOBS)]:
        yield f"jobs that were heard: {said}"
    if queued():
        yield f"still in the outbox: {queued()}"
    again = as_user(SENDMAIL, "-q")
    if again.returncode != 0 or house.server.mail_files():
        yield f"a second flush: {again}, {house.server.mail_files()}"


def one_session_served_all(house):
    """As Postfix counted when they ended."""
    sessions = re.findall(r"disconnect from .*? mail=(\d+)",
                          house.server.log())
    if str(JOBS) not in sessions:
        yield f"messages in each session: {sessions}"


def main():
    enter_namespace(__file__, ["cron"])
    tap = Tap()
    with realserver.RealServer() as server:
        with House(server) as house:
            prepare(house)
            tap.run("cron's ten messages wait while Postfix is down",
                    cron_keeps_ten, house)
            tap.run("a flush delivers all ten, once", a_flush_delivers_ten,
                    house)
            tap.run("one session serves them all", one_session_served_all,
                    house)
            subprocess.run(["umount", "--lazy", HOME], check=True)
        if tap.failed:
            for line in server.log().splitlines()[-40:]:
                print(f"# {line}")
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
