#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that repeats what AUTH sent does not bring it to stderr, log, JSON,
trace or outbox."""

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

PASSWORD = "hunter2"
PLAIN = base64.b64encode(b"\0jane\0hunter2")
LOGIN = base64.b64encode(b"hunter2")
XOAUTH2 = base64.b64encode(b"user=jane\1auth=Bearer hunter2\1\1")
OPEN, CODED = PASSWORD.encode(), LOGIN
# The mechanism, and a reply of the server in that state.
CASES = {
    "the line of AUTH PLAIN": ("PLAIN", "auth_final",
                               b"501 5.5.4 what: AUTH PLAIN " + PLAIN),
    "a part of it": ("PLAIN", "auth_final", b"535 5.7.8 bad: " + PLAIN[5:17]),
    "in several lines": ("PLAIN", "auth_final", b"535-5.7.8 " + PLAIN[:10] +
                         b"\r\n535 5.7.8 " + PLAIN[10:]),
    "decoded": ("PLAIN", "auth_final", b"535 5.7.8 not " + OPEN),
    "the line of LOGIN": ("LOGIN", "auth_final",
                          b"454 4.7.0 later: " + CODED),
    "no code": ("PLAIN", "auth_final", b"what is " + PLAIN),
    "as a challenge": ("PLAIN", "auth_final", b"334 what is " + OPEN),
    "the line, as a challenge": ("PLAIN", "auth_final", b"334 !" + PLAIN),
    "in an error of XOAUTH2": (
        "XOAUTH2", "auth_final",
        b"334 " + base64.b64encode(b"not " + XOAUTH2[20:40])),
    "in an error of XOAUTH2, after a NUL": (
        "XOAUTH2", "auth_final", b"334 " + base64.b64encode(
            b"\0not " + OPEN)),
    "accepted, then in a reply to MAIL": ("PLAIN", "mail",
                                          b"451 4.3.0 after " + PLAIN),
    # before anything has been sent
    "in a greeting": ("PLAIN", "greeting", b"421 4.3.0 " + OPEN),
    "in a greeting, coded": ("PLAIN", "greeting", b"554 5.7.1 " + CODED),
    "in a greeting, as the line of PLAIN": ("PLAIN", "greeting",
                                            b"554 5.7.1 " + PLAIN),
    "in a greeting without a code": ("PLAIN", "greeting", b"Hi " + OPEN),
    "in a refusal of EHLO": ("PLAIN", "ehlo1", b"421 4.3.0 no " + OPEN),
    "in the answer to EHLO": ("PLAIN", "ehlo1", b"250-hello\r\n250-" + OPEN +
                              b"\r\n250 AUTH SOME " + OPEN),
    # by those who are not sent it
    "by CRAM-MD5": ("CRAM-MD5", "auth_final", b"535 5.7.8 not " + OPEN),
    "by CRAM-MD5, coded": ("CRAM-MD5", "auth_final", b"535 5.7.8 " + CODED),
    "as a challenge of CRAM-MD5": ("CRAM-MD5", "auth_start", b"334 " + OPEN),
    "by SCRAM": ("SCRAM-SHA-256", "auth_start", b"535 5.7.8 not " + OPEN),
    "as a challenge of SCRAM": ("SCRAM-SHA-256", "auth_start",
                                b"334 !" + OPEN),
    "within a challenge of SCRAM": (
        "SCRAM-SHA-256", "auth_start",
        b"334 " + base64.b64encode(b"e=" + OPEN)),
    "within the last challenge of SCRAM": (
        "SCRAM-SHA-256", "auth_step",
        b"334 " + base64.b64encode(b"e=" + OPEN)),
    "instead of the nonce of SCRAM": (
        "SCRAM-SHA-256", "auth_start",
        b"334 " + base64.b64encode(b"r=" + OPEN + b",s=eA==,i=4096")),
}


class Smarthost(smarthost.Smarthost):
    """Knows CRAM-MD5, and refuses it."""

    def _auth_more(self, line, words):
        if words[0] != b"CRAM-MD5":
            return smarthost.Smarthost.VERBS[b"AUTH"](self, line, words)
        self.answer("auth_start", b"334 PDFAbWFpbC50ZXN0Pg==\r\n")
        self._response()
        self.answer("auth_final", b"535 5.7.8 no\r\n")
        return None

    VERBS = {**smarthost.Smarthost.VERBS, b"AUTH": _auth_more}


def say(state, reply):
    return lambda host, _: host.say(reply + b"\r\n", state)


def run(serve, lines, args, stdin):
    """All that a run showed and left behind."""
    trial = onehop.Run()
    try:
        with smtpserver.Server(serve) as server:
            trial.write_config([
                f"port {server.port}", "tls off",
                "user jane", f"password {PASSWORD}",
                f"logfile {trial.home}/log", "from alice@example.org",
                *(line.replace("HOME", trial.home) for line in lines)])
            trial.start(args, stdin)
            result = trial.finish(60)
        shown = result.stdout + result.stderr
        for name in trial.litter():
            with open(os.path.join(trial.home, name), "rb") as file:
                shown += file.read()
        if server.failure:
            raise server.failure
    finally:
        trial.clean()
    return shown


def leaks(shown):
    if b"<hidden" not in shown:
        yield f"nothing is hidden: {shown!r}"
    for secret in (OPEN, OPEN.upper(), CODED, PLAIN[5:17], PLAIN[:10],
                   PLAIN[10:], XOAUTH2[20:40]):
        if secret in shown:
            yield f"{secret!r} shows: {shown!r}"


def faults_of(mechanism, state, reply):
    def serve(connection):
        host = Smarthost()
        host.mechanisms = mechanism
        host.faults[state] = say(state, reply)
        host.serve(connection)

    yield from leaks(run(
        serve, ["host 127.0.0.1", f"auth {mechanism}", "outbox HOME/outbox"],
        ["-d", "--json", "-i", "bob@example.net"], b"Subject: x\n\nx\n"))


def sessions(count, state, reply):
    """A server whose first sessions take one message each; those after them
    say that."""
    served = []

    def serve(connection):
        host = Smarthost()
        if len(served) >= count:
            host.faults[state] = say(state, reply)
        served.append(host)
        host.faults["dot"] = lambda host, _: host.say(
            b"250 ok\r\n421 enough\r\n", "dot")
        host.serve(connection)

    return serve, served


MAIL = (b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\n"
        b"DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n")


def of_the_second_session(auth, state, reply):
    """It is told to the client of -bs, who is somebody else."""
    serve, served = sessions(1, state, reply)
    yield from leaks(run(serve, ["host 127.0.0.1", f"auth {auth}"], ["-bs"],
                         b"EHLO me\r\n" + 2 * MAIL + b"QUIT\r\n"))
    if len(served) < 2:
        yield f"{len(served)} sessions"


def of_the_second_host():
    serve, served = sessions(0, "greeting", b"421 4.3.0 no " + OPEN)
    yield from leaks(run(serve, ["host 127.0.0.1 localhost"],
                         ["-d", "bob@example.net"], b"Subject: x\n\nx\n"))
    if len(served) != 2:
        yield f"{len(served)} sessions"


def of_a_session_without_auth():
    serve, _ = sessions(0, "greeting", b"554 5.7.1 not " + OPEN)
    yield from leaks(run(serve, ["host 127.0.0.1"], ["-d", "--serverinfo"],
                         b""))


def of_passwordeval():
    serve, _ = sessions(0, "greeting", b"554 5.7.1 not " + OPEN)
    yield from leaks(run(serve, ["host 127.0.0.1", "password",
                                 "passwordeval echo hunter''2"],
                         ["-d", "-i", "bob@example.net"], b"\nx\n"))


def main():
    tap = Tap()
    for name, case in CASES.items():
        tap.run(name, faults_of, *case)
    for auth in "PLAIN", "on":
        tap.run(f"in the second greeting, auth {auth}", of_the_second_session,
                auth, "greeting", b"554 5.7.1 not " + OPEN)
    tap.run("in the second answer to EHLO", of_the_second_session, "PLAIN",
            "ehlo1", b"550 5.7.1 not " + CODED)
    tap.run("in the greeting of the second host", of_the_second_host)
    tap.run("in a session without AUTH", of_a_session_without_auth)
    tap.run("of a command", of_passwordeval)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
