#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From installed to delivered: what is typed and seen in five set-ups.

The servers answer as the real ones do. A step is a command or an answer that
somebody types, or a line of a file that somebody writes.
"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import time

for folder in ("lib", "token"):
    sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                    "tests", folder))
# pylint: disable=wrong-import-position
import authserver  # noqa: E402
import certs  # noqa: E402
import nameserver  # noqa: E402
from configure import TEST, Attempt  # noqa: E402
from mailserver import Mailserver  # noqa: E402
from onehop import PROGRAM  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

GMAIL, OUTLOOK, LOGIN = "127.2.0.1", "127.2.0.2", "127.2.0.3"
COMPANY, RELAY, OLD = "127.2.0.4", "127.2.0.5", "127.2.0.6"
OFFICE = "127.2.0.7"
APP_PASSWORD = "abcdefghijklmnop"

ZONES = {
    "gmail.com": f"smtp IN A {GMAIL}\n",
    "outlook.com": f"""
_submission._tcp IN SRV 0 0 587 smtp-mail
smtp-mail IN A {OUTLOOK}
""",
    "office365.com": f"smtp IN A {OFFICE}\n",
    "tenant.example":
    "@ IN MX 0 tenant-example.mail.protection.outlook.com.\n",
    "microsoftonline.com": f"login IN A {LOGIN}\n",
    "company.example": f"""
_submissions._tcp IN SRV 0 0 465 mail
_submission._tcp IN SRV 10 0 587 mail
mail IN A {COMPANY}
""",
    "lan.example": f"relay IN A {RELAY}\n",
    "old.example": f"mail IN A {OLD}\n",
}

MESSAGE = b"Send a test message to %s? [y/N] "
KEEP_HERE = b"only you can read? [y/N] "


def says(state, text):
    """A fault: another good reply."""
    return {state: lambda host, _: host.say(text + b"\r\n", state)}


class Microsoft(authserver.AuthServer):
    """The endpoints of Microsoft's that a public client uses."""

    ADDRESS, PORT, SECRET = LOGIN, 443, None

    @staticmethod
    def context(authority):
        return authority.context_for("login.microsoftonline.com")

    def device(self, form):
        status, answer = super().device(form)
        return status, {
            "user_code": "G4R2BXQK7", "device_code": answer["device_code"],
            "verification_uri": "https://microsoft.com/devicelogin",
            "expires_in": 900, "interval": 1,
            "message": "To sign in, use a web browser ..."}

    def token(self, form):
        status, answer = super().token(form)
        if answer.get("error") == "authorization_pending":
            answer["error_description"] = "AADSTS70016: pending"
            answer["error_codes"] = [70016]
        return status, answer

    ENDPOINTS = {"/common/oauth2/v2.0/devicecode": device,
                 "/common/oauth2/v2.0/token": token}


class World:
    """The mail servers and their authority."""

    def __init__(self, directory):
        self.authority = certs.Authority(directory)
        make = self.authority.context_for
        self.servers = {
            name: Mailserver(address, port, mode, make(host), mechanisms,
                             says("dot", reply))
            for name, address, port, mode, host, mechanisms, reply in (
                ("gmail", GMAIL, 465, "tls", "smtp.gmail.com",
                 "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH",
                 b"250 2.0.0 OK  1764380000 ffacd0b85a97d - gsmtp"),
                ("outlook", OUTLOOK, 587, "starttls",
                 "smtp-mail.outlook.com", "LOGIN XOAUTH2",
                 b"250 2.0.0 OK <1@outlook.com> Queued mail for delivery"),
                ("office", OFFICE, 587, "starttls", "smtp.office365.com",
                 "LOGIN XOAUTH2",
                 b"250 2.0.0 OK <1@tenant.example> [Hostname=x.outlook.com]"),
                ("company", COMPANY, 465, "tls", "mail.company.example",
                 "PLAIN LOGIN", b"250 2.0.0 Ok: queued as 4XyZ"),
                ("relay", RELAY, 25, "plain", "relay.lan.example", "",
                 b"250 2.0.0 Ok: queued as 4LaN"),
                ("old", OLD, 587, "starttls", "mail.old.example", "PLAIN",
                 b"250 OK id=1Old"))}


class Setup:
    """A home, and the steps in it."""

    def __init__(self, world, *args):
        self.world = world
        self.attempt = Attempt(world, "", *args)
        # the authority of the lab is trusted by an option
        self.attempt.args = [*args,
                             "--tls-trust-file=" + world.authority.root]
        self.steps = 1          # the command itself
        self.began = time.monotonic()

    def write(self, path, *lines):
        path = os.path.join(self.attempt.run.home, path)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(path, 0o600)

    def asked(self, *dialogue):
        self.steps += len(dialogue)
        self.attempt.asked(*dialogue)
        return self

    def check(self, steps, server, words, settings):
        """What is typed, seen, written and sent."""
        count, accepted, sent = self.world.servers[server].saw()
        faults = list(self.attempt.faults(0, *words))
        if accepted != 1 or b"Subject: Test of onehop" not in sent:
            faults.append(f"{accepted} messages in {count} sessions")
        lines = [line for line in self.attempt.settings()
                 if not line.startswith("tls_trust_file ")]
        if lines != settings:
            faults.append(f"the file has {lines}")
        if self.steps != steps:
            faults.append(f"{self.steps} steps")
        print(f"# {self.steps} steps, "
              f"{time.monotonic() - self.began:.1f} s without the person")
        return self.attempt.check(faults), sent


def keepers():
    """Questions of programs that keep passwords, where they are installed."""
    return [(f"in {name}? [y/N] ".encode(), b"\n")
            for name in ("secret-tool", "pass") if shutil.which(name)]


def gmail(world):
    """Gmail with an app password, kept in the file."""
    kept = keepers()
    setup = Setup(world, "--configure", "you@gmail.com")
    setup.asked((TEST, b"y\n"),
                (b"app password of you@gmail.com at smtp.gmail.com: ",
                 APP_PASSWORD.encode() + b"\n"), *kept, (KEEP_HERE, b"y\n"),
                (MESSAGE % b"you@gmail.com", b"y\n"))
    faults, sent = setup.check(
        5 + len(kept), "gmail",
        ["https://myaccount.google.com/apppasswords",
         "The password was accepted.", "- gsmtp"],
        ["host smtp.gmail.com", "port 465", "from you@gmail.com",
         "user you@gmail.com", f"password {APP_PASSWORD}"])
    yield from faults
    login = base64.b64encode(f"\0you@gmail.com\0{APP_PASSWORD}".encode())
    if login not in sent:
        yield "another login"


def by_device(world, address, server, host, *questions):
    """A client ID, the login with a code, a message."""
    with Microsoft(world.authority) as login:
        login.expires = 100     # for no second message
        setup = Setup(world, "--configure", address)
        home = setup.attempt.run
        home.environment["PATH"] = ":".join((
            os.path.dirname(os.path.abspath(authserver.PROGRAM)),
            os.environ["PATH"]))
        setup.write(".config/onehop/token", "client_id client",
                    f"ca_file {world.authority.root}")
        setup.steps += 1        # the line with the client ID
        setup.asked(*questions, (b"Log in now? [y/N] ", b"y\n"),
                    (b"enter the code G4R2BXQK7", b""),  # at any browser
                    (MESSAGE % address.encode(), b"y\n"))
        tokens = login.access
    faults, sent = setup.check(
        5 + len(questions), server,
        ["takes tokens, no passwords", "https://microsoft.com/devicelogin",
         "Logged in", "250 2.0.0 OK"],
        [f"host {host}", f"from {address}", f"user {address}",
         "auth xoauth2", f"passwordeval onehop-token {address}"])
    yield from faults
    yield from authserver.differs("tokens", len(tokens), 2)
    if not any(base64.b64encode(f"user={address}\1auth=Bearer {token}\1\1"
                                .encode()) in sent for token in tokens):
        yield "another login"


def outlook(world):
    yield from by_device(world, "you@outlook.com", "outlook",
                         "smtp-mail.outlook.com")


def office(world):
    """The MX records, which anybody can forge, name the provider."""
    yield from by_device(world, "you@tenant.example", "office",
                         "smtp.office365.com",
                         (b"provider's? [y/N] ", b"y\n"))


def company(world):
    """A company's server by its SRV records; the password is not kept."""
    kept = keepers()
    setup = Setup(world, "--configure", "you@company.example")
    setup.asked((TEST, b"y\n"), (b": ", b"secret of mine\n"), *kept,
                (KEEP_HERE, b"n\n"),
                (MESSAGE % b"you@company.example", b"y\n"))
    yield from setup.check(
        5 + len(kept), "company",
        ["from the start", "The password was accepted.", "queued as 4XyZ"],
        ["host mail.company.example", "port 465",
         "from you@company.example", "user you@company.example"])[0]


def relay(world):
    """A relay of the LAN, without TLS and login."""
    setup = Setup(world, "--configure", "you@lan.example",
                  "--host=relay.lan.example", "--tls=off", "--auth=off")
    setup.asked((MESSAGE % b"you@lan.example", b"y\n"))
    yield from setup.check(
        2, "relay", ["port 25, no TLS", "queued as 4LaN"],
        ["host relay.lan.example", "port 25", "tls off",
         "from you@lan.example"])[0]


def msmtprc(world):
    """A configuration of msmtp: it is used as it stands, without a step."""
    setup = Setup(world, "-t")
    run = setup.attempt.run
    setup.write(".msmtprc", "defaults", "auth on", "tls on",
                f"tls_trust_file {world.authority.root}", "account old",
                "host mail.old.example", "port 587", "from you@old.example",
                "user you", "password old-secret", "account default : old")
    result = subprocess.run(
        [PROGRAM, "-t"], env=run.environment, cwd=run.home, timeout=60,
        input=b"To: you@old.example\nSubject: Test of onehop\n\nx\n",
        capture_output=True, check=False)
    count, accepted, sent = world.servers["old"].saw()
    yield from authserver.differs("exit status and stderr", (
        result.returncode, result.stderr), (0, b""))
    yield from authserver.differs("sessions and messages", (count, accepted),
                                  (1, 1))
    if base64.b64encode(b"\0you\0old-secret") not in sent:
        yield "another login"
    run.clean()


def msmtprc_taken(world):
    """The same file, taken over by --configure."""
    setup = Setup(world, "--configure", "you@old.example")
    setup.write(".msmtprc", "account default", "host mail.old.example",
                "from you@old.example", "user you", "password old-secret")
    path = os.path.join(setup.attempt.run.home, ".msmtprc")
    setup.asked((f"Take over {path}? [y/N] ".encode(), b"y\n"))
    yield from setup.attempt.check(setup.attempt.faults(0, "Wrote"),
                                   f"include {path}")


def main():
    reason = nameserver.enter(sys.argv)
    if reason:
        skip_all(reason)
    tap = Tap()
    directory = tempfile.mkdtemp(prefix="onehop-test-")
    try:
        with nameserver.Nameserver(ZONES) as dns:
            dns.use()
            world = World(directory)
            tap.run("Gmail with an app password", gmail, world)
            if os.path.exists(authserver.PROGRAM):
                tap.run("Outlook.com by device login", outlook, world)
                tap.run("a domain at Microsoft 365 by device login", office,
                        world)
            else:
                tap.skip("Outlook.com", "onehop-token is not built")
            tap.run("a company's server by SRV", company, world)
            tap.run("a relay of the LAN", relay, world)
            tap.run("msmtp's file is used as it stands", msmtprc, world)
            tap.run("msmtp's file is taken over", msmtprc_taken, world)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
