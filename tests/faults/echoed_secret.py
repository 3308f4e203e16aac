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
CASES = {
    "the line of AUTH PLAIN": ("PLAIN", b"501 5.5.4 what: AUTH PLAIN " +
                               PLAIN),
    "a part of it": ("PLAIN", b"535 5.7.8 bad: " + PLAIN[5:17]),
    "in several lines": ("PLAIN", b"535-5.7.8 " + PLAIN[:10] +
                         b"\r\n535 5.7.8 " + PLAIN[10:]),
    "decoded": ("PLAIN", b"535 5.7.8 not " + PASSWORD.encode()),
    "the line of LOGIN": ("LOGIN", b"454 4.7.0 later: " + LOGIN),
    "no code": ("PLAIN", b"what is " + PLAIN),
    "as a challenge": ("PLAIN", b"334 what is " + PASSWORD.encode()),
    "the line, as a challenge": ("PLAIN", b"334 !" + PLAIN),
    "in an error of XOAUTH2": (
        "XOAUTH2", b"334 " + base64.b64encode(b"not " + XOAUTH2[20:40])),
    "in an error of XOAUTH2, after a NUL": (
        "XOAUTH2", b"334 " + base64.b64encode(
            b"\0not " + PASSWORD.encode())),
    "accepted, then in a reply to MAIL": ("PLAIN", None),
}


def faults_of(mechanism, reply):
    def serve(connection):
        host = smarthost.Smarthost()
        host.mechanisms = mechanism
        if reply is None:
            host.faults["mail"] = lambda host, _: host.say(
                b"451 4.3.0 after " + PLAIN + b"\r\n", "mail")
        else:
            host.faults["auth_final"] = lambda host, _: host.say(
                reply + b"\r\n", "auth_start")
        host.serve(connection)

    run = onehop.Run()
    shown = b""
    try:
        with smtpserver.Server(serve) as server:
            run.write_config([
                "host 127.0.0.1", f"port {server.port}", "tls off",
                f"auth {mechanism}", "user jane", f"password {PASSWORD}",
                f"logfile {run.home}/log", f"outbox {run.home}/outbox",
                "from alice@example.org"])
            run.start(["-d", "--json", "-i", "bob@example.net"],
                      b"Subject: x\n\nx\n")
            result = run.finish(60)
        shown = result.stdout + result.stderr
        for directory, _, names in os.walk(run.home):
            for name in names:
                if name == "config":
                    continue
                with open(os.path.join(directory, name), "rb") as file:
                    shown += file.read()
    finally:
        run.clean()
    if b"<hidden" not in shown:
        yield f"nothing is hidden: {shown!r}"
    for secret in (PASSWORD.encode(), LOGIN, PLAIN[5:17], PLAIN[:10],
                   PLAIN[10:], XOAUTH2[20:40]):
        if secret in shown:
            yield f"{secret!r} shows: {shown!r}"


def main():
    tap = Tap()
    for name, (mechanism, reply) in CASES.items():
        tap.run(name, faults_of, mechanism, reply)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
