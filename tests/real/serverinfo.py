#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--serverinfo tells what Postfix and Dovecot are and offer."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import realserver
from onehop import Run
from realserver import PASSWORD, USER
from tap import Tap, skip_all


def ask(server, service, *args, secret=f"password {PASSWORD}"):
    """Runs onehop --serverinfo; the result of the run."""
    run = Run([
        "host 127.0.0.1", f"port {server.ports[service]}", "tls on",
        f"tls_starttls {'off' if service == 'tls' else 'on'}",
        f"tls_trust_file {server.ca}", f"user {USER}",
        secret, "from alice@example.org"])
    try:
        run.start(["--serverinfo", *args], b"")
        return run.finish(60)
    finally:
        run.clean()


def for_people(server, service):
    result = ask(server, service)
    if result.status != 0 or result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    for words in (b"TLS1.3", b"PIPELINING", b"SCRAM-SHA-256", b"sha256",
                  b"onehop test CA", b"milliseconds"):
        if words not in result.stdout:
            yield f"{words!r} is not in {result.stdout!r}"
    if PASSWORD.encode() in result.stdout:
        yield "it shows the password"


def for_programs(server, service):
    result = ask(server, service, "--json", "--auth-test")
    if result.status != 0 or result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    facts = json.loads(result.stdout)
    if facts["tls"]["version"] != "TLS1.3":
        yield facts["tls"]
    if facts["authentication"]["tested"] != "accepted":
        yield facts["authentication"]
    if "PIPELINING" not in facts["extensions"]:
        yield facts["extensions"]
    if len(facts["tls"]["sha256"]) != 95:
        yield facts["tls"]["sha256"]


def with_a_wrong_password(server, service):
    result = ask(server, service, "--auth-test", secret="password wrong")
    if result.status != 77 or b"AUTH refused: 535" not in result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if b"PIPELINING" not in result.stdout:
        yield "what was found before is not shown"


def without_a_password(server, service):
    """Nobody was asked yet: there is nothing to show but the reason."""
    for command in ("exit 1", "true"):
        result = ask(server, service, "--auth-test", "--json",
                     secret=f"passwordeval {command}")
        facts = json.loads(result.stdout)
        if result.status < 64 or not result.stderr:
            yield f"{command}: {result.status}: {result.stderr!r}"
        if facts["exit"] != result.status or not facts["error"]:
            yield f"{command}: {facts}"


def main():
    reason = realserver.why_not()
    if reason:
        skip_all(reason)
    tap = Tap()
    with realserver.RealServer() as server:
        for service in ("starttls", "tls", "dovecot"):
            tap.run(f"{service}: readable for people", for_people, server,
                    service)
            tap.run(f"{service}: JSON for programs", for_programs, server,
                    service)
            tap.run(f"{service}: a wrong password is 77",
                    with_a_wrong_password, server, service)
        tap.run("without a password", without_a_password, server, "tls")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
