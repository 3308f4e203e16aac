#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal sees how far a long message is; nobody else does."""

import concurrent.futures
import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import PROGRAM
from tap import Tap

LINE = re.compile(r"\d+ %  \d+\.\d of 16\.3 MiB  "
                  r"(\d+\.\d [KM]iB/s  \d+:\d\d left|stalled"
                  r"|waiting for the reply)")
LONG = b"Subject: x\n\n" + (b"x" * 63 + b"\n") * (256 << 10)
SHORT = b"Subject: x\n\nhello\n"
SECONDS = 4  # that the slow server takes, and more than the two of patience


class SlowServer(threading.Thread):
    """Takes a message in pieces, in so many seconds; one connection. pause:
    it reads nothing for so long after the first MiB."""

    def __init__(self, seconds, verdict=b"250 ok\r\n", pause=0):
        super().__init__(daemon=True)
        self.seconds, self.verdict, self.pause = seconds, verdict, pause
        self.listener = socket.socket()
        # a small window, so that the client has to wait for us
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        self.listener.close()
        try:
            with connection:
                self.serve(connection)
        except ConnectionError:
            pass  # the client does not wait for the reply to QUIT

    def serve(self, connection):
        connection.sendall(b"220 mail.test\r\n")
        text = b""
        while not text.endswith(b"DATA\r\n"):
            text = connection.recv(4096)
            if not text:
                return
            connection.sendall(b"354 go\r\n" if text == b"DATA\r\n"
                               else b"250 ok\r\n")
        begin = time.monotonic()
        total, tail = 0, b""
        while not tail.endswith(b"\r\n.\r\n"):
            data = connection.recv(1 << 18)
            if not data:
                return
            total += len(data)
            if total >= 1 << 20:
                time.sleep(self.pause)
                self.pause = 0
            tail = (tail + data)[-5:]
            ahead = self.seconds * total / len(LONG) - (
                time.monotonic() - begin)
            if ahead > 0:
                time.sleep(ahead)
        connection.sendall(self.verdict)
        connection.recv(4096)


def submit(message, server, columns=80, terminal=True, args=(),
           term="xterm"):
    """The exit code, and all that was written to stderr."""
    if terminal:
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 25, columns, 0, 0))
    else:
        ours, theirs = os.pipe()
    shown = bytearray()

    def watch():
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                return  # the last one has closed the terminal
            if not data:
                return
            shown.extend(data)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with subprocess.Popen(
            [PROGRAM, "--host=127.0.0.1", f"--port={server.port}",
             "--tls=off", "-f", "me@example.org", *args, "you@example.net"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs,
            start_new_session=True, env={**os.environ, "TERM": term}
            ) as process:
        os.close(theirs)
        out, _ = process.communicate(message, timeout=120)
    watcher.join(60)
    os.close(ours)
    server.join(60)
    if out:
        raise ValueError(out)
    return process.returncode, shown.decode()


def screen(text):
    """What stands on a terminal in the end, line by line; and all that stood
    there when the cursor went back to its first column."""
    lines, seen, column = [""], [], 0
    for c in text:
        if c == "\r":
            seen.append(lines[-1].rstrip())
            column = 0
        elif c == "\n":
            lines.append("")
            column = 0
        else:
            lines[-1] = lines[-1][:column] + c + lines[-1][column + 1:]
            column += 1
    return [line.rstrip() for line in lines], [line for line in seen if line]


def shows_a_line_and_takes_it_away():
    status, text = submit(LONG, SlowServer(SECONDS))
    left, seen = screen(text)
    if status:
        yield f"exit {status}"
    if left != [""]:
        yield f"left behind: {left}"
    if not any("left" in line for line in seen):
        yield f"no time left: {seen}"
    for line in seen:
        if not LINE.fullmatch(line):
            yield f"not a line of it: {line!r}"


def keeps_to_the_width():
    _, text = submit(LONG, SlowServer(SECONDS), columns=30)
    left, seen = screen(text)
    if left != [""] or not seen or max(map(len, seen)) > 29:
        yield seen


def gives_way_to_the_error():
    status, text = submit(LONG, SlowServer(SECONDS, b"554 5.7.1 no\r\n"))
    left, seen = screen(text)
    if status != 69 or not seen:
        yield status, seen
    if len(left) != 2 or not left[0].startswith("onehop: ") or left[1]:
        yield left


def says_stalled_while_stalled():
    """What the peer has not acknowledged is not done: it has read 1 MiB."""
    status, text = submit(LONG, SlowServer(0, pause=11))
    left, seen = screen(text)
    stalled = [line for line in seen if "stalled" in line]
    if status or left != [""]:
        yield f"exit {status}, left behind: {left}"
    if len(stalled) < 3:
        yield f"not stalled: {seen}"
    for line in stalled:
        done = float(line.split()[2])
        if sys.platform == "linux" and not 0.9 < done < 1.8:
            yield line


def is_silent(message, seconds, terminal, term="xterm"):
    status, text = submit(message, SlowServer(seconds), terminal=terminal,
                          term=term)
    if status or text:
        yield status, text


class NoServer:
    """Where a command is the connection."""

    port = 1

    def join(self, _):
        pass


def says_what_a_command_keeps_waiting_for():
    status, text = submit(SHORT, NoServer(),
                          args=["--connect-command=sleep 5"])
    _, seen = screen(text)
    waits = [line for line in seen if re.fullmatch(
        r"waiting for the greeting of 127\.0\.0\.1:1 \(\d+ s\)", line)]
    if status != 75 or not waits:
        yield status, seen


def leaves_the_dialogue_alone():
    _, text = submit(LONG, SlowServer(SECONDS), args=["-v"])
    if " % " in text or "C: DATA" not in text:
        yield text


TESTS = {
    "a long message has a line, which is erased":
        shows_a_line_and_takes_it_away,
    "the line keeps to a narrow terminal": keeps_to_the_width,
    "an error has its line for itself": gives_way_to_the_error,
    "a short message has none": lambda: is_silent(SHORT, 0, True),
    "without a terminal there is none":
        lambda: is_silent(LONG, SECONDS, False),
    "a dumb terminal has none":
        lambda: is_silent(LONG, SECONDS, True, "dumb"),
    "a stalled one says so": says_stalled_while_stalled,
    "-v has none": leaves_the_dialogue_alone,
    "a command that says nothing is waited for":
        says_what_a_command_keeps_waiting_for,
}

# side by side, as most of the time is waited for
tap = Tap()
with concurrent.futures.ThreadPoolExecutor(len(TESTS)) as pool:
    for name, faults in zip(TESTS, pool.map(
            lambda test: list(test()), TESTS.values())):
        tap.check(name, faults)
sys.exit(tap.done())
