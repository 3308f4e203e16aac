#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./bootstrap demo: what a person wants to see of onehop.

Starts a smarthost on loopback that speaks STARTTLS on one port and TLS from
the start on another and wants a password, sends one message through onehop
to each, and shows what was run and what arrived. Exit status 0 if everything
arrived as it should. Nothing stays running and nothing is left behind,
however this ends.
"""

import asyncio
import functools
import logging
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

USER = "alice"
PASSWORD = "wonderland"
SENDER = "alice@example.org"
TRANSPORTS = {
    "starttls": "STARTTLS: the session begins in clear and is upgraded",
    "tls": "implicit TLS: the session is encrypted from the first byte",
}
RECIPIENTS = {
    "bob@example.net": "To",
    "carol@example.net": "Cc",
    "dave@example.net": "Bcc",
}
MESSAGE = """\
From: Alice <alice@example.org>
To: Bob <bob@example.net>
Cc: Carol <carol@example.net>
Bcc: dave@example.net
Subject: one hop away
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Grüße aus Köln, chère Carol: здравствуй, мир!
.
The line above is a single dot, and the text goes on after it.
"""


class Smarthost:
    """Accepts one message from those who know the password; remembers it."""

    def __init__(self):
        self.seen = None

    def authenticate(self, server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (
            USER.encode(), PASSWORD.encode())
        session.onehop_login = f"{USER}, by {mechanism}" if good else None
        return AuthResult(success=good, handled=False)

    async def handle_DATA(self, server, session, envelope):
        connection = server.transport.get_extra_info("ssl_object")
        self.seen = {
            "TLS": f"{connection.version()}, {connection.cipher()[0]}",
            "login": session.onehop_login,
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "message": envelope.original_content,
        }
        return "250 2.0.0 Ok: queued as DEMO1"


def make_certificate(scratch):
    """A key and a certificate for 127.0.0.1, valid for this day."""
    certificate = os.path.join(scratch, "certificate.pem")
    key = os.path.join(scratch, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-nodes",
         "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "1",
         "-subj", "/CN=onehop demo", "-addext", "subjectAltName=IP:127.0.0.1",
         "-addext", "extendedKeyUsage=serverAuth",
         "-keyout", key, "-out", certificate],
        check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return certificate, key


async def start_smarthost(transport, certificate, key):
    """Listens on a free port; returns what it sees and the server."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    smarthost = Smarthost()
    if transport == "starttls":
        of_socket, of_smtp = None, {"tls_context": tls,
                                    "require_starttls": True}
    else:
        of_socket, of_smtp = tls, {"auth_require_tls": False}
    server = await asyncio.get_running_loop().create_server(
        functools.partial(SMTP, smarthost, hostname="smarthost.example",
                          auth_required=True, enable_SMTPUTF8=True,
                          authenticator=smarthost.authenticate, **of_smtp),
        host="127.0.0.1", port=0, ssl=of_socket)
    return smarthost, server


def write_config(scratch, certificate, ports):
    path = os.path.join(scratch, "config")
    lines = [
        "defaults",
        "host 127.0.0.1",
        f"from {SENDER}",
        "auth on",
        f"user {USER}",
        f"password {PASSWORD}",
        "tls on",
        f"tls_trust_file {certificate}",
    ]
    for transport, port in ports.items():
        starttls = "on" if transport == "starttls" else "off"
        lines += ["", f"account {transport}", f"port {port}",
                  f"tls_starttls {starttls}"]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def show(text):
    for line in text.splitlines():
        print(f"    | {line}")
    print(flush=True)


async def run_onehop(config, transport):
    """Runs it as a person would, and returns its exit code."""
    onehop = os.environ.get("ONEHOP", "build/onehop")
    command = [onehop, "-C", config, "-a", transport, "-i", "-t"]
    print("$ " + " ".join(command) + " < message", flush=True)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE)
    try:
        await asyncio.wait_for(process.communicate(MESSAGE.encode()), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    print(f"exit code {process.returncode}")
    return process.returncode


def faults_of(seen):
    """What is not as it should be, in words."""
    body = MESSAGE.partition("\n\n")[2].replace("\n", "\r\n").encode()
    header, _, arrived = seen["message"].partition(b"\r\n\r\n")
    if sorted(seen["recipients"]) != sorted(RECIPIENTS):
        yield "the recipients are not Bob, Carol and Dave"
    if seen["sender"] != SENDER:
        yield f"the sender is not {SENDER}"
    names = [line.partition(b":")[0].strip().lower()
             for line in header.split(b"\r\n")]
    if b"bcc" in names or b"dave@example.net" in header.lower():
        yield "the Bcc field was not removed"
    if arrived != body:
        yield "the text did not arrive byte for byte"


async def deliver(config, transport, smarthost):
    """One message over one transport; 0 if it arrived as it should."""
    print(f"--- {TRANSPORTS[transport]} ---\n")
    code = await run_onehop(config, transport)
    if code != 0 or smarthost.seen is None:
        print("\nThe message did not arrive.\n")
        return 1
    seen = smarthost.seen
    print("\nThe smarthost received\n")
    for name in ("TLS", "login", "sender"):
        print(f"    {name:10} {seen[name]}")
    for recipient in seen["recipients"]:
        field = RECIPIENTS.get(recipient, "nobody")
        print(f"    recipient  {recipient} (from {field})")
    print()
    show(seen["message"].decode(errors="backslashreplace"))
    faults = list(faults_of(seen))
    for fault in faults:
        print(f"WRONG: {fault}")
    return len(faults)


async def demonstrate(scratch):
    certificate, key = make_certificate(scratch)
    smarthosts, servers, ports = {}, [], {}
    try:
        for transport in TRANSPORTS:
            smarthosts[transport], server = await start_smarthost(
                transport, certificate, key)
            servers.append(server)
            ports[transport] = server.sockets[0].getsockname()[1]
        config = write_config(scratch, certificate, ports)
        print("A smarthost listens on 127.0.0.1, with a certificate made "
              "just now, and wants a\npassword. This message goes to it "
              "twice:\n")
        show(MESSAGE)
        faults = 0
        for transport in TRANSPORTS:
            faults += await deliver(config, transport, smarthosts[transport])
        return faults
    finally:
        for server in servers:
            server.close()


async def run_until_signal(scratch, caught):
    """A signal cancels the demonstration, so that it cleans up."""
    task = asyncio.ensure_future(demonstrate(scratch))

    def stop(number):
        caught.append(number)
        task.cancel()

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    return await task


def main():
    # Letters that the encoding of the output lacks are shown as escapes.
    sys.stdout.reconfigure(errors="backslashreplace")
    # What aiosmtpd has to say to those who write servers with it.
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    caught = []
    with tempfile.TemporaryDirectory(prefix="onehop-demo-") as scratch:
        try:
            faults = asyncio.run(run_until_signal(scratch, caught))
        except asyncio.CancelledError:
            print("\nThe demo was stopped.")
            return 128 + caught[0]
    if faults:
        print("The demo failed.")
        return 1
    print("Both arrived: Bcc removed, Date and Message-ID added, text "
          "unchanged.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
