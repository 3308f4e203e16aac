#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tls_trust dane against real signed zones, served by nsd.

The test moves into network and mount namespaces of its own: signedzone.py.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import signedzone
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap, skip_all

SIGNED, UNSIGNED = "dane.example", "plain.example"


def run_openssl(*args, given=None):
    return subprocess.run(["openssl", *args], input=given, check=True,
                          stdout=subprocess.PIPE).stdout


def key_hash(certificate):
    """SHA-256 of the certificate's public key."""
    pem = run_openssl("x509", "-in", certificate, "-noout", "-pubkey")
    der = run_openssl("pkey", "-pubin", "-outform", "DER", given=pem)
    return run_openssl("dgst", "-sha256", given=der).split()[-1].decode()


def make_zones(scratch, port, keys):
    """A signed zone and another; keys: hashes of ours and the authority's."""
    zones = signedzone.Zones(scratch)
    ours, authority = keys
    hosts = {
        "mail": ["3 1 1 " + ours],
        "several": ["3 1 1 " + "00" * 32, "3 1 1 " + ours],
        "other": ["3 1 1 " + "11" * 32],
        "authority": ["2 1 1 " + authority],
        "wrong-name": ["2 1 1 " + authority],
        "public": ["1 1 1 " + ours],
        "forged": ["3 1 1 " + "22" * 32],
        "none": [],
    }
    zones.add(UNSIGNED, [(port, "mail", "3 1 1 " + ours)], ["mail"])
    path = zones.add_signed(SIGNED, [
        (port, host, record)
        for host, records in hosts.items() for record in records],
        hosts)
    # A forger has no key: the signature stays that of another record.
    with open(path, encoding="ascii") as file:
        text = file.read()
    with open(path, "w", encoding="ascii") as file:
        file.write(text.replace("22" * 32, ours))
    return zones


class Deaf:
    """A resolver that takes questions and says nothing, or SERVFAIL."""

    def __init__(self, answers):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        self.answers = answers
        self.ended = False
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        self.sock.settimeout(0.1)
        while not self.ended:
            try:
                question, sender = self.sock.recvfrom(4096)
            except socket.timeout:
                continue
            if self.answers:
                # QR RD RA, SERVFAIL; the question alone comes back
                end = question.index(b"\0", 12) + 5
                self.sock.sendto(question[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" +
                                 question[12:end], sender)

    def stop(self):
        self.ended = True
        self.thread.join()
        self.sock.close()


def submit(port, host, *more, context):
    """One message to the host; the run's result and what the server got."""
    smarthost = Smarthost("tls", context)
    run = signedzone.make_run([
        f"host {host}", f"port {port}", "tls on", "tls_starttls off",
        "tls_trust dane", f"user {USER}", f"password {PASSWORD}",
        "auth plain", "from alice@example.org", *more])
    try:
        with Server(smarthost.serve, port=port) as server:
            run.start(["bob@example.net"], b"Subject: x\n\nx\n")
            result = run.finish(120)
        received = b"".join(r.received(tls=True) for r in server.records)
        return result, smarthost, received
    finally:
        run.clean()


def accepted(port, host, context):
    result, smarthost, _ = submit(port, host, context=context)
    if result.status != 0 or result.stderr or not smarthost.accepted:
        yield f"{result.status}: {result.stderr!r}"


def refused(port, host, verdict, context, *more):
    """verdict: exit status and words."""
    result, smarthost, received = submit(port, host, *more, context=context)
    if result.status != verdict[0] or verdict[1] not in result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if received or smarthost.accepted:
        yield f"the server was told something: {received!r}"
    if result.hung or result.seconds > 60:
        yield f"it took {result.seconds:.1f} s"


REFUSED = {
    "another key": ("other." + SIGNED, 76,
                    b"server matches none of 1 TLSA records"),
    "an authority, but another name": (
        "wrong-name." + SIGNED, 76, b"name mismatch"),
    "no record": ("none." + SIGNED, 76, b": no such record"),
    "a record that is of no use": (
        "public." + SIGNED, 76, b"none of 1 TLSA records is usable"),
    "an unsigned zone": ("mail." + UNSIGNED, 76, b": not signed"),
    "a forged record": ("forged." + SIGNED, 75,
                        b"DNSSEC validation failed (bogus)"),
    "an address": ("127.0.0.1", 78, b"needs a host name"),
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def try_zones(tap, port, context):
    for name in ("mail", "several", "authority"):
        tap.run(f"{name}: what the DNS vouches for is trusted",
                accepted, port, f"{name}.{SIGNED}", context)
    for title, (host, *verdict) in REFUSED.items():
        tap.run(f"{title} is refused before anything is said",
                refused, port, host, verdict, context)


def try_troubles(tap, port, context):
    """The DNS has gone; then the library as well."""
    host = "mail." + SIGNED
    for title, answers, words in (
            ("a DNS that is silent does not hang us", False, b"timed out"),
            ("a DNS in trouble is not a missing record", True,
             b"no response from the DNS server")):
        deaf = Deaf(answers)
        try:
            tap.run(title, refused, port, host, (75, words), context,
                    f"timeout {20 if answers else 2}")
        finally:
            deaf.stop()
    with tempfile.TemporaryDirectory(prefix="onehop-empty-") as empty:
        signedzone.put_over(empty, "/usr/share/dns")
        tap.run("without the root key it is the configuration's fault",
                refused, port, host, (78, b"DNSSEC root key"), context)
    for library in signedzone.libraries():
        signedzone.put_over("/dev/null", library)
    tap.run("without the library it is the configuration's fault",
            refused, port, host, (78, b"libgnutls-dane"), context)


def play(tap, scratch):
    certs.KINDS["dane"] = (f"DNS:authority.{SIGNED}", certs.EC, (),
                           certs.SERVER)
    authority = certs.Authority(scratch)
    chain, key = authority.chain("dane")
    context = certs.context(chain, key)
    port = free_port()
    with make_zones(scratch, port, (
            key_hash(chain),
            key_hash(os.path.join(scratch, "intermediate.pem")))):
        try_zones(tap, port, context)
    try_troubles(tap, port, context)


def main():
    reason = signedzone.why_not() or signedzone.enter()
    if reason:
        skip_all(reason)
    tap = Tap()
    scratch = tempfile.mkdtemp(prefix="onehop-dane-")
    try:
        play(tap, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
