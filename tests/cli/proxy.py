#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_host: through SOCKS5 to the smarthost, whose name the proxy resolves.
The proxy of these tests is the smarthost as well. And what a proxy of HTTP
repeats of its password is not shown."""

import base64
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import Run
from smtpserver import Server
from tap import Tap

MESSAGE = b"Subject: x\n\nhello\n"
BOUND = struct.pack("!4B4BH", 5, 0, 0, 1, 127, 0, 0, 1, 1)


class Proxy(threading.Thread):
    """One connection: greeting, request, then SMTP."""

    def __init__(self, method=b"\5\0", answer=BOUND):
        super().__init__(daemon=True)
        self.method, self.answer = method, answer
        self.request, self.lines = None, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rb") as file:
            count = file.read(2)[1]
            file.read(count)
            connection.sendall(self.method)
            if self.method != b"\5\0":
                file.read()
                return
            head = file.read(4)
            size = {1: 4, 4: 16}.get(head[3])
            host = file.read(size if size else file.read(1)[0])
            self.request = (head, host, *struct.unpack("!H", file.read(2)))
            # one octet at a time, the greeting glued to the last
            for octet in self.answer[:-1]:
                connection.sendall(bytes([octet]))
            connection.sendall(self.answer[-1:] + b"220 mail.test\r\n")
            try:
                self.speak(connection, file)
            except ConnectionError:
                pass  # the client does not wait for the reply to QUIT

    def speak(self, connection, file):
        data = False
        for line in file:
            self.lines.append(line)
            data = data and line != b".\r\n"
            if data:
                continue
            data = line.startswith(b"DATA")
            connection.sendall(b"354 go\r\n" if data else b"250 ok\r\n")


def submit(proxy, host):
    run = Run([f"host {host}", "port 2525", "tls off",
               "proxy_host 127.0.0.1", f"proxy_port {proxy.port}",
               "from me@example.org"])
    try:
        run.start(["-i", "you@example.net"], MESSAGE)
        return run.finish(60)
    finally:
        run.clean()


def arrives(host, kind, octets):
    proxy = Proxy()
    result = submit(proxy, host)
    if result.status != 0 or result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if proxy.request != (bytes([5, 1, 0, kind]), octets, 2525):
        yield f"asked for {proxy.request}"
    if b"hello\r\n" not in proxy.lines:
        yield f"the smarthost heard {proxy.lines}"


def fails(proxy, status, words):
    result = submit(proxy, "mail.invalid")
    if result.status != status or words not in result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if proxy.lines:
        yield f"the smarthost heard {proxy.lines}"


SECRET = b"proxy-secret"
CODED = base64.b64encode(b"me:" + SECRET)


def hides(words):
    """The proxy answers with these words about the password."""
    def serve(connection):
        lines = iter(connection.read_line, b"\r\n")
        if b"Proxy-Authorization: Basic " + CODED + b"\r\n" in list(lines):
            connection.write(words + b"\r\n")
        connection.finish()

    run = Run()
    try:
        with Server(serve) as server:
            run.write_config([
                "host mail.invalid", "tls off", "proxy_type http",
                "proxy_host 127.0.0.1", f"proxy_port {server.port}",
                "proxy_user me", f"proxy_password {SECRET.decode()}",
                f"logfile {run.home}/log", f"outbox {run.home}/outbox",
                "from me@example.org"])
            run.start(["-d", "--json", "-i", "you@example.net"], MESSAGE)
            result = run.finish(60)
        shown = result.stdout + result.stderr
        for name in run.litter():
            with open(os.path.join(run.home, name), "rb") as file:
                shown += file.read()
    finally:
        run.clean()
    for text in result.stdout, result.stderr, shown:
        if b"<hidden>" not in text:
            yield f"nothing is hidden: {text!r}"
    for secret in SECRET, CODED, base64.b64encode(SECRET):
        if secret in shown:
            yield f"{secret!r} shows: {shown!r}"


def main():
    tap = Tap()
    tap.run("the proxy resolves the name", arrives, "mail.invalid", 3,
            b"mail.invalid")
    tap.run("an IPv4 address goes as one", arrives, "192.0.2.1", 1,
            bytes([192, 0, 2, 1]))
    tap.run("an IPv6 address goes as one", arrives, "2001:db8::1", 4,
            socket.inet_pton(socket.AF_INET6, "2001:db8::1"))
    tap.run("what the proxy cannot reach is temporary", fails,
            Proxy(answer=b"\5\5\0\1\0\0\0\0\0\0"), 75, b"connection refused")
    tap.run("what is no proxy is a protocol error", fails,
            Proxy(method=b"HT"), 76, b"expected a SOCKS5 proxy")
    tap.run("a proxy that wants a password is refused", fails,
            Proxy(method=b"\5\xff"), 77, b"proxy authentication required")
    for name, words in {
            "in a refusal": b"HTTP/1.1 407 not " + SECRET + b"\r\n",
            "coded": b"HTTP/1.1 403 " + CODED + b"\r\n",
            "in no answer": SECRET,
            "by the server behind it":
                b"HTTP/1.1 200 ok\r\n\r\n554 5.7.1 not " + SECRET}.items():
        tap.run(f"proxy_password is hidden {name}", hides, words)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
