#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers the DNS vouches for: certificates.csv, its columns of DANE.

A listener stands for each server before it is started, so that one signed
zone has the ports of all.
"""

import concurrent.futures
import os
import re
import shutil
import socket
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import signedzone
import tlsserver
from certificates import (MESSAGE, Papers, config, judge, offer, rows,
                          servers, title, wire_name)
from tap import Tap, skip_all

MODES = ("dane-ee", "dane-ta")
ZONE = "example"


def move(text):
    """Into our zone: libunbound itself answers for .test (RFC 6761 6.2)."""
    return re.sub(r"\.test\b", "." + ZONE, text, flags=re.IGNORECASE)


def move_certificates():
    certs.NAME = move(certs.NAME)
    for kind, (names, *more) in certs.KINDS.items():
        certs.KINDS[kind] = (move(names or "") or None, *more)


def blocks(path):
    """The certificates of a PEM file."""
    with open(path, encoding="ascii") as file:
        return ["-----BEGIN" + block
                for block in file.read().split("-----BEGIN")[1:]]


def authority_record(row, papers):
    """By the key of the last authority that is shown; an issuer that is not
    shown has to be in the record (RFC 7671 5.2.2)."""
    chain, _ = papers.shown(row["shown"])
    if len(blocks(chain)) > 1:
        last = chain + ".last"
        with open(last, "w", encoding="ascii") as file:
            file.write(blocks(chain)[-1])
        return f"2 1 1 {papers.ours.key_fingerprint(last)}"
    issuer = papers.ours.issuer(row["shown"].removeprefix("alone "))
    if row["shown"] == "self-signed":
        issuer = chain
    der = ssl.PEM_cert_to_DER_cert(blocks(issuer)[0])
    return f"2 0 0 {der.hex()}"


def record(row, mode, papers):
    """The TLSA record of the row's server."""
    if mode == "dane-ta":
        return authority_record(row, papers)
    chain, _ = papers.shown(row["shown"])
    return f"3 1 1 {papers.ours.key_fingerprint(chain)}"


def check(row, mode, kind, papers, listener):
    """All that is wrong in one cell of the table with one server."""
    with kind(offer(row, papers)._replace(listener=listener)) as server:
        run = signedzone.make_run(config(row, mode, server, papers))
        try:
            run.start(["bob@example.net"], MESSAGE)
            result = run.finish(tlsserver.PATIENCE)
        finally:
            run.clean()
    return judge(row, mode, server, result)


def make_zones(scratch, cells, papers):
    """The zone with a record for each cell whose server has a name."""
    zones = signedzone.Zones(scratch)
    zones.add_signed(ZONE, [
        (listener.getsockname()[1], wire_name(row["name"]) + ".",
         record(row, mode, papers))
        for row, mode, _, _, listener in cells if row["name"]])
    return zones


def run_all(tap, scratch):
    papers = Papers(scratch)
    table = [{key: move(text) for key, text in row.items()} for row in rows()]
    cells = [(row, mode, kind, papers,
              socket.create_server(("127.0.0.1", 0)))
             for row in table for kind in servers(row) for mode in MODES]
    with make_zones(scratch, cells, papers), \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = [(title(*cell[:3]), pool.submit(check, *cell))
                for cell in cells]
        for name, future in runs:
            tap.run(name, future.result)


def main():
    reason = (tlsserver.why_not() or signedzone.why_not() or
              signedzone.enter())
    if reason:
        skip_all(reason)
    move_certificates()
    tap = Tap()
    scratch = tempfile.mkdtemp(prefix="onehop-certificates-dane-")
    try:
        run_all(tap, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
