#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""-bs and a client that sends commands without reading the replies.
tests/unit/net/stdio.c has the limit of time."""

import select
import signal
import socket
import subprocess
import sys
import threading
import time

# pylint: disable=wrong-import-position
from dialogue import SECONDS, differs
from onehop import PROGRAM, Run
from tap import Tap

NOOPS = 100000
REPLY = b"250 2.0.0 Ok\r\n"


def send(client):
    """The server may end before it has read all."""
    try:
        client.sendall(NOOPS * b"NOOP\r\n" + b"QUIT\r\n")
    except OSError:
        pass


def is_writable(server):
    return select.select([], [server], [], 0)[1]


def session(blocking, end):
    """Fills the replies' way; end(process, client) is what happens then."""
    run = Run()
    client, server = socket.socketpair()
    with client, server:
        server.setblocking(blocking)
        process = subprocess.Popen(
            [PROGRAM, "-C", run.config, "-bs"], stdin=server, stdout=server,
            stderr=subprocess.PIPE, env=run.environment, cwd=run.home)
        sender = threading.Thread(target=send, args=(client,), daemon=True)
        sender.start()
        while is_writable(server) and process.poll() is None:
            time.sleep(0.01)
        server.close()
        try:
            yield from end(process, client)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            client.shutdown(socket.SHUT_RDWR)
            sender.join()
            run.clean()


def is_terminated(process, _client):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        yield "it still runs"
        return
    yield from differs("status", process.returncode, -signal.SIGTERM)
    said = process.stderr.read()
    if b"while waiting for the client to read a reply" not in said:
        yield f"stderr: {said!r}"


def reads_at_last(process, client):
    with client.makefile("rb") as replies:
        lines = list(replies)
    yield from differs("replies", lines[1:],
                       NOOPS * [REPLY] + [b"221 2.0.0 Bye\r\n"])
    yield from differs("status", process.wait(SECONDS), 0)
    yield from differs("stderr", process.stderr.read(), b"")


def main():
    tap = Tap()
    for blocking in (True, False):
        kind = "a blocking" if blocking else "a non-blocking"
        tap.run(f"SIGTERM ends a wait on {kind} socket", session, blocking,
                is_terminated)
        tap.run(f"no reply is lost on {kind} socket", session, blocking,
                reads_at_last)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
