#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--timing: where the time went, on stderr, also of a run that failed."""

import os
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
from onehop import Run
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap

MESSAGE = b"Subject: x\n\nhello\n"
LINE = re.compile(r"([A-Za-z+]+) +(\d+) ms(?:  (#*)( \(unfinished\))?)?")


def submit(args, faults=None, config=(), password=f"password {PASSWORD}",
           authority=None):
    """One run against a server with these faults, with implicit TLS if there is
    an authority; its Result."""
    host = Smarthost() if authority is None else \
        Smarthost("tls", authority.context("ip"))
    host.faults.update(faults or {})
    tls = ["tls off"] if authority is None else \
        ["tls on", "tls_starttls off", f"tls_trust_file {authority.root}"]
    with Server(host.serve) as server:
        run = Run(["host 127.0.0.1", f"port {server.port}", *tls,
                   f"user {USER}", password, "from me@example.org", *config])
        try:
            run.start([*args, "you@example.net"], MESSAGE)
            return run.finish(60)
        finally:
            run.clean()


def steps_of(result):
    """The lines with bars: {name: (ms, bar, unfinished)}, in order."""
    found = {}
    for line in result.stderr.decode().splitlines():
        match = LINE.fullmatch(line)
        if match:
            name, ms, bar, unfinished = match.groups()
            found[name] = int(ms), bar, bool(unfinished)
    return found


def is_silent_without():
    result = submit([])
    if result.status or result.stderr or result.stdout:
        yield result.stderr


def shows_each_step():
    """The one that takes long has the longest bar."""
    def dawdle(host, good):
        time.sleep(0.3)
        host.say(good, "dot")
    result = submit(["--timing"], {"dot": dawdle})
    steps = steps_of(result)
    if list(steps) != ["resolve", "connect", "greeting", "EHLO",
                       "AUTH+envelope", "content", "total"]:
        yield result.stderr
    if steps["content"][0] < 290 or steps["content"][1] != "#" * 40:
        yield steps
    if result.status or result.stdout:
        yield result.status, result.stdout


def parts_what_goes_in_flights_of_its_own():
    steps = steps_of(submit(["--timing"], config=["auth_pipelining off"]))
    if list(steps)[-4:] != ["AUTH", "envelope", "content", "total"]:
        yield steps


def shows_how_far_a_failed_run_came():
    result = submit(["--timing"], {
        "rcpt": lambda host, good: host.say(b"550 5.1.1 unknown\r\n",
                                            "rcpt")})
    steps = steps_of(result)
    if list(steps)[-2:] != ["AUTH+envelope", "total"]:
        yield steps
    if not steps["AUTH+envelope"][2] or result.status != 67:
        yield result.stderr
    if b"550 5.1.1 unknown" not in result.stderr.splitlines()[0]:
        yield result.stderr


def has_nothing_to_show_if_nothing_was_tried():
    result = submit(["--timing", "-f", "not an address"])
    if result.status != 65 or steps_of(result):
        yield result.stderr


def waits_for_the_command_that_tells_the_password():
    steps = steps_of(submit(["--timing"], password=
                            f"passwordeval sleep 0.3; echo {PASSWORD}"))
    if next(iter(steps)) != "password" or steps["password"][0] < 290:
        yield steps


def parts_the_handshake_from_the_greeting():
    """Under implicit TLS it comes first, and has an end of its own."""
    def dawdle(host, _):
        time.sleep(0.3)
        host.start_tls()
    scratch = tempfile.mkdtemp(prefix="onehop-timing-")
    try:
        result = submit(["--timing"], {"tls_handshake": dawdle},
                        authority=certs.Authority(scratch))
    finally:
        shutil.rmtree(scratch)
    steps = steps_of(result)
    if list(steps)[:5] != ["resolve", "connect", "TLS", "greeting", "EHLO"]:
        yield result.stderr
    if steps["TLS"][0] < 290 or steps["TLS"][2]:
        yield steps


tap = Tap()
tap.run("nothing is shown unless asked for", is_silent_without)
tap.run("each step has its line and bar", shows_each_step)
tap.run("AUTH in a flight of its own is a step of its own",
        parts_what_goes_in_flights_of_its_own)
tap.run("a failed run shows how far it came",
        shows_how_far_a_failed_run_came)
tap.run("a run that tried nothing shows nothing",
        has_nothing_to_show_if_nothing_was_tried)
tap.run("the password's command has a step",
        waits_for_the_command_that_tells_the_password)
if shutil.which("openssl") is None:
    tap.skip("implicit TLS has a step", "openssl is not installed")
else:
    tap.run("implicit TLS has a step", parts_the_handshake_from_the_greeting)
sys.exit(tap.done())
