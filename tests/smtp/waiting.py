#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""No server holds a run beyond its limits or keeps a signal from it, and a
person at a terminal sees what is waited for."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import PROGRAM, Run, patience
from tap import Tap

TEXT = b"Subject: x\n\nhello\n"
SHIM = os.path.join(os.environ.get("top_builddir", "build"), "tests", "lib",
                    "shim.so")
STEPS = ["", "EHLO", "MAIL", "RCPT", "DATA", "."]


class Server(threading.Thread):
    """Answers as usual until the step, then as torment(peer) does."""

    def __init__(self, step, torment):
        super().__init__(daemon=True)
        self.step, self.torment = step, torment
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        peer, _ = self.listener.accept()
        try:
            with peer:
                self.serve(peer)
        except OSError:
            pass  # the client has given up, as it should

    def serve(self, peer):
        lines = peer.makefile("rb")
        if self.step == "":
            self.torment(peer)
        peer.sendall(b"220 mail.test\r\n")
        content = False
        for line in lines:
            verb = (line.split() or [b""])[0].upper().decode()
            if content and verb != ".":
                continue
            if verb == self.step:
                self.torment(peer)
            content = verb == "DATA"
            peer.sendall(b"354 go\r\n" if content else b"250 ok\r\n")


def silence(_peer):
    time.sleep(60)


def drip(peer):
    while True:
        peer.sendall(b"2")
        time.sleep(0.5)


def continue_for_ever(peer):
    """Continuation lines, slow enough to stay below every limit of size."""
    while True:
        peer.sendall(b"250-and\r\n")
        time.sleep(0.1)


def flood(peer):
    while True:
        peer.sendall(b"250-" + b"x" * 500 + b"\r\n")


TORMENTS = [silence, drip, continue_for_ever, flood]


def start(server, *config):
    run = Run(["account default", "host 127.0.0.1", f"port {server.port}",
               "tls off", "auth off", "from me@example.org", *config])
    run.start(["you@example.net"], TEXT)
    return run


def within_limits(step, torment, config):
    run = start(Server(step, torment), config)
    result = run.finish(patience(15))
    run.clean()
    if result.seconds > patience(4):
        yield f"{result.seconds:.1f} s"
    if result.status not in (75, 76):
        yield f"exit {result.status}: {result.stderr}"


def heeds_signal(torment, number):
    server = Server("MAIL", torment)
    run = start(server)
    time.sleep(0.7)
    run.signal(number)
    began = time.monotonic()
    result = run.finish(patience(15))
    run.clean()
    if time.monotonic() - began > patience(2):
        yield "long after the signal it still ran"
    if result.status != -number and torment is not flood:
        yield f"exit {result.status}: {result.stderr}"


def watch(term, *config, environment=()):
    """What the terminal shows, and the exit status."""
    run = Run(["account default", "auth off", "from me@example.org", *config])
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "-C", run.config, "you@example.net"],
        stdin=subprocess.PIPE, stderr=slave, start_new_session=True,
        env=dict(run.environment, TERM=term, **dict(environment)))
    os.close(slave)
    process.stdin.write(TEXT)
    process.stdin.close()
    shown = b""
    while True:
        if not select.select([master], [], [], 20)[0]:
            break
        try:
            shown += os.read(master, 4096)
        except OSError:
            break  # the other end is closed
    status = process.wait()
    os.close(master)
    run.clean()
    return shown.decode(), status


def slow_greeting(seconds, term):
    server = Server("", lambda peer: time.sleep(seconds))
    return watch(term, "tls off", "host 127.0.0.1", f"port {server.port}")


def line_is_redrawn_and_erased(awaited, shown):
    """The line of a wait of more than four seconds."""
    for second in (3, 4):
        if not re.search(rf"\rwaiting for {awaited}:\d+ \({second} s\)",
                         shown):
            yield f"nothing about second {second}: {shown!r}"
    if not re.search(r"s\) *\r +\r(onehop: |$)", shown):
        yield f"the line stays: {shown!r}"


def greeting_is_waited_for():
    shown, status = slow_greeting(5.5, "xterm")
    yield from line_is_redrawn_and_erased("the greeting of 127.0.0.1", shown)
    if status != 0:
        yield f"exit {status}"


def handshake_is_waited_for():
    """The server says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        shown, status = watch(
            "xterm", "host 127.0.0.1", "tls on", "tls_starttls off",
            f"port {listener.getsockname()[1]}", "timeout 5")
    yield from line_is_redrawn_and_erased("the TLS handshake of 127.0.0.1",
                                          shown)
    if status != 75:
        yield f"exit {status}"


def connection_is_waited_for():
    """A full backlog: the kernel does not answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        shown, status = watch("xterm", "host 127.0.0.1", "tls off",
                              f"port {port}", "timeout 5")
        for one in waiting:
            one.close()
    yield from line_is_redrawn_and_erased("the TCP handshake of 127.0.0.1",
                                          shown)
    if status != 75:
        yield f"exit {status}"


def address_is_waited_for():
    shown, status = watch(
        "xterm", "host slow.test", "tls off", "port 9", environment={
            "SHIM_RESOLVE": "slow", "LD_PRELOAD": os.path.abspath(SHIM)})
    yield from line_is_redrawn_and_erased("the address of slow.test", shown)
    if status != 75:
        yield f"exit {status}"


def line_is_not_shown(seconds, term):
    shown, status = slow_greeting(seconds, term)
    if shown or status:
        yield f"exit {status}: {shown!r}"


def main():
    tap = Tap()
    for step in STEPS:
        for torment in TORMENTS:
            tap.run(f"timeout ends {torment.__name__} at {step or 'greeting'}",
                    within_limits, step, torment, "timeout 2")
    for torment in TORMENTS:
        tap.run(f"deadline ends {torment.__name__}", within_limits, "EHLO",
                torment, "deadline 2")
        for number in (signal.SIGTERM, signal.SIGINT):
            tap.run(f"{number.name} ends {torment.__name__}", heeds_signal,
                    torment, number)
    tap.run("a line says what is waited for", greeting_is_waited_for)
    tap.run("so in the TLS handshake", handshake_is_waited_for)
    tap.run("so in the TCP handshake", connection_is_waited_for)
    if os.path.exists(SHIM):
        tap.run("so while the name is resolved", address_is_waited_for)
    else:
        tap.skip("so while the name is resolved", "no shim.so")
    tap.run("not on a dumb terminal", line_is_not_shown, 4, "dumb")
    tap.run("not before three seconds", line_is_not_shown, 1, "xterm")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
