# SPDX-License-Identifier: GPL-3.0-or-later
"""openssl s_server and gnutls-serv, for one connection each.

    with OpenSSL(Offer(chain, key)) as server:
        ... connect to server.port on 127.0.0.1 ...
    server.seen is what the server decrypted.

Both find their port themselves. s_server speaks SMTP behind TLS, by what is
written to its input. gnutls-serv returns what it gets; so a relay in front of
it does the part of SMTP before STARTTLS, and what comes behind it is refused
by the client as no reply.
"""

import base64
import collections
import os
import re
import shutil
import socket
import subprocess
import threading

PATIENCE = 60  # seconds for any step, on a busy machine

# What a server shows and asks. chain, key, authority, staple: files; version:
# the one it takes, or None; cut: octets after which its words end, or None.
# With dh it takes ephemeral Diffie-Hellman only, with the prime in a file or
# one of 2048 bits; gnutls-serv has no use for either. listener: a socket of
# the caller's to be reached by, closed at the end, or None.
Offer = collections.namedtuple(
    "Offer", "chain key version authority staple cut dh prime listener",
    defaults=(None, None, None, None, None, None, None))


def why_not():
    """What is missing, or None."""
    for program in ("openssl", "gnutls-serv"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None


class Relay:
    """Between a client and a server, for one connection.

    With hello it speaks the SMTP before STARTTLS itself."""

    def __init__(self, port, hello, offer):
        self._target = port
        self._hello = hello
        self._cut = offer.cut
        self._lock = threading.Lock()
        self._open = []
        self._closed = False
        self._listener = (offer.listener or
                          socket.create_server(("127.0.0.1", 0)))
        self._listener.settimeout(PATIENCE)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _keep(self, end):
        """Notes an open socket for close()."""
        with self._lock:
            self._open.append(end)
            if self._closed:
                shut(end, socket.SHUT_RDWR)

    def _serve(self):
        try:
            client, _ = self._listener.accept()
            self._keep(client)
            client.settimeout(PATIENCE)
            if self._hello and not speak_clear(client):
                return
            server = socket.create_connection(("127.0.0.1", self._target),
                                              PATIENCE)
            self._keep(server)
            back = threading.Thread(target=pass_on, daemon=True,
                                    args=(server, client, self._cut))
            back.start()
            pass_on(client, server, None)
            back.join(PATIENCE)
        except OSError:
            pass  # the test looks at what came of it

    def close(self):
        with self._lock:
            self._closed = True
            for end in [self._listener] + self._open:
                shut(end, socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        # Not before: who waits on a number would wait on its next owner.
        for end in [self._listener] + self._open:
            end.close()


def speak_clear(client):
    """SMTP until STARTTLS was granted; False if it was not asked for."""
    client.sendall(b"220 mail.test ESMTP\r\n")
    for line in client.makefile("rb", buffering=0):
        if line.upper().startswith(b"STARTTLS"):
            client.sendall(b"220 2.0.0 go ahead\r\n")
            return True
        client.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
    return False


def shut(end, how):
    """Ends one way or both; wakes who waits there."""
    try:
        end.shutdown(how)
    except OSError:
        pass  # the other side was faster


def pass_on(source, target, limit):
    """Octets from one socket to the other, at most limit of them; then the
    end of them."""
    try:
        while limit is None or limit > 0:
            data = source.recv(65536)[:limit]
            if not data:
                break
            if limit is not None:
                limit -= len(data)
            target.sendall(data)
    except OSError:
        pass  # the test looks at what came of it
    shut(target, socket.SHUT_RDWR if limit == 0 else socket.SHUT_WR)


class Server:
    """A program that listens, and what it prints."""

    def __init__(self, command):
        # Debian's openssl.cnf forbids what we want to see refused.
        environment = dict(os.environ, OPENSSL_CONF="/dev/null")
        self.port = None
        self.seen = b""
        self._relay = None
        self._dialogue = None
        self._changed = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=environment)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            data = os.read(self._process.stdout.fileno(), 65536)
            with self._changed:
                self.seen += data
                self._ended = not data
                self._changed.notify_all()
            if not data:
                return

    def wait_for(self, pattern, start=0):
        """The match of a regular expression in the output behind start, or
        None once the program has ended."""
        expression = re.compile(pattern, re.MULTILINE)
        with self._changed:
            if not self._changed.wait_for(
                    lambda: self._ended or expression.search(self.seen, start),
                    PATIENCE):
                raise RuntimeError(f"expected {pattern!r}, came {self.seen!r}")
            return expression.search(self.seen, start)

    def need(self, pattern):
        """As wait_for(); the end is an error."""
        match = self.wait_for(pattern)
        if match is None:
            raise RuntimeError(f"ended: {self.seen!r}")
        return match

    def write(self, data):
        """To the program's input, which it sends on."""
        try:
            os.write(self._process.stdin.fileno(), data)
        except BrokenPipeError:
            pass  # it has ended, and the dialogue will

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._relay:
            self._relay.close()
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self._dialogue:
            self._dialogue.join(PATIENCE)
        self._process.stdin.close()
        self._process.stdout.close()


def split(chain):
    """The server's certificate and the others become two files; the second
    is None if there are no others."""
    with open(chain, encoding="ascii") as file:
        blocks = file.read().split("-----BEGIN")[1:]
    others = None
    if len(blocks) > 1:
        others = chain + ".others"
        with open(others + str(threading.get_ident()), "w",
                  encoding="ascii") as file:
            file.write("".join("-----BEGIN" + b for b in blocks[1:]))
        os.rename(file.name, others)
    return others


REPLIES = (
    (rb"EHLO ", b"250-mail.test\r\n250 AUTH PLAIN\r\n"),
    (rb"AUTH ", b"235 2.7.0 welcome\r\n"),
    (rb"(MAIL|RCPT) ", b"250 2.1.0 ok\r\n"),
    (rb"DATA\r", b"354 go on\r\n"),
    (rb"\.\r", b"250 2.0.0 taken\r\n"),
    (rb"QUIT", b"221 2.0.0 bye\r\n"),
)


class OpenSSL(Server):
    """openssl s_server."""

    name = "openssl"
    starttls = False

    def __init__(self, offer):
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0",
                   "-naccept", "1", "-no-CApath", "-no-CAstore",
                   "-cert", offer.chain, "-key", offer.key]
        others = split(offer.chain)
        if others:
            command += ["-cert_chain", others]
        if offer.version:
            command += ["-tls1" + {"1.0": "", "1.1": "_1",
                                   "1.2": "_2"}[offer.version]]
        ciphers = "ALL"
        if offer.dh:
            ciphers = "DHE-RSA-AES256-GCM-SHA384"
        if offer.prime:
            command += ["-dhparam", offer.prime]
        command += ["-cipher", ciphers + ":@SECLEVEL=0"]
        if offer.authority:
            command += ["-Verify", "9", "-verify_return_error",
                        "-CAfile", offer.authority]
        else:
            command += ["-no-CAfile"]
        if offer.staple:
            command += ["-status_file", offer.staple]
        super().__init__(command)
        self.port = int(self.need(rb"^ACCEPT .*:(\d+)\n").group(1))
        if offer.prime and b"default temp DH" in self.seen:
            raise RuntimeError(f"took another prime: {self.seen!r}")
        if offer.cut is not None or offer.listener:
            self._relay = Relay(self.port, False, offer)
            self.port = self._relay.port
        self._dialogue = threading.Thread(target=self._talk, daemon=True)
        self._dialogue.start()

    def _talk(self):
        match = self.wait_for(rb"^CIPHER is .*\n")
        if match is None:
            return
        self.write(b"220 mail.test ESMTP\r\n")
        commands = b"|".join(pattern for pattern, _ in REPLIES)
        while True:
            match = self.wait_for(rb"^(?:" + commands + rb").*\n",
                                  match.end())
            if match is None:
                return
            for pattern, reply in REPLIES:
                if re.match(pattern, match.group()):
                    self.write(reply)


def listening_port(pid):
    """The port of IPv4 that the process listens on."""
    folder = f"/proc/{pid}/fd"
    mine = {os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in list(file)[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in mine:
                return int(words[1].split(":")[1], 16)
    raise RuntimeError(f"process {pid} listens nowhere")


class GnuTLS(Server):
    """gnutls-serv."""

    name = "gnutls"
    starttls = True

    def __init__(self, offer):
        priority = "NORMAL:%VERIFY_ALLOW_BROKEN"
        if offer.version:
            priority += f":-VERS-ALL:+VERS-TLS{offer.version}"
        command = ["gnutls-serv", "--port", "0", "--echo", "--noticket",
                   "--priority", priority, "--x509certfile", offer.chain,
                   "--x509keyfile", offer.key]
        if offer.authority:
            command += ["--require-client-cert", "--verify-client-cert",
                        "--x509cafile", offer.authority]
        else:
            command += ["--disable-client-cert"]
        if offer.staple:
            command += ["--ignore-ocsp-response-errors",
                        "--ocsp-response", offer.staple]
        super().__init__(command)
        self.need(rb"^Echo Server listening on IPv4.*done$")
        self._relay = Relay(listening_port(self._process.pid), True, offer)
        self.port = self._relay.port


def plain(user, password):
    """The words of AUTH PLAIN that give the two away."""
    return base64.b64encode(f"\0{user}\0{password}".encode())
