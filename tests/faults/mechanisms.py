#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every SASL mechanism with every fault at every reply of the server.

Each mechanism is first carried out honestly, which counts the replies; then
each reply in turn is replaced by each fault. Whatever happens, the run ends,
with the exit code of FAULTS, nothing is sent unless AUTH succeeded, and
neither stderr nor the trace shows the secret in any form.
"""

import base64
import concurrent.futures
import os
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import onehop
import saslserver
import smarthost
import smtpserver
from authfaults import FAULTS, HARMLESS
from tap import Tap

SECONDS = 90
WORKERS = 4
ROUNDS = 40  # of a server that never ends
USER, PASSWORD = b"user", b"secret-word"
TOKEN = b"ya29.a0Af" + b"Rr3" * 900 + b"=="
MESSAGE = b"From: alice@example.org\n\nhello\n"

# What is no fault: a prompt may say anything, even in plain words.
PROMPTS = {("LOGIN", 0), ("LOGIN", 1), ("PLAIN, long", 0),
           ("XOAUTH2", 0), ("OAUTHBEARER", 0)}


class Mechanism:
    """One way to authenticate."""

    def __init__(self, name, label=None, secret=PASSWORD, version=None):
        self.name = name
        self.label = label or name
        self.secret = secret
        self.version = version  # of TLS, or None: in clear


MECHANISMS = [
    Mechanism("PLAIN"),
    Mechanism("PLAIN", "PLAIN, long", b"p" * 600),
    Mechanism("LOGIN"),
    Mechanism("EXTERNAL"),
    Mechanism("SCRAM-SHA-1"),
    Mechanism("SCRAM-SHA-256"),
    Mechanism("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS, TLS 1.2",
              version=ssl.TLSVersion.TLSv1_2),
    Mechanism("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS, TLS 1.2",
              version=ssl.TLSVersion.TLSv1_2),
    Mechanism("SCRAM-SHA-1-PLUS", version=ssl.TLSVersion.TLSv1_3),
    Mechanism("SCRAM-SHA-256-PLUS", version=ssl.TLSVersion.TLSv1_3),
    Mechanism("OAUTHBEARER", secret=TOKEN),
    Mechanism("OAUTHBEARER", "OAUTHBEARER, short", b"short-token"),
    Mechanism("XOAUTH2", secret=TOKEN),
    Mechanism("XOAUTH2", "XOAUTH2, short", b"short-token"),
    Mechanism("CRAM-MD5"),
    Mechanism("DIGEST-MD5"),
    Mechanism("NTLM"),
]


class Host(smarthost.Smarthost):
    """Serves a mechanism; one of its replies is a fault."""

    def __init__(self, mechanism, fault=None, at=None):
        super().__init__("tls" if mechanism.version else "plain")
        self.mechanisms = mechanism.name
        self.mechanism = mechanism
        self.fault = fault
        self.at = at
        self.secret = mechanism.secret
        self.replies = 0        # to AUTH and its responses, so far
        self.succeeded = False  # 235 was said where it belongs
        self.cancelled = False  # the client said *

    def _next(self, reply):
        """Says the next reply. True if the client's answer is to come."""
        number = self.replies
        self.replies += 1
        if number != self.at:
            self.say(reply + b"\r\n")
            return reply.startswith(b"334")
        if self.fault == "the end":
            self.connection.finish()
            raise smtpserver.Closed("by the fault")
        if self.fault == "a reset":
            self.connection.reset()
            raise smtpserver.Closed("by the fault")
        words = FAULTS[self.fault][0]
        if words is not None:
            self.say(words + b"\r\n")
            if words.startswith(b"421"):
                self.connection.finish()
                raise smtpserver.Closed("by the fault")
            return words.startswith(b"334")
        for _ in range(ROUNDS):
            self.say(reply + b"\r\n" if reply.startswith(b"334")
                     else b"334 " + base64.b64encode(b"more") + b"\r\n")
            if self._response() == b"*":
                self.cancelled = True
                self.say(b"501 5.7.0 cancelled\r\n")
                return False
        raise RuntimeError("the client goes on for ever")

    def _auth(self, _, words):
        binding = (saslserver.binding_of(self.connection.tls)
                   if self.connection.tls else None)
        exchange = saslserver.MECHANISMS[words[0].decode()](
            saslserver.Peer(USER, self.secret, binding))
        initial = words[1] if len(words) > 1 else None
        try:
            challenge = next(exchange)
            while True:
                if initial is None:
                    line = b"334 " + base64.b64encode(challenge)
                    if not self._next(line):
                        return
                    initial = self._response()
                if initial == b"*":
                    self.cancelled = True
                    self.say(b"501 5.7.0 cancelled\r\n")
                    return
                response, initial = initial.replace(b"=", b"", 1) \
                    if initial == b"=" else initial, None
                challenge = exchange.send(
                    base64.b64decode(response, validate=True))
        except StopIteration as end:
            self._conclude(end.value)

    def _conclude(self, accepted):
        self.succeeded = accepted and self.at != self.replies
        if not self._next(b"235 2.7.0 welcome" if accepted
                          else b"535 5.7.8 no"):
            return
        if self._response() == b"*":
            self.cancelled = True
            self.say(b"501 5.7.0 cancelled\r\n")
        else:
            self.say(b"535 5.7.8 no\r\n")

    def _mail(self, *rest):
        if not self.succeeded:
            self.say(b"530 5.7.0 authentication required\r\n", "mail")
            return
        super()._mail(*rest)

    VERBS = {**smarthost.Smarthost.VERBS, b"AUTH": _auth, b"MAIL": _mail}


def contexts(directory):
    """TLS servers of each version, and whom to trust."""
    authority = certs.Authority(directory)
    made = {None: None}
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = certs.context(*authority.chain("good"))
        context.minimum_version = context.maximum_version = version
        made[version] = context
    return made, authority.root


def forms(secret):
    """The secret as it is, and as base64 shows it in any alignment."""
    yield secret
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + secret)
        yield text[4 if shift else 0:-4]


class Trial:
    """One run of the program against one server."""

    def __init__(self, tls, root):
        self.tls = tls
        self.root = root

    def run(self, mechanism, fault=None, at=None, secret=None):
        host = Host(mechanism, fault, at)
        host.secret = secret or host.secret
        host.context = self.tls[mechanism.version]
        run = onehop.Run()
        lines = ["host 127.0.0.1", f"auth {mechanism.name}",
                 "from alice@example.org", "domain client.example",
                 f"user {USER.decode()}", "tls_starttls off",
                 f"tls {'on' if mechanism.version else 'off'}",
                 f"tls_trust_file {self.root}",
                 f"tls_host_override {certs.NAME}"]
        if mechanism.name != "EXTERNAL":
            lines.append(f"password {mechanism.secret.decode()}")
        try:
            with smtpserver.Server(host.serve) as server:
                run.write_config(lines + [f"port {server.port}"])
                run.start(["-d", "-i", "bob@example.net"], MESSAGE)
                result = run.finish(SECONDS)
            if server.failure:
                raise server.failure
        finally:
            run.clean()
        return host, result

    def complaints(self, mechanism, host, result, wanted):
        """What is wrong with any run."""
        if result.status not in wanted:
            yield (f"exit status {result.status}, not "
                   f"{' or '.join(map(str, sorted(wanted)))}")
            yield result.stderr.decode(errors="backslashreplace")[-600:]
        if result.hung or result.orphans:
            yield "it did not end by itself, all of it"
        if host.accepted != (result.status == 0):
            yield f"exit {result.status}, message accepted: {host.accepted}"
        if host.content is not None and not host.succeeded:
            yield "content was sent without authentication"
        starts = sum(line.upper().startswith(b"AUTH")
                     for line in host.commands)
        if starts != 1:
            yield f"{starts} AUTH commands"
        shown = result.stderr + result.stdout
        for form in forms(mechanism.secret):
            if form in shown:
                yield f"the secret shows: {shown[-400:]!r}"
        if result.status != 0 and not result.stderr.splitlines()[-1]:
            yield "no word of explanation"

    def honest(self, mechanism):
        host, result = self.run(mechanism)
        yield from self.complaints(mechanism, host, result, {0})
        host, result = self.run(mechanism, secret=b"another")
        if mechanism.name in ("EXTERNAL", "NTLM"):
            return  # there is no secret, or the server cannot tell
        yield from self.complaints(mechanism, host, result, {77})
        if b'user "user"' not in result.stderr:
            yield f"whose secret was refused? {result.stderr[-300:]!r}"

    def faulty(self, mechanism, at, last):
        for fault, (_, wanted) in FAULTS.items():
            if fault == "235 too early" and at == last:
                continue
            host, result = self.run(mechanism, fault, at)
            if (mechanism.label, at) in PROMPTS and fault in HARMLESS:
                wanted = wanted | {0}
            for complaint in self.complaints(mechanism, host, result,
                                             wanted):
                yield f"{fault}: {complaint}"


def test(tap, trial):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = []
        for mechanism in MECHANISMS:
            replies = trial.run(mechanism)[0].replies
            jobs.append((f"{mechanism.label}: accepted, or refused with 77",
                         pool.submit(list, trial.honest(mechanism))))
            for at in range(replies):
                jobs.append((f"{mechanism.label}: faults at reply {at + 1} "
                             f"of {replies}", pool.submit(
                                 list, trial.faulty(mechanism, at,
                                                    replies - 1))))
        for name, job in jobs:
            tap.run(name, job.result)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="onehop-test-") as directory:
        test(tap, Trial(*contexts(directory)))
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
