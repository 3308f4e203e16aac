# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench measures against: a slow line, and servers that only sink.

Everything listens on a free port of 127.0.0.1 and ends with its `with`.
"""

import queue
import socket
import ssl
import subprocess
import threading
import time

import realserver


class Listener:
    """Accepts connections in a thread; each gets a thread of its own."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # shutdown() wakes accept(), close() alone does not
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the client has seen to its own end


class SlowLine(Listener):
    """A proxy that delivers every octet `delay` seconds late, either way.

    A line has no Nagle's algorithm, and the server's must not wait for what
    is no client: that goes at once. Acknowledgements to the client are put
    off as those of any server are.

    heard: when the client was given octets of the server, from the begin
    of the last connection on; the first entry is that begin.
    """

    def __init__(self, port, delay):
        self.server_port = port
        self.delay = delay
        self.heard = []

    def serve(self, client):
        self.heard = heard = [time.monotonic()]
        with socket.create_connection(("127.0.0.1",
                                       self.server_port)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ways = [threading.Thread(target=self._carry, args=way, daemon=True)
                    for way in ((client, server, None),
                                (server, client, heard))]
            for way in ways:
                way.start()
            for way in ways:
                way.join()

    def _carry(self, source, target, heard):
        under_way = queue.Queue()
        threading.Thread(target=self._take,
                         args=(source, heard is not None, under_way),
                         daemon=True).start()
        while True:
            due, data = under_way.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                if heard is not None:
                    heard.append(time.monotonic())
                target.sendall(data)
            except OSError:
                return

    def _take(self, source, at_once, under_way):
        data = b"."
        while data:
            try:
                if at_once and hasattr(socket, "TCP_QUICKACK"):
                    source.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_QUICKACK, 1)
                data = source.recv(1 << 16)
            except OSError:
                data = b""
            under_way.put((time.monotonic() + self.delay, data))

    def waits(self):
        """How often the client heard something after half a round trip or
        more of silence: how often it had to wait for the network."""
        return sum(later - earlier >= self.delay for earlier, later
                   in zip(self.heard, self.heard[1:]))


class Sink(Listener):
    """Takes any number of octets and forgets them, faster than any client
    sends them."""

    EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n"
    END = b"\r\n.\r\n"

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"220 sink\r\n")
        with connection.makefile("rb", 1 << 20) as commands:
            self._answer(connection, commands)

    def _answer(self, client, commands):
        for line in commands:
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                client.sendall(self.EHLO)
            elif verb == b"DATA":
                client.sendall(b"354 go\r\n")
                self._sink(commands)
                client.sendall(b"250 ok\r\n")
            elif verb == b"QUIT":
                client.sendall(b"221 bye\r\n")
                return
            else:
                client.sendall(b"250 ok\r\n")

    def _sink(self, commands):
        """Up to the final dot; QUIT may come with it, and is left."""
        last = b""
        while True:
            ahead = commands.peek()
            if not ahead:
                raise OSError("closed")
            end = (last + ahead).find(self.END)
            if end >= 0:
                commands.read(end + len(self.END) - len(last))
                return
            commands.read(len(ahead))
            last = ahead[-len(self.END) + 1:]


class SevenBitSink(Sink):
    """The same without 8BITMIME."""

    EHLO = b"250-sink\r\n250-PIPELINING\r\n250 SIZE\r\n"


class TlsSink(Sink):
    """The same over TLS."""

    def __init__(self, certificate, key):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)

    def serve(self, connection):
        with self._context.wrap_socket(connection, server_side=True) as tls:
            super().serve(tls)


class HaltingServer(Listener):
    """Writes each reply in two pieces and has Nagle's algorithm on: the
    second leaves when the client has acknowledged the first, which a client
    that does not ask for it puts off by some 40 ms."""

    REPLIES = {b"EHLO": (b"250-slow\r\n", b"250 8BITMIME\r\n"),
               b"DATA": (b"354 go ", b"on\r\n"),
               b"QUIT": (b"221 good ", b"bye\r\n")}

    def serve(self, connection):
        with connection.makefile("rb") as commands:
            self._say(connection, (b"220 good ", b"day\r\n"))
            for line in commands:
                verb = line.split()[0].upper()
                self._say(connection,
                          self.REPLIES.get(verb, (b"250 all ", b"well\r\n")))
                if verb == b"DATA":
                    while commands.readline() not in (b".\r\n", b""):
                        pass
                    self._say(connection, (b"250 all ", b"well\r\n"))
                elif verb == b"QUIT":
                    return

    def _say(self, connection, pieces):
        for piece in pieces:
            connection.sendall(piece)


class PostfixSink:
    """Postfix's smtp-sink: takes as many messages as come."""

    def __enter__(self):
        self.port, = realserver.free_ports(1)
        self._process = subprocess.Popen(
            [realserver.find_program("smtp-sink"), "-u", "nobody",
             "127.0.0.1:%d" % self.port, "256"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        realserver.wait_until(self._answers, "smtp-sink")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False
