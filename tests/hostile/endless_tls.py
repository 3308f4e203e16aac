#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of TLS without data, and records that never become whole, hold no
run beyond timeout or deadline: empty ones, warning alerts, requests to
renegotiate, key updates, tickets, in TLS 1.2 and 1.3."""

import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import smtpserver
from limits import LIMIT, judge
from tap import Tap

FLOOD = os.path.join(os.environ.get("top_builddir", "."),
                     "tests", "hostile", "tls_flood")
CODES = (75, 76)
# tls_flood seals empty records by AES-128-GCM itself
PRIORITY = "NORMAL:-VERS-ALL:-CIPHER-ALL:+AES-128-GCM:+VERS-TLS"
KINDS = {"empty": ("1.2", "1.3"),
         "octet": ("1.2", "1.3"),
         "warning": ("1.2", "1.3"),
         "refusal": ("1.2",),
         "hello-request": ("1.2",),
         "key-update": ("1.3",),
         "ticket": ("1.3",)}
HOWS = (f"timeout {LIMIT}", f"deadline {LIMIT}", signal.SIGTERM)


def config(port, authority):
    return ["host 127.0.0.1", f"port {port}", "tls on",
            "tls_starttls off", f"tls_host_override {certs.NAME}",
            f"tls_trust_file {authority.root}", "auth off",
            "from me@example.org"]


def flooded(authority, kind, version, pause, how):
    chain, key = authority.chain("good")
    flood = subprocess.Popen(
        [FLOOD, chain, key, PRIORITY + version, kind, str(pause)],
        stdout=subprocess.PIPE)
    try:
        port = int(flood.stdout.readline())
        lines = []

        def begun():
            lines.append(flood.stdout.readline().decode().strip())

        yield from judge(config(port, authority), how, CODES,
                         begun=begun)
        if not lines:
            begun()
        if lines[0] == "begun":
            begun()
        told = lines[-1]
        if not told or told.startswith(("handshake", "0 records")):
            yield f"there was no flood: {told!r}"
    finally:
        flood.kill()
        flood.wait()
        flood.stdout.close()


def slow_record(authority, how):
    """A record of 16 KiB, an octet at a time."""
    def serve(connection):
        connection.start_tls(authority.context())
        connection.send_raw(b"\x17\x03\x03\x40\x00")
        while not connection.ended:
            connection.send_raw(b"x")
            connection.pull(0.05)

    with smtpserver.Server(serve) as server:
        yield from judge(config(server.port, authority), how, CODES)


def slow_handshake(authority, how):
    """A ServerHello that is never whole."""
    def serve(connection):
        connection.send_raw(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0")
        while not connection.ended:
            connection.send_raw(b"x")
            connection.pull(0.05)

    with smtpserver.Server(serve) as server:
        yield from judge(config(server.port, authority), how, CODES)


def cases():
    """Name, whether it needs a processor of its own, test and arguments of
    each."""
    for how in HOWS:
        name = how if isinstance(how, str) else how.name
        for kind, versions in KINDS.items():
            for version in versions:
                for pause in (0, 50):
                    yield (f"{name} ends a flood of {kind}, TLS {version}, "
                           f"every {pause} ms", pause == 0, flooded, kind,
                           version, pause, how)
        yield f"{name} ends a record octet by octet", False, slow_record, how
        yield (f"{name} ends a handshake octet by octet", False,
               slow_handshake, how)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="onehop-test-") as directory, \
            concurrent.futures.ThreadPoolExecutor(1) as busy, \
            concurrent.futures.ThreadPoolExecutor(5) as idle:
        authority = certs.Authority(directory)
        authority.context()
        runs = [(name, (busy if is_busy else idle).submit(
            lambda test, *args: list(test(authority, *args)), test, *args))
                for name, is_busy, test, *args in cases()]
        for name, run in runs:
            tap.run(name, run.result)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
