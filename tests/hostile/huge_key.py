#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An RSA key with which a signature takes minutes to verify is refused before
any signature is: the library cannot be interrupted meanwhile."""

import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import Run
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


def refused(version, whose, key, trust):
    (bits, exponent), words = key
    server = subprocess.Popen(
        [SERVER, "NORMAL:-VERS-ALL:+VERS-TLS" + version, whose, bits,
         exponent], stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        run = Run(["host 127.0.0.1", f"port {port}", "tls on",
                   "tls_starttls off", "tls_host_override mail.test",
                   "timeout 60", "from me@example.org", *trust])
        before = used()
        run.start(["you@example.net"], b"Subject: s\n\nx\n")
        result = run.finish(60)
        seconds = used() - before
        litter = run.litter()
        run.clean()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    told = result.stderr.decode()
    if result.status != 76:
        yield f"exit {result.status}: {told!r}"
    if f"certificate: {words}" not in told or HINT not in told:
        yield f"it says {told!r}"
    if seconds > BOUND:
        yield f"{seconds:.1f} s of the processor"
    if litter:
        yield f"it leaves {litter}"


def main():
    tap = Tap()
    for version in ("1.2", "1.3"):
        for whose, key, trust in CASES:
            tap.run(f"TLS {version}, {whose} key, {key[1]}, {trust}",
                    lambda *args: list(refused(*args)), version, whose, key,
                    trust)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
