#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An RSA key with which a signature takes minutes to verify is refused before
any signature is: the library cannot be interrupted meanwhile."""

import base64
import os
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import staple
import tlsserver
from onehop import Run
from staple import BITS, ENUMERATED, INTEGER, OCTETS, SEQUENCE, element
from tap import Tap

SERVER = os.path.join(os.environ.get("top_builddir", "."),
                      "tests", "hostile", "huge_key")
HINT = "the connection may be intercepted: ask the server's operator"
PIN = "tls_fingerprint " + 32 * "00"
BOUND = 1          # seconds of the processor; one signature takes 15

LONG = ("65536", "65536"), "public key: expected at most 16384 bits, " \
    "found 65536"
EXPONENT = ("16384", "16384"), "exponent of the RSA key: expected at most " \
    "64 bits, found 16384"
RSA = bytes.fromhex("300d06092a864886f70d0101010500")
RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
# whose key, the key, a way to trust
CASES = (
    ("own", LONG, ()),
    ("own", EXPONENT, ()),
    ("own", LONG, ("tls_trust tofu",)),
    ("own", LONG, ("tls_certcheck off",)),
    ("own", LONG, (PIN,)),
    ("issuer", LONG, ()),
    ("issuer", EXPONENT, ()),
)


def used():
    """Seconds of the processor that children have used and we waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def refused(port, words, lines):
    """What is wrong with a run that meets such a key."""
    run = Run(["host 127.0.0.1", f"port {port}", "tls on",
               "tls_starttls off", f"tls_host_override {certs.NAME}",
               "timeout 60", "from me@example.org", "auth off", *lines])
    before = used()
    run.start(["you@example.net"], b"Subject: s\n\nx\n")
    result = run.finish(60)
    seconds = used() - before
    litter = run.litter()
    run.clean()
    told = result.stderr.decode()
    if result.status != 76:
        yield f"exit {result.status}: {told!r}"
    if f"certificate: {words}" not in told or HINT not in told:
        yield f"it says {told!r}"
    if seconds > BOUND:
        yield f"{seconds:.1f} s of the processor"
    if litter:
        yield f"it leaves {litter}"


def of_chain(version, whose, key, trust):
    (bits, exponent), words = key
    server = subprocess.Popen(
        [SERVER, "NORMAL:-VERS-ALL:+VERS-TLS" + version, whose, bits,
         exponent], stdout=subprocess.PIPE)
    try:
        yield from refused(int(server.stdout.readline()), words, trust)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def number(bits):
    return element(INTEGER, b"\0" + b"\xdb" * (bits // 8))


def responder(authority, bits, exponent):
    """A certificate with such a key, for who signs staples. Its path."""
    request = authority.make("responder")[0][:-len("pem")]
    issuer = authority.issuer("responder")
    key = element(SEQUENCE, RSA, element(BITS, b"\0", element(
        SEQUENCE, number(bits), number(exponent))))
    with open(request + "pub", "wb") as file:
        file.write(b"-----BEGIN PUBLIC KEY-----\n" +
                   base64.encodebytes(key) + b"-----END PUBLIC KEY-----\n")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", request + "csr", "-force_pubkey",
         request + "pub", "-CA", issuer, "-CAkey", issuer[:-3] + "key",
         "-CAcreateserial", "-extfile", request + "ext", "-out",
         request + "huge"], check=True, stderr=subprocess.DEVNULL)
    return request + "huge"


def write_staple(authority, bits, exponent):
    """A staple under a signature of no value. Its path."""
    certificate, _ = authority.make("good")
    by = responder(authority, bits, exponent)
    data = element(
        SEQUENCE, element(0xa2, element(OCTETS, staple.identity(by)[1])),
        staple.moment(-1), element(SEQUENCE, staple.single(
            certificate, authority.issuer("good"), staple.GOOD, (-1, 7))))
    basic = element(
        SEQUENCE, data, RSA_SHA256,
        element(BITS, b"\0\0", b"\x55" * (bits // 8 - 1)),
        element(0xa0, element(SEQUENCE, staple.der(by))))
    with open(by + ".staple", "wb") as file:
        file.write(element(
            SEQUENCE, element(ENUMERATED, b"\0"),
            element(0xa0, element(SEQUENCE, staple.OCSP_BASIC,
                                  element(OCTETS, basic)))))
    return by + ".staple"


def of_staple(key):
    """The chain is good, but of an authority that is not trusted."""
    (bits, exponent), words = key
    with tempfile.TemporaryDirectory(prefix="onehop-test-") as ours, \
            tempfile.TemporaryDirectory(prefix="onehop-test-") as theirs:
        trusted = certs.Authority(ours, "Trusted")
        authority = certs.Authority(theirs)
        offer = tlsserver.Offer(
            *authority.chain("good"),
            staple=write_staple(authority, int(bits), int(exponent)))
        with tlsserver.OpenSSL(offer) as server:
            yield from refused(server.port, words,
                               (f"tls_trust_file {trusted.root}",))


def main():
    tap = Tap()
    for version in ("1.2", "1.3"):
        for whose, key, trust in CASES:
            tap.run(f"TLS {version}, {whose} key, {key[1]}, {trust}",
                    of_chain, version, whose, key, trust)
    for key in (LONG, EXPONENT):
        tap.run(f"signer of a staple, {key[1]}", of_staple, key)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
