#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret that the server refuses is tried once and never shown.

Each case is a server that knows one secret, and a command that prints others
in turn. Counted are the runs of the command, the AUTH commands, connections
and messages; no secret may show in the trace.
"""

import base64
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import onehop
import smarthost
import smtpserver
from tap import Tap

SECONDS = 60
SENT = ["-i", "bob@example.net"]
TESTED = ["-S", "--auth-test"]
MESSAGE = b"From: alice@example.org\n\nhello\n"


class Case:
    """One run, and what it has to come to."""

    def __init__(self, name, **facts):
        self.name = name
        self.mechanism = facts.get("mechanism", "XOAUTH2")
        self.prints = facts.get("prints", ("stale", "fresh"))
        self.source = facts.get("source", "passwordeval")
        self.args = facts.get("args", SENT)
        self.refusal = facts.get("refusal", b"535 5.7.8 unknown\r\n")
        self.after = facts.get("after")  # what else a refusal does
        self.faults = facts.get("faults", {})
        # to be counted
        self.status = facts.get("status", 77)
        self.runs = facts.get("runs", 1)
        self.auths = facts.get("auths", 1)
        self.connections = facts.get("connections", 1)


def close(host):
    host.connection.finish()


def say(reply):
    return lambda host, good: host.say(reply)


CASES = [
    Case("an unknown token is not fetched again"),
    Case("an unknown password is not fetched again", mechanism="LOGIN"),
    Case("a server that hangs up is not called again", after=close),
    Case("a password sent ahead of MAIL is not sent again",
         mechanism="PLAIN"),
    Case("a 354 after the refusal gets no content", mechanism="PLAIN",
         faults={"mail": say(b"250 2.1.0 ok\r\n")}),
    Case("454 is left to time", refusal=b"454 4.7.0 later\r\n", status=75),
    Case("534 is not about the secret", refusal=b"534 5.7.9 too weak\r\n"),
    Case("535 to MAIL is not about the secret", prints=("fresh", "other"),
         faults={"mail": say(b"535 5.7.8 no\r\n")}),
    Case("what the file says is told to be from there", source="password",
         prints=("stale",), runs=0),
    Case("--auth-test tries a token once", args=TESTED),
    Case("a token that is known sends the message", prints=("fresh",),
         status=0),
]


class Peer:
    """A smarthost for each connection; knows the secret "fresh"."""

    def __init__(self, case):
        self.case = case
        self.hosts = []

    def serve(self, connection):
        host = smarthost.Smarthost()
        host.mechanisms = self.case.mechanism
        host.faults = dict(self.case.faults)
        host.faults["auth_final"] = self.judge
        # One refusal as told; later ones in order.
        host.after = self.case.after if not self.hosts else None
        self.hosts.append(host)
        host.serve(connection)

    def judge(self, host, good):
        line = host.commands[-1].split()[-1]
        if b"fresh" in base64.b64decode(line):
            host.refused.discard("auth_start")
            host.say(good)
            return
        host.say(self.case.refusal, "auth_start")
        if host.after:
            host.after(host)

    def count(self, verb):
        return sum(command.upper().startswith(verb)
                   for host in self.hosts for command in host.commands)


def configure(case, port, home):
    """The command prints one secret each time, and notes that it ran."""
    command = (f"echo >>{home}/runs; "
               f"sed -n \"$(wc -l <{home}/runs)p\" {home}/secrets | grep .")
    with open(os.path.join(home, "secrets"), "w", encoding="ascii") as file:
        file.write("\n".join(case.prints) + "\n")
    return ["host 127.0.0.1", f"port {port}", "tls off", "user alice",
            f"auth {case.mechanism}", "from alice@example.org",
            "domain client.example", f"passwordeval {command}"
            if case.source == "passwordeval" else f"password {case.prints[0]}"]


def secrets_shown(case, result):
    """Each secret, as it is and as base64 has it in any alignment."""
    said = result.stdout + result.stderr
    for secret in case.prints:
        secret = secret.encode()
        forms = [secret] if len(secret) > 5 else []
        forms += [base64.b64encode(b"x" * n + secret)[(n > 0) * 4:-4]
                  for n in range(3)]
        for form in forms:
            if len(form) > 4 and form in said:
                yield f"the secret shows: {said!r}"


def faults_of(case):
    peer = Peer(case)
    run = onehop.Run()
    try:
        with smtpserver.Server(peer.serve) as server:
            run.write_config(configure(case, server.port, run.home))
            run.start(["-d"] + case.args, MESSAGE)
            result = run.finish(SECONDS)
        if server.failure:
            raise server.failure
        runs = 0
        if os.path.exists(os.path.join(run.home, "runs")):
            with open(os.path.join(run.home, "runs"), "rb") as file:
                runs = len(file.read())
    finally:
        run.clean()
    accepted = sum(host.accepted for host in peer.hosts)
    counts = {
        "exit status": (result.status, case.status),
        "runs of the command": (runs, case.runs),
        "AUTH commands": (peer.count(b"AUTH"), case.auths),
        "connections": (len(peer.hosts), case.connections),
        "messages": (accepted, int(case.status == 0 and case.args is SENT)),
        "contents": (sum(host.content is not None for host in peer.hosts),
                     accepted),
    }
    for what, (seen, wanted) in counts.items():
        if seen != wanted:
            yield f"{what}: {seen}, not {wanted}"
            yield result.stderr.decode(errors="backslashreplace")
    if case.status == 77 and "mail" not in case.faults:
        origin = (b"from passwordeval" if case.source == "passwordeval"
                  else b"from the config file")
        if origin not in result.stderr or b'user "alice"' not in result.stderr:
            yield f"it is not told whose secret it was: {result.stderr!r}"
    yield from secrets_shown(case, result)


def main():
    tap = Tap()
    for case in CASES:
        tap.run(case.name, faults_of, case)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
