#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each failure that a user can fix names the step that fixes it, and none that
would make it worse."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import onehop
import smarthost
import smtpserver
from tap import Tap

SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "build"),
                                    "tests", "lib", "shim.so"))
MESSAGE = b"Subject: x\n\nhello\n"
FAR = "192.0.2.1"  # RFC 5737; the shim never lets a packet go there
SECRET = ["user user", "password secret-word"]


def shim(**calls):
    return {"LD_PRELOAD": SHIM,
            **{"SHIM_" + name.upper(): value for name, value in calls.items()}}


# (name, config, environment, exit status, words, words that must not come)
UNREACHED = (
    ("no DNS", ["host smtp.test"], shim(resolve="again"), 75,
     ["check that this machine is online"], []),
    ("no network", [f"host {FAR}"], shim(connect="unreachable"), 75,
     ["network unreachable", "check that this machine is online"], []),
    ("587 refuses", [f"host {FAR}"], shim(connect="refused"), 75,
     ["connection refused", "port 465", "port 25"], ["online"]),
    ("465 refuses", [f"host {FAR}", "tls_starttls off"],
     shim(connect="refused"), 75, ["port 587 with tls_starttls on"], []),
    ("another port refuses", [f"host {FAR}", "port 2525"],
     shim(connect="refused"), 75, ["connection refused"], ["hint:"]),
    ("no password and no terminal",
     ["host smtp.test", "user user"], shim(), 78,
     ["secret-tool lookup host smtp.test service smtp user user"], []),
    ("an unknown account", ["account a", "host h.test", "account b",
                            "host h.test"], {}, 78,
     ["no account work", "name one of: a, b"], []),
    ("lines before the first account", ["tls on", "account default",
                                        "host h.test"], {}, 78,
     ['put those lines under a line "defaults"'], []),
    ("a file for a recipient", ["host h.test"], {}, 65,
     ["message on standard input: onehop RECIPIENT < FILE"], []),
)
ARGUMENTS = {"an unknown account": ["-a", "work", "you@example.net"],
             "a file for a recipient": ["./letter.txt"]}


# (name, mechanisms, config, states of the smarthost, exit status, words, not)
REFUSED = (
    ("only XOAUTH2", "XOAUTH2", SECRET, {}, 69,
     ["set auth xoauth2", "onehop-token"], []),
    ("only OAUTHBEARER", "OAUTHBEARER", SECRET, {}, 69,
     ["set auth oauthbearer"], []),
    ("only GSSAPI", "GSSAPI", SECRET, {}, 69, ["set auth gssapi", "kinit"],
     []),
    ("only CRAM-MD5", "CRAM-MD5", SECRET, {}, 69, ["set auth cram-md5"], []),
    ("only NTLM", "NTLM", SECRET, {}, 69, ["set auth ntlm"], []),
    ("a mailbox without SMTP AUTH", "PLAIN", SECRET,
     {"auth_final": "535 5.7.139 Authentication unsuccessful, "
      "SmtpClientAuthentication is disabled for the Mailbox."}, 77,
     ["disabled for this mailbox"], ["token", "app password"]),
    ("a wrong password", "PLAIN", SECRET,
     {"auth_final": "535 5.7.8 no"}, 77, ["check user and password"],
     ["app password"]),
    ("a blocked sign-in", "PLAIN", SECRET,
     {"auth_final": "534 5.7.14 log in via your web browser"}, 77,
     ["sign in with a browser"], []),
    ("no STARTTLS", None, ["tls on"], {}, 76,
     ["does not offer STARTTLS", "set tls off"], []),
    ("a sender that is not owned", None, [],
     {"mail": "553 5.7.1 not owned by user"}, 69,
     ["an address that it owns"], []),
    ("no login", None, [], {"mail": "530 5.7.0 authenticate first"}, 77,
     ["set user and a password"], []),
    ("an EHLO name", "PLAIN", SECRET, {"ehlo1": "504 5.5.2 need a name"}, 76,
     ["set domain"], []),
)

# (kind of certificate, host, words, words that must not come)
CERTIFICATES = (
    ("no-names", "mail.test",
     ["no subjectAltName", "tls_trust tofu, or tls_fingerprint "], []),
    ("wrong-name", "mail.test", ["name mismatch", "virus scanner"],
     ["tls_host_override", "tofu"]),
    ("good", "smtp.mail.test", ["set tls_host_override mail.test"], []),
    ("good", "mail.example", ["name mismatch"], ["tls_host_override"]),
    ("good", "127.0.0.1", ["tls_trust tofu, or tls_fingerprint "], []),
)


def run(config, environment, arguments):
    process = onehop.Run(["from me@example.org", *config] if "account"
                         not in " ".join(config) else config, environment)
    process.data_limit = None
    try:
        with open(os.path.join(process.home, "letter.txt"), "wb") as file:
            file.write(MESSAGE)
        process.start(["-i", *arguments], MESSAGE)
        return process.finish(60)
    finally:
        process.clean()


def judge(result, status, words, absent):
    said = result.stderr.decode()
    if result.status != status:
        yield f"exit {result.status}, not {status}: {said}"
    for word in words:
        if word not in said:
            yield f"{word!r} is not in {said!r}"
    for word in absent:
        if word in said:
            yield f"{word!r} is in {said!r}"


def before_a_server(name, config, environment, *wanted):
    result = run(config, environment,
                 ARGUMENTS.get(name, ["you@example.net"]))
    yield from judge(result, *wanted)


def by_a_server(mechanisms, config, replies, *wanted):
    host = smarthost.Smarthost()
    host.mechanisms = mechanisms
    for state, reply in replies.items():
        host.faults[state] = lambda h, _, state=state, reply=reply: h.say(
            reply.encode() + b"\r\n", state)
    with smtpserver.Server(host.serve) as server:
        result = run(["host 127.0.0.1", f"port {server.port}", *config], {},
                     ["you@example.net"])
    yield from judge(result, *wanted)


def by_a_certificate(authority, kind, name, *wanted):
    context = authority.context(kind)
    host = smarthost.Smarthost("tls", context)
    with smtpserver.Server(host.serve) as server:
        result = run([f"host {name}", f"port {server.port}",
                      "tls on", "tls_starttls off",
                      f"tls_trust_file {authority.root}"],
                     shim(resolve="127.0.0.1"), ["you@example.net"])
    yield from judge(result, 76, *wanted)


def main():
    tap = Tap()
    for row in UNREACHED:
        if row[2] and not os.path.exists(SHIM):
            tap.skip(row[0], "no shim.so")
        else:
            tap.run(row[0], before_a_server, *row)
    for name, *row in REFUSED:
        tap.run(name, by_a_server, *row)
    with tempfile.TemporaryDirectory() as directory:
        authority = certs.Authority(directory)
        for row in CERTIFICATES:
            tap.run(f"{row[1]} with the certificate {row[0]}",
                    by_a_certificate, authority, *row)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
