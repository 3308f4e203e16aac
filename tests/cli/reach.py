#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server sees of how it is reached, and that a run ends in time
whatever the network, a proxy or a command does."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import Run
from smarthost import Smarthost
from smtpserver import Closed, Server
from tap import Tap

MESSAGE = b"Subject: x\n\nhello\n"
SHIM = os.path.join(os.environ.get("top_builddir", "build"),
                    "tests", "lib", "shim.so")
DEADLINE = 2
GRACE = 15  # seconds that a loaded machine may add


def submit(lines, args=("you@example.net",), wrapper=(), environment=None):
    """A run in clear; its result."""
    run = Run(["from me@example.org", "tls off", *lines], environment)
    try:
        run.start(["-i", *args], MESSAGE, wrapper)
        return run.finish(60)
    finally:
        run.clean()


def judge(result, status, *words):
    if result.status != status:
        yield f"{result.status}: {result.stderr!r}"
    for word in words:
        if not re.search(word, result.stderr):
            yield f"{word!r} is not in {result.stderr!r}"


def at(address, port):
    return [f"host {address}", f"port {port}"]


# Addresses


def from_the_address_that_is_asked():
    seen = []

    def serve(connection):
        seen.append(connection.sock.getpeername()[0])
        Smarthost().serve(connection)

    with Server(serve) as server:
        yield from judge(submit([*at("127.0.0.1", server.port),
                                 "source_ip 127.0.0.5"]), 0)
    if seen != ["127.0.0.5"]:
        yield f"from {seen}"


def by_a_unix_socket():
    host = Smarthost()
    folder = Run()
    path = os.path.join(folder.home, "socket")
    try:
        with Server(host.serve, path):
            result = submit([f"socket {path}"])
        yield from judge(result, 0)
        if not host.accepted:
            yield f"the smarthost heard {host.commands}"
        yield from judge(submit([f"socket {path}.not"]), 75,
                         rb"account default, socket .*\.not\)")
    finally:
        folder.clean()


def fill(listener):
    """Connections until the queue of a listener is full."""
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    return fillers


def a_silent_address_costs_a_quarter_of_a_second():
    host = Smarthost()
    with Server(host.serve) as server:
        silent = socket.create_server(("127.0.0.2", server.port), backlog=0)
        fillers = fill(silent)
        result = submit(
            [*at("mail.test", server.port), "timeout 60"],
            ("--serverinfo", "--json"), (),
            {"LD_PRELOAD": SHIM, "SHIM_RESOLVE": "127.0.0.2,127.0.0.1"})
        for one in (silent, *fillers):
            one.close()
    yield from judge(result, 0)
    facts = json.loads(result.stdout)
    print(f"# {facts['milliseconds']['connect']} ms")
    if facts["address"] != "127.0.0.1":
        yield facts["address"]
    if not 200 <= facts["milliseconds"]["connect"] < 1000 * GRACE:
        yield f"{facts['milliseconds']}"


# Our own name


def hello(wrapper, lines, address="127.0.0.1"):
    """What the server was greeted with."""
    host = Smarthost()
    with Server(host.serve, address) as server:
        result = submit([*at(address, server.port), *lines],
                        wrapper=wrapper)
    return host.commands[0].decode() if host.commands else \
        f"{result.status}: {result.stderr!r}"


def named(name):
    """A wrapper that gives the run a host name; None if it cannot be."""
    wrapper = ["unshare", "--uts", "sh", "-c",
               f'hostname {name} && exec "$@"', "sh"]
    if shutil.which("unshare") is None or subprocess.run(
            [*wrapper, "true"], check=False,
            stderr=subprocess.DEVNULL).returncode != 0:
        return None
    return wrapper


NAMES = (
    ("ws7.example.org", (), "ws7.example.org"),
    ("ws7", (), "[127.0.0.1]"),
    ("localhost", (), "[127.0.0.1]"),
    ("localhost.localdomain", (), "[127.0.0.1]"),
    ("ws7", ("domain mail.example.net",), "mail.example.net"),
    ("ws7", ("domain b\u00fccher.example",), "xn--bcher-kva.example"),
    ("ws7", ("domain [192.0.2.1]",), "[192.0.2.1]"),
    ("ws7.example.org", ("domain %H",), "ws7.example.org"),
)


def greets_as(name, lines, wanted):
    said = hello(named(name), lines)
    if said != "EHLO " + wanted:
        yield said


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def greets_by_ipv6():
    said = hello(named("ws7"), (), "::1")
    if said != "EHLO [IPv6:::1]":
        yield said


# The deadline


def in_time(lines, words):
    result = submit([*lines, f"deadline {DEADLINE}"])
    yield from judge(result, 75, words)
    if result.seconds > DEADLINE + GRACE or result.hung:
        yield f"it took {result.seconds} s"


def says(octets, drip=b""):
    """A handler that says this, and then nothing, or drips for ever."""

    def serve(connection):
        connection.pull(10)
        if octets:
            connection.send_raw(octets)
        end = time.monotonic() + 30
        while drip and time.monotonic() < end:
            connection.send_raw(drip)
            time.sleep(0.1)
        connection.drain(30)

    return serve


def a_proxy_that_stalls(kind, octets, drip=b""):
    with Server(says(octets, drip)) as server:
        yield from in_time(
            ["host mail.example", "port 25", "proxy_host 127.0.0.1",
             f"proxy_port {server.port}", f"proxy_type {kind}",
             "proxy_user me", "proxy_password secret"], b"timed out")


STALLS = (
    ("socks5", "silence", b""),
    ("socks5", "half a method", b"\5"),
    ("socks5", "a method", b"\5\0"),
    ("socks5", "no verdict on the password", b"\5\2"),
    ("socks5", "half an answer", b"\5\0\5\0\0\1\1"),
    ("socks5", "a tunnel, and no greeting", b"\5\0\5\0\0\1\1\1\1\1\1\1"),
    ("http", "silence", b""),
    ("http", "half a status", b"HTTP/1.1 20"),
    ("http", "no end of the head", b"HTTP/1.1 200 OK\r\nVia: x\r\n"),
    ("http", "a tunnel, and no greeting", b"HTTP/1.1 200 OK\r\n\r\n"),
    ("http", "field upon field", b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    ("http", "interim upon interim", b"", b"HTTP/1.1 100 x\r\n\r\n"),
)
COMMANDS = (
    "sleep 60",
    "exec sleep 60",
    "trap '' TERM HUP INT; while :; do sleep 1; done",
    "sleep 60 & exit 0",
    "exec cat >/dev/null",
    "exec <&-; sleep 60",
    "while :; do printf 220-; sleep 0.1; done",
    "kill -STOP $$",
)


def a_command_that_stalls(command):
    yield from in_time(["host mail.example",
                        f"connect_command {command}"], b"timed out")


def a_command_that_stalls_under_tls():
    yield from in_time(["host mail.example", "tls on", "port 465",
                        "connect_command exec sleep 60"], b"timed out")


def a_command_that_will_not_end_after_the_message():
    """Accepted is accepted, and what is left of the command is killed."""
    script = ("connect_command printf '220 x\\r\\n'; "
              "r() { read -r x; printf '250 x\\r\\n'; }; r; r; r; "
              "read -r x; printf '354 x\\r\\n'; "
              "while read -r x; do case $x in .?) break;; esac; done; "
              "printf '250 x\\r\\n'; trap '' TERM HUP; "
              "while :; do sleep 60; done")
    result = submit(["host mail.example", "pipelining off", script])
    yield from judge(result, 0)
    if result.seconds > GRACE:
        yield f"it took {result.seconds} s"


def a_greeting_in_drops(reply):
    """Each in time, all of them too late."""

    def serve(connection):
        try:
            says(b"", reply)(connection)
        except Closed:
            pass

    with Server(serve) as server:
        yield from in_time(at("127.0.0.1", server.port), b"timed out")


def signals_end_a_command():
    run = Run(["host mail.example", "tls off", "from me@example.org",
               "connect_command echo $$ >pid; exec sleep 60"])
    path = os.path.join(run.home, "pid")
    try:
        run.start(["-i", "you@example.net"], MESSAGE)
        run.process.stdin.write(MESSAGE)
        run.process.stdin.close()
        run.process.stdin = run.stdin = None
        end = time.monotonic() + GRACE
        while not (os.path.exists(path) and os.path.getsize(path)):
            if time.monotonic() > end:
                yield "the command did not start"
                break
            time.sleep(0.05)
        run.signal(15)
        result = run.finish(GRACE)
        if result.status != -15:
            yield f"{result.status}: {result.stderr!r}"
        with open(path, encoding="ascii") as file:
            pid = int(file.read())
        try:
            os.kill(pid, 0)
            yield "the command is still there"
        except ProcessLookupError:
            pass
    finally:
        run.clean()


def attempt(stall):
    """The faults of a test, an exception among them."""
    try:
        return list(stall[1](*stall[2:]))
    except Exception:  # pylint: disable=broad-except
        return [traceback.format_exc()]


def main():
    tap = Tap()
    for test in (from_the_address_that_is_asked, by_a_unix_socket,
                 a_silent_address_costs_a_quarter_of_a_second):
        tap.run(test.__name__.replace("_", " "), test)
    if named("ws7.example.org"):
        for name, lines, wanted in NAMES:
            tap.run(f"{name} {' '.join(lines)} greets as {wanted}",
                    greets_as, name, lines, wanted)
    else:
        tap.skip("names to greet with", "UTS namespaces are not permitted here")
    if has_ipv6() and named("ws7"):
        tap.run("an IPv6 address is tagged", greets_by_ipv6)
    else:
        tap.skip("an IPv6 address is tagged", "no IPv6 or no UTS namespace")
    stalls = [(f"a {kind} proxy stalls: {name}", a_proxy_that_stalls, kind,
               *octets) for kind, name, *octets in STALLS]
    stalls += [(f"a command stalls: {command}", a_command_that_stalls,
                command) for command in COMMANDS]
    stalls += [(test.__name__.replace("_", " "), test) for test in (
        a_command_that_stalls_under_tls,
        a_command_that_will_not_end_after_the_message,
        signals_end_a_command)]
    stalls += [(f"a greeting goes on and on: {drop!r}", a_greeting_in_drops,
                drop) for drop in (b"2", b"220-x\r\n")]
    # they wait, all of them, and can do that together
    with ThreadPoolExecutor(8) as pool:
        for stall, faults in zip(stalls, pool.map(attempt, stalls)):
            tap.check(stall[0], faults)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
