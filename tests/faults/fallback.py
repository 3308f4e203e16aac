#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mechanism that is offered and refused for want of a verifier is followed
once by the next that the same password and TLS allow, and both are told."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import onehop
import smarthost
import smtpserver
from tap import Tap

UNKNOWN = b"535 5.7.8 no verifier\r\n"


class Peer(smarthost.Smarthost):
    """Refuses some mechanisms, others as ever."""

    def __init__(self, case):
        super().__init__()
        self.mechanisms = case["offered"]
        self.refusals = case["refused"]
        self.authenticated = False
        if case.get("lax"):         # takes MAIL and RCPT without AUTH
            self.faults["mail"] = self._lax
            self.faults["rcpt"] = self._lax
            self.faults["data"] = self._strict

    def _lax(self, *_):
        self.say(b"250 2.1.0 ok\r\n")

    def _strict(self, _, good):
        self.say(good if self.authenticated
                 else b"503 5.5.1 AUTH first\r\n", "data")

    def _auth(self, line, words):
        name = words[0].upper().decode()
        key = name if len(words) == 1 or name + " ir" not in self.refusals \
            else name + " ir"
        if key not in self.refusals:
            self.refused.clear()
            self.authenticated = True
            return super()._auth(line, words)
        self.say(self.refusals[key], "auth_start")
        return None

    VERBS = {**smarthost.Smarthost.VERBS, b"AUTH": _auth}


SCRAM = "SCRAM-SHA-256"
CASES = {
    f"{SCRAM} {code} is followed by PLAIN": {
        "offered": SCRAM + " SCRAM-SHA-1 PLAIN",
        "refused": {SCRAM: reply}, "tried": [SCRAM, "PLAIN"]}
    for code, reply in ((535, UNKNOWN), (504, b"504 5.5.4 no\r\n"),
                        (454, b"454 4.7.0 no\r\n"))}
CASES.update({
    "SCRAM 534 is final": {
        "offered": SCRAM + " PLAIN", "refused": {SCRAM: b"534 5.7.9 no\r\n"},
        "tried": [SCRAM], "status": 77},
    "without PLAIN the other SCRAM is tried": {
        "offered": SCRAM + " SCRAM-SHA-1",
        "refused": {SCRAM: UNKNOWN, "SCRAM-SHA-1": UNKNOWN},
        "tried": [SCRAM, "SCRAM-SHA-1"], "status": 77},
    "the fallback is tried once": {
        "offered": SCRAM + " PLAIN LOGIN",
        "refused": {SCRAM: UNKNOWN, "PLAIN": UNKNOWN},
        "tried": [SCRAM, "PLAIN"], "status": 77,
        "says": b"SCRAM-SHA-256 refused (535), then PLAIN"},
    "a mechanism that is named is not replaced": {
        "auth": SCRAM, "offered": SCRAM + " PLAIN",
        "refused": {SCRAM: UNKNOWN}, "tried": [SCRAM], "status": 77},
    "PLAIN's initial response 501 is followed by LOGIN": {
        "offered": "PLAIN LOGIN", "refused": {"PLAIN ir": b"501 no\r\n"},
        "tried": ["PLAIN", "LOGIN"]},
    "a server that takes MAIL all the same": {
        "offered": "PLAIN LOGIN", "refused": {"PLAIN ir": b"501 no\r\n"},
        "tried": ["PLAIN", "LOGIN"], "lax": True},
    "without LOGIN, PLAIN goes without initial response": {
        "offered": "PLAIN", "refused": {"PLAIN ir": b"501 no\r\n"},
        "tried": ["PLAIN", "PLAIN"]},
    "PLAIN 535 is final": {
        "offered": "PLAIN LOGIN", "refused": {"PLAIN ir": UNKNOWN},
        "tried": ["PLAIN"], "status": 77},
})


def faults_of(case):
    hosts = []

    def serve(connection):
        hosts.append(Peer(case))
        hosts[-1].serve(connection)

    run = onehop.Run()
    try:
        with smtpserver.Server(serve) as server:
            run.write_config([
                "host 127.0.0.1", f"port {server.port}", "tls off",
                f"auth {case.get('auth', 'on')}", f"user {smarthost.USER}",
                f"password {smarthost.PASSWORD}", "logfile log",
                "from alice@example.org"])
            run.start(["-i", "bob@example.net"], b"Subject: x\n\nx\n")
            result = run.finish(60)
        if server.failure:
            raise server.failure
    finally:
        run.clean()
    status = case.get("status", 0)
    if result.status != status:
        yield f"exit {result.status}, not {status}: {result.stderr!r}"
    tried = [command.split()[1].decode() for host in hosts
             for command in host.commands if command[:4] == b"AUTH"]
    if tried != case["tried"]:
        yield f"tried {tried}, not {case['tried']}"
    if sum(host.accepted for host in hosts) != int(status == 0):
        yield "the message was not sent once, or was sent"
    if case.get("says", b"") not in result.stderr:
        yield f"{result.stderr!r} does not say {case['says']!r}"


def main():
    tap = Tap()
    for name, case in CASES.items():
        tap.run(name, faults_of, case)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
