#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust on first use (tls_trust tofu): the key that one run records is the key
the next run demands; and the system's TLS policy. The server is OpenSSL's."""

import os
import re
import shutil
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
from onehop import AS_SENDMAIL, Run
from realserver import find_program, wait_until
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap, skip_all


class Site:
    """A server that stays, and a user with a home who turns to it."""

    def __init__(self, authority):
        self.authority = authority
        self.context = authority.context("good")
        self.served = 0         # connections
        self.received = b""     # in TLS, by the last connection
        self.run = Run()
        self.server = Server(self.serve)
        self.config = [
            "host 127.0.0.1", f"port {self.server.port}", "tls on",
            "tls_starttls off", "tls_host_override mail.test", f"user {USER}",
            f"password {PASSWORD}", "auth plain", "from alice@example.org"]

    def serve(self, connection):
        try:
            Smarthost("tls", self.context).serve(connection)
        finally:
            self.received = connection.record.received(tls=True)
            self.served += 1

    def submit(self, *config, options=(), wrapper=()):
        self.run.write_config(self.config + list(config))
        served = self.served + 1
        self.run.start([*options, "bob@example.net"],
                       b"Subject: x\n\nx\n", wrapper)
        result = self.run.finish(60)
        # the client does not wait until the server has heard all
        wait_until(lambda: self.served == served, "the server's end")
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
        if len(lines) != 1 or "first connection to mail.test" not in lines[0]:
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


LEADING = (["--tls_host_override=mail.test"], ["--timeout=9"],
           ["--tls_trust=tofu"], ["--tls_certcheck=on"])
MISLEADING = (["--tls_host_override=other.test"],
              ["--timeout=9", "--tls_host_override=other.test"])


def words_of_sendmail_record_no_key(authority):
    """Whoever puts them there could give another server the pin of ours."""
    for options in MISLEADING:
        with Site(authority) as site:
            result = site.submit("tls_trust tofu", "auth off",
                                 options=options, wrapper=AS_SENDMAIL)
            yield from faults_of(result, 78)
            if site.received:
                yield f"{options}: the server was told {site.received!r}"
            if os.path.exists(site.state("pins")):
                yield f"{options}: {os.listdir(site.state('pins'))}"
            yield from faults_of(site.submit(
                "tls_trust tofu", "auth off", options=options))
            yield from faults_of(site.submit(
                "tls_trust tofu", "auth off", options=options,
                wrapper=AS_SENDMAIL))


def words_of_sendmail_that_change_nothing_do(authority):
    for options in LEADING:
        with Site(authority) as site:
            yield from faults_of(site.submit(
                "tls_trust tofu", options=options, wrapper=AS_SENDMAIL))
            if not os.path.exists(site.state("pins")):
                yield f"{options}: no pin"


def a_queued_message_records_no_key_either(authority):
    with Site(authority) as site:
        config = ("tls_trust tofu", "auth off", "outbox ~/outbox")
        site.run.write_config([*site.config, *config])
        site.run.start([*MISLEADING[0], "bob@example.net"],
                       b"Subject: x\n\nx\n", AS_SENDMAIL)
        yield from faults_of(site.run.finish(60))
        site.run.start(["-q"], b"")
        yield from faults_of(site.run.finish(60), 78)
        if os.path.exists(site.state("pins")):
            yield f"{os.listdir(site.state('pins'))}"


def the_systems_priorities_count(authority):
    with Site(authority) as site:
        site.context.maximum_version = ssl.TLSVersion.TLSv1_2
        policy = os.path.join(site.run.home, "policy")
        with open(policy, "w", encoding="ascii") as file:
            file.write("[overrides]\n"
                       "default-priority-string = NORMAL:-VERS-TLS1.2\n")
        trust = "tls_trust_file " + authority.root
        yield from faults_of(site.submit(trust))
        site.run.environment["GNUTLS_SYSTEM_PRIORITY_FILE"] = policy
        # the sandbox lets GnuTLS read only the system's own policy
        yield from faults_of(site.submit(trust, "sandbox off"), 76)
        yield from faults_of(site.submit(trust, "sandbox off",
                                         "tls_priorities NORMAL"))


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
                     words_of_sendmail_record_no_key,
                     words_of_sendmail_that_change_nothing_do,
                     a_queued_message_records_no_key_either,
                     the_systems_priorities_count):
            tap.run(test.__name__.replace("_", " "), test, authority)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
