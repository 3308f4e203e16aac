# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with exact control of its bytes, and a record of all it was sent.

Server listens on a port of its own choice and gives each connection to a
handler, one after the other. Connection sends what it is told in the pieces
it is told to, breaks the line in every way a network can, and writes all that
the client sent into the Record.
"""

import ctypes
import select
import socket
import ssl
import struct
import threading
import time

WAIT = 10  # seconds that a server waits for a client before it gives up


class Closed(Exception):
    """The client has closed or reset the connection."""


class Stalled(Exception):
    """The client sent nothing though it was its turn."""


class Record:
    """What went over one connection: (seconds, who, in TLS?, octets).

    who is "C" for the client, "S" for us, "*" for events in words.
    """

    def __init__(self):
        self.began = time.monotonic()
        self.events = []

    def add(self, who, tls, data):
        self.events.append((time.monotonic() - self.began, who, tls, data))

    def received(self, tls=None):
        """All that the client sent: in clear, in TLS, or (None) both."""
        return b"".join(data for _, who, in_tls, data in self.events
                        if who == "C" and tls in (None, in_tls))

    def lines(self):
        """The dialogue for people, a line per line of it."""
        for when, who, tls, data in self.events:
            mark = "%7.3f %s%s" % (when, who, "+" if tls else " ")
            if who == "*":
                yield "%s %s" % (mark, data)
                continue
            for line in data[:2000].splitlines(True):
                yield "%s %s" % (mark, repr(line[:200])[2:-1])


def cut_whole(data):
    return [data]


def cut_bytewise(data):
    """One octet at a time; a long reply only at its beginning."""
    return [data[i:i + 1] for i in range(min(len(data), 96))] + (
        [data[96:]] if len(data) > 96 else [])


def cut_at_crlf(data):
    """Between each CR and its LF, and behind each LF at the next CR."""
    pieces = data.split(b"\r\n")
    pieces = [pieces[0] + b"\r"] + [
        b"\n" + piece + b"\r" for piece in pieces[1:-1]] + [
        b"\n" + pieces[-1]] if len(pieces) > 1 else pieces
    return pieces if len(pieces) < 40 else [
        b"".join(pieces[:20]), b"".join(pieces[20:])]


def openssl_of(tls):
    """(OpenSSL, SSL *) of an ssl.SSLObject, for functions that the ssl module
    does not offer. Its C object is the head, one pointer, and SSL *."""
    offset = object.__basicsize__ + ctypes.sizeof(ctypes.c_void_p)
    return (ctypes.PyDLL(ssl._ssl.__file__),
            ctypes.c_void_p.from_address(id(tls._sslobj) + offset))


class Connection:
    """One accepted connection, in clear or in TLS."""

    def __init__(self, sock):
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self.sock = sock
        self.record = Record()
        self.tls = None         # ssl.SSLObject once the handshake is done
        self.inbox = bytearray()  # received, not yet read
        self.ended = False      # the client sends no more
        self.cut = cut_whole
        self.corked = None      # bytearray while replies are held back

    # --- the line below TLS

    def _wait(self, event, seconds):
        poller = select.poll()
        poller.register(self.sock, event)
        return bool(poller.poll(max(0, seconds) * 1000))

    def send_raw(self, data):
        """Octets straight into the socket, whatever TLS thinks of it."""
        view = memoryview(data)
        while view:
            try:
                sent = self.sock.send(view)
            except BlockingIOError:
                if not self._wait(select.POLLOUT, WAIT):
                    raise Stalled("client does not read") from None
                continue
            except OSError as error:
                raise Closed(str(error)) from None
            view = view[sent:]

    def _receive(self, seconds):
        """Octets from the socket; b"" at the end; None if none came."""
        if not self._wait(select.POLLIN, seconds):
            return None
        try:
            return self.sock.recv(1 << 18)
        except BlockingIOError:
            return None
        except OSError as error:
            self.record.add("*", bool(self.tls), str(error))
            return b""

    # --- TLS over memory, so that its records can be spoilt at will

    def start_tls(self, context, first=b""):
        """Handshakes as the server; first: octets to take as received."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        tls = context.wrap_bio(self._incoming, self._outgoing,
                               server_side=True)
        self._incoming.write(bytes(first))
        deadline = time.monotonic() + WAIT
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_raw(self._outgoing.read())
                data = self._receive(deadline - time.monotonic())
                if data is None:
                    raise Stalled("TLS handshake") from None
                if data == b"":
                    raise Closed("during TLS handshake") from None
                self._incoming.write(data)
            except ssl.SSLError as error:
                self.record.add("*", False, "TLS: %s" % error)
                self.send_raw(self._outgoing.read())
                raise Closed("TLS: %s" % error) from None
        self.send_raw(self._outgoing.read())
        self.tls = tls
        self.record.add("*", True, "%s handshake done" % tls.version())
        # What the client sent behind its Finished came with it.
        self._take(self._open(b""))

    def _seal(self, data):
        if not self.tls:
            return data
        self.tls.write(data)
        return self._outgoing.read()

    def _open(self, data):
        """What the records in data hold; b"" at close_notify."""
        if not self.tls:
            return data
        self._incoming.write(data)
        clear = bytearray()
        try:
            while True:
                piece = self.tls.read(1 << 16)
                if not piece:
                    self.ended = True
                    break
                clear += piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.record.add("*", True, "TLS: %s" % error)
            self.ended = True
        return bytes(clear)

    # --- reading

    def pull(self, seconds):
        """Moves what arrives within the seconds into the inbox. Did any?"""
        if self.ended:
            return False
        data = self._receive(seconds)
        if data is None:
            return False
        if data == b"":
            self.ended = True
            self.record.add("*", bool(self.tls), "client closed")
            return False
        self._take(self._open(data))
        return True

    def _take(self, clear):
        if clear:
            self.record.add("C", bool(self.tls), clear)
            self.inbox += clear

    def read_line(self, seconds=WAIT):
        """A line with its end; Closed or Stalled if none comes."""
        deadline = time.monotonic() + seconds
        searched = 0
        while True:
            end = self.inbox.find(b"\n", searched)
            searched = len(self.inbox)
            if end >= 0:
                line = bytes(self.inbox[:end + 1])
                del self.inbox[:end + 1]
                return line
            if not self.pull(deadline - time.monotonic()):
                if self.ended:
                    raise Closed("client closed")
                if time.monotonic() >= deadline:
                    raise Stalled("client sends nothing")

    def read_content(self, seconds=WAIT):
        """The content of DATA up to its final dot, dots unstuffed."""
        lines = []
        while True:
            line = self.read_line(seconds)
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def has_line(self):
        """Is there another command to answer already?"""
        self.pull(0)
        return b"\n" in self.inbox

    def drain(self, seconds=WAIT):
        """Reads and drops all until the client closes. Did it?"""
        deadline = time.monotonic() + seconds
        while not self.ended and time.monotonic() < deadline:
            self.pull(deadline - time.monotonic())
        self.inbox.clear()
        return self.ended

    # --- writing

    def write(self, data):
        """Sends a reply in the pieces of self.cut, or corks it."""
        if self.corked is not None:
            self.corked += data
            return
        pieces = self.cut(data)
        for i, piece in enumerate(pieces):
            if i:
                time.sleep(0.0005)
            self.record.add("S", bool(self.tls), piece)
            self.send_raw(self._seal(piece))

    def cork(self):
        """From now on replies wait for uncork()."""
        if self.corked is None:
            self.corked = bytearray()

    def uncork(self):
        if self.corked is not None:
            held, self.corked = bytes(self.corked), None
            if held:
                self.write(held)

    # --- breaking the line

    def finish(self, seconds=WAIT):
        """Ends our side in order, close_notify included; reads the rest."""
        self.uncork()
        if self.tls:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            self._try_send(self._outgoing.read())
        self.truncate(seconds)

    def truncate(self, seconds=WAIT):
        """Ends our side with a FIN and nothing else; reads the rest."""
        self.uncork()
        self.record.add("*", bool(self.tls), "FIN")
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.drain(seconds)

    def reset(self):
        """Ends the connection with a RST."""
        self.uncork()
        self.record.add("*", bool(self.tls), "RST")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()
        self.ended = True

    def write_spoilt(self, data):
        """A reply in a TLS record with a wrong last octet."""
        record = bytearray(self._seal(data))
        record[-1] ^= 0x55
        self.send_raw(record)

    def write_alert(self):
        """A fatal alert under the session's keys: OpenSSL sends
        bad_record_mac by itself when it is fed a forged record."""
        self._incoming.write(b"\x17\x03\x03\x00\x40" + bytes(64))
        try:
            self.tls.read(1)
        except ssl.SSLError:
            pass
        self.record.add("*", True, "fatal alert")
        self._try_send(self._outgoing.read())

    def write_key_update(self):
        """A KeyUpdate that asks for one in return."""
        library, pointer = openssl_of(self.tls)
        if library.SSL_key_update(pointer, 1) != 1:
            raise RuntimeError("SSL_key_update failed")
        self.record.add("*", True, "KeyUpdate")

    def _try_send(self, data):
        try:
            self.send_raw(data)
        except Closed:
            pass

    def close(self):
        self.sock.close()


def listen(address, port):
    """A socket that listens at an IP address, or at a path."""
    if "/" not in address:
        return socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address
            else socket.AF_INET)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    return listener


class Server:
    """Listens on 127.0.0.1, or on another address or path;
    handler(connection) serves each connection."""

    def __init__(self, handler, address="127.0.0.1", port=0):
        self.handler = handler
        self.records = []       # of all connections, in order
        self.failure = None     # exception of a handler that is our own fault
        self._listener = listen(address, port)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            self.records.append(connection.record)
            try:
                self.handler(connection)
            except (Closed, Stalled) as end:
                connection.record.add("*", bool(connection.tls),
                                      "%s: %s" % (type(end).__name__, end))
            except Exception as error:  # shown by whoever runs the test
                self.failure = error
            finally:
                connection.close()

    def stop(self):
        """Ends the service; waits for the handler that is at work."""
        # close() alone does not wake an accept() in another thread.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._thread.join(WAIT + 5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
