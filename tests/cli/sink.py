# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: sink.py FOLDER

A smarthost for tests in sh. It takes every message, without TLS or AUTH;
FOLDER/port tells where it listens, FOLDER/1, FOLDER/2, ... hold what came:
the MAIL and RCPT commands, an empty line, the message with its dots as sent.
"""

import os
import socket
import sys


def answer(stream, line):
    stream.write(line + b"\r\n")
    stream.flush()


def converse(stream, folder, number):
    """One session; returns the number of the next message."""
    answer(stream, b"220 sink.example ESMTP")
    envelope = b""
    for line in iter(stream.readline, b""):
        verb = line[:4].upper()
        if verb in (b"MAIL", b"RCPT"):
            envelope += line
            answer(stream, b"250 2.1.0 ok")
        elif verb == b"EHLO":
            answer(stream, b"250-sink.example\r\n250-PIPELINING\r\n"
                           b"250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
        elif verb == b"DATA":
            answer(stream, b"354 go on")
            text = b"".join(iter(stream.readline, b".\r\n"))
            path = os.path.join(folder, str(number))
            with open(path + ".new", "wb") as file:
                file.write(envelope + b"\r\n" + text)
            os.rename(path + ".new", path)
            number, envelope = number + 1, b""
            answer(stream, b"250 2.0.0 ok: queued as SINK")
        elif verb == b"QUIT":
            answer(stream, b"221 2.0.0 bye")
            break
        else:
            answer(stream, b"500 5.5.1 what?")
    return number


def main(folder):
    number = 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = os.path.join(folder, "port")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(str(server.getsockname()[1]))
        os.rename(path + ".new", path)
        while True:
            connection, _ = server.accept()
            try:
                with connection, connection.makefile("rwb") as stream:
                    number = converse(stream, folder, number)
            except OSError:
                pass


if __name__ == "__main__":
    main(sys.argv[1])
