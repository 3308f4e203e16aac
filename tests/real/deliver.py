#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""onehop submits to real Postfix with real Dovecot SASL, and what is in the
Maildir is what was on stdin, byte for byte."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import messages
import realserver
from onehop import Run
from realserver import DOMAIN, PASSWORD, USER
from tap import Tap, skip_all

TRANSPORTS = {
    "plain": ["tls off"],
    "starttls": ["tls on", "tls_starttls on"],
    "tls": ["tls on", "tls_starttls off"],
    "strict": ["tls on", "tls_starttls off"],
    "dovecot": ["tls on", "tls_starttls on"],
}
SECONDS = 60


def submit(server, service, message, mechanism="off", to=("bob",), **change):
    """Runs onehop as a user of that service; the result of the run."""
    config = [
        "defaults",
        "host 127.0.0.1",
        f"port {server.ports[service]}",
        "domain client.example",
        "from alice@example.org",
        f"tls_trust_file {change.get('ca', server.ca)}",
        *TRANSPORTS[service],
        f"auth {mechanism.lower()}",
        *change.get("more", ()),
        "account default",
    ]
    if mechanism != "off":
        config[-1:-1] = [f"user {USER}",
                         f"password {change.get('password', PASSWORD)}"]
    run = Run(config)
    try:
        run.start(["-i", "--"] + [f"{name}@{DOMAIN}" for name in to], message)
        return run.finish(SECONDS)
    finally:
        run.clean()


def faults_of_run(result, status=0):
    """What is wrong with how the run ended."""
    if result.status != status:
        yield f"exit status {result.status}, not {status}"
        yield result.stderr.decode(errors="backslashreplace")
    elif status == 0 and (result.stdout or result.stderr):
        yield f"it was not silent: {result.stdout!r} {result.stderr!r}"
    elif status != 0 and result.stderr.count(b"\n") not in (1, 2):
        yield f"not one line, perhaps with a hint: {result.stderr!r}"
    if PASSWORD.encode() in result.stderr:
        yield "the password is on stderr"


def faults_of_mail(server, message, to=("bob",)):
    """What is wrong with what arrived: once for each recipient."""
    arrived = server.wait_for_mail(len(to), SECONDS)
    names = sorted(
        line.partition(b"@")[0][len(b"Delivered-To: "):].decode()
        for mail in arrived for line in mail.split(b"\n\n")[0].split(b"\n")
        if line.startswith(b"Delivered-To: "))
    if names != sorted(to):
        yield f"delivered to {names}"
    wanted = messages.arrives(message)
    for mail in arrived:
        submitted = realserver.strip_trace(mail)
        if submitted != wanted:
            at = len(os.path.commonprefix([submitted, wanted]))
            yield (f"differs at {at}: {submitted[at:at + 60]!r} arrived, "
                   f"{wanted[at:at + 60]!r} was sent")


def delivers(server, service, mechanism, message, to=("bob",)):
    """The message arrives over that service, and the log proves how."""
    proof = f"sasl_method={mechanism}"
    before = server.log().count(proof)
    faults = list(faults_of_run(
        submit(server, service, message, mechanism, to)))
    faults = faults or list(faults_of_mail(server, message, to))
    yield from faults
    if not faults and mechanism != "off" and not server.saw(proof, before):
        yield f"Postfix saw no {mechanism}"


def through_dovecot(server, mechanism):
    message = messages.with_header("dovecot", messages.TEXTS[2].encode())
    faults = list(faults_of_run(
        submit(server, "dovecot", message, mechanism)))
    # Dovecot puts a trace line of its own in front.
    yield from faults or faults_of_mail(server, message)


def refuses_password(server, service, mechanism):
    message = messages.with_header("refused", b"x\n")
    result = submit(server, service, message, mechanism, password="wrong one")
    yield from faults_of_run(result, 77)
    if b"wrong one" in result.stderr:
        yield "the wrong password is on stderr"
    yield from faults_of_silence(server)


def fails(server, status, how):
    """The run ends with that status and nobody gets anything."""
    message = messages.with_header("fails", b"x\n")
    result = submit(server, how.pop("service", "tls"), message, **how)
    yield from faults_of_run(result, status)
    yield from faults_of_silence(server)


def faults_of_silence(server):
    """Postfix has queued nothing, so nothing can be on its way."""
    realserver.wait_until(server.queue_is_empty, "the queue's end")
    if server.mail_files():
        yield "something was delivered"


def partial(server):
    """Those whom the server takes get it, the others are named."""
    message = messages.with_header("partial", b"x\n")
    result = submit(server, "tls", message, to=("bob", "refused", "carol"),
                    more=["partial_delivery on"])
    yield from faults_of_run(result, 67)
    if b"refused@" not in result.stderr:
        yield f"the refused recipient is not named: {result.stderr!r}"
    yield from faults_of_mail(server, message, ("bob", "carol"))


def test(tap, server):
    hello = messages.with_header("hello", "grüß Gott\n".encode())
    for service in ("plain", "starttls", "tls"):
        for mechanism in ("off", *realserver.MECHANISMS):
            tap.run(f"{service}, auth {mechanism}: delivered", delivers,
                    server, service, mechanism, hello)
        for mechanism in realserver.MECHANISMS:
            tap.run(f"{service}, {mechanism} with a bad password: 77",
                    refuses_password, server, service, mechanism)
    for mechanism in realserver.MECHANISMS:
        tap.run(f"where AUTH is demanded, {mechanism}: delivered", delivers,
                server, "strict", mechanism, hello)
    for name, message in messages.all_messages().items():
        tap.run(f"{name}: identical in the Maildir", delivers, server, "tls",
                "SCRAM-SHA-256", message)
    for count in (2, 150):
        tap.run(f"{count} recipients: each gets it once", delivers, server,
                "starttls", "PLAIN", hello,
                tuple(f"user{n}" for n in range(count)))
    tap.run("a refused recipient: 67, nobody gets it", fails, server, 67,
            {"to": ("bob", "refused")})
    tap.run("a recipient to be tried later: 75, nobody gets it", fails,
            server, 75, {"to": ("bob", "later")})
    tap.run("partial_delivery: the others get it", partial, server)
    tap.run("an authority that we do not trust: 76", fails, server, 76,
            {"ca": server.other_ca})
    if server.has_submission:
        for mechanism in realserver.MECHANISMS:
            tap.run(f"Dovecot's submission, {mechanism}: delivered",
                    through_dovecot, server, mechanism)
        tap.run("Dovecot's submission without AUTH: 77", fails, server, 77,
                {"service": "dovecot"})


def main():
    reason = realserver.why_not()
    if reason:
        skip_all(reason)
    tap = Tap()
    with realserver.RealServer() as server:
        test(tap, server)
        if tap.failed:
            for line in server.log().splitlines()[-60:]:
                print(f"# {line}")
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
