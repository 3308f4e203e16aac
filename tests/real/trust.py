#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run learns of a server for the next: its key (tls_trust tofu), a
session (tls_resume on). The server is OpenSSL's TLS; as root, Postfix too."""

import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import realserver
from onehop import Run
from realserver import find_program, wait_until
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap, skip_all

REFUSED = b"535 5.7.8 no\r\n"


class Site:
    """A server that stays, and a user with a home who turns to it."""

    def __init__(self, authority, mode="tls"):
        self.authority = authority
        self.mode = mode
        self.context = authority.context("good")
        self.refuses = False
        self.reused = []        # was a session resumed? one per connection
        self.received = b""     # in TLS, by the last connection
        self.run = Run()
        self.server = Server(self.serve)
        self.config = [
            "host 127.0.0.1", f"port {self.server.port}", "tls on",
            f"tls_starttls {'off' if mode == 'tls' else 'on'}",
            "tls_host_override mail.test", f"user {USER}",
            f"password {PASSWORD}", "auth plain", "from alice@example.org"]

    def serve(self, connection):
        smarthost = Smarthost(self.mode, self.context)
        if self.refuses:
            smarthost.faults["auth_start"] = \
                lambda host, good: host.say(REFUSED, "auth_start")
        try:
            smarthost.serve(connection)
        finally:
            self.received = connection.record.received(tls=True)
            self.reused.append(bool(connection.tls and
                                    connection.tls.session_reused))

    def submit(self, *config):
        self.run.write_config(self.config + list(config))
        served = len(self.reused) + 1
        self.run.start(["bob@example.net"], b"Subject: x\n\nx\n")
        result = self.run.finish(60)
        # the client does not wait until the server has heard all
        wait_until(lambda: len(self.reused) == served, "the server's end")
        return result

    def state(self, *path):
        return os.path.join(self.run.home, ".local", "state", "onehop", *path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.run.clean()


def faults_of(result, status=0):
    if result.status != status:
        yield f"{result.status}: {result.stderr!r}"


def first_contact_is_told_once(authority):
    with Site(authority) as site:
        result = site.submit("tls_trust tofu", "logfile ~/log")
        yield from faults_of(result)
        lines = result.stderr.decode().splitlines()
        pin = site.state("pins", f"mail.test:{site.server.port}")
        if len(lines) != 1 or "first contact with mail.test" not in lines[0]:
            yield f"not one notice: {lines}"
        with open(pin, encoding="ascii") as file:
            keys = re.findall("^spki:.*$", file.read(), re.M)
        if len(keys) != 1 or keys[0] not in lines[0] or pin not in lines[0]:
            yield f"{keys} and {pin} are not in {lines}"
        if os.stat(pin).st_mode & 0o777 != 0o600:
            yield "others can read the pin"
        again = site.submit("tls_trust tofu", "logfile ~/log")
        yield from faults_of(again)
        if again.stderr:
            yield f"told twice: {again.stderr!r}"
        with open(os.path.join(site.run.home, "log"),
                  encoding="utf-8") as file:
            verdicts = re.findall(r"verify=(\S+)", file.read())
        if verdicts != ["first", "tofu"]:
            yield f"the log says {verdicts}"


def a_changed_key_gets_no_password(authority):
    with Site(authority) as site:
        yield from faults_of(site.submit("tls_trust tofu"))
        site.context = authority.context("expired")
        result = site.submit("tls_trust tofu")
        yield from faults_of(result, 76)
        if len(set(re.findall(rb"spki:[0-9A-F:]{95}", result.stderr))) != 2:
            yield f"it does not show both keys: {result.stderr!r}"
        pin = site.state("pins", f"mail.test:{site.server.port}")
        if f"rm {pin}".encode() not in result.stderr:
            yield f"it does not say what to do: {result.stderr!r}"
        if site.received:
            yield f"the server was told {site.received!r}"
        os.unlink(pin)
        yield from faults_of(site.submit("tls_trust tofu"))


def a_key_that_cannot_be_recorded_is_not_trusted(authority):
    with Site(authority) as site:
        os.makedirs(site.state())
        with open(site.state("pins"), "wb"):
            pass
        result = site.submit("tls_trust tofu")
        yield from faults_of(result, 78)
        if site.received:
            yield f"the server was told {site.received!r}"


def sessions_go_on(authority, mode):
    with Site(authority, mode) as site:
        config = ["tls_trust_file " + authority.root, "tls_resume on"]
        for expected in ([False], [False, True], [False, True, True]):
            result = site.submit(*config)
            yield from faults_of(result)
            if result.stderr or site.reused != expected:
                yield f"{site.reused}, not {expected}: {result.stderr!r}"
        files = os.listdir(site.state("sessions"))
        if len(files) != 1:
            yield f"kept: {files}"


def a_refused_password_ends_a_session(authority):
    with Site(authority) as site:
        config = ["tls_trust_file " + authority.root, "tls_resume on"]
        yield from faults_of(site.submit(*config))
        site.refuses = True
        yield from faults_of(site.submit(*config), 77)
        site.refuses = False
        if os.listdir(site.state("sessions")):
            yield "the session was kept"
        yield from faults_of(site.submit(*config))
        if site.reused != [False, True, False]:
            yield site.reused


def a_change_of_trust_ends_a_session(authority):
    fingerprint = authority.fingerprint(authority.make("good")[0])
    with Site(authority) as site:
        ways = (["tls_trust_file " + authority.root],
                ["tls_trust tofu"],
                ["tls_fingerprint " + fingerprint],
                ["tls_certcheck off"],
                ["tls_trust_file " + authority.root,
                 "tls_crl_file " + authority.crl("revoked")])
        for way in ways:
            for _ in range(2):
                yield from faults_of(site.submit("tls_resume on", *way))
        if site.reused != [False, True] * len(ways):
            yield site.reused


def nothing_is_kept_unless_asked_for(authority):
    with Site(authority) as site:
        for _ in range(2):
            yield from faults_of(
                site.submit("tls_trust_file " + authority.root))
        if True in site.reused or os.path.exists(site.state("sessions")):
            yield site.reused


def postfix_lets_a_session_go_on():
    with realserver.RealServer() as server:
        run = Run(["host 127.0.0.1", f"port {server.ports['tls']}", "tls on",
                   "tls_starttls off", f"tls_trust_file {server.ca}",
                   "tls_resume on", f"user {realserver.USER}",
                   f"password {realserver.PASSWORD}",
                   "from alice@example.org"])
        try:
            run.start([f"bob@{realserver.DOMAIN}"], b"Subject: x\n\nx\n")
            yield from faults_of(run.finish(60))
            run.start(["--serverinfo"], b"")
            result = run.finish(60)
            yield from faults_of(result)
            if not re.search(rb"^resumed +yes$", result.stdout, re.M):
                yield f"not resumed: {result.stdout!r}"
        finally:
            run.clean()


def main():
    if find_program("openssl") is None:
        skip_all("no openssl")
    tap = Tap()
    scratch = tempfile.mkdtemp(prefix="onehop-trust-")
    try:
        authority = certs.Authority(scratch)
        for test in (first_contact_is_told_once,
                     a_changed_key_gets_no_password,
                     a_key_that_cannot_be_recorded_is_not_trusted,
                     a_refused_password_ends_a_session,
                     a_change_of_trust_ends_a_session,
                     nothing_is_kept_unless_asked_for):
            tap.run(test.__name__.replace("_", " "), test, authority)
        for mode in ("tls", "starttls"):
            tap.run(f"{mode}: sessions go on", sessions_go_on, authority,
                    mode)
        if realserver.why_not() is None:
            tap.run("Postfix lets a session go on",
                    postfix_lets_a_session_go_on)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
