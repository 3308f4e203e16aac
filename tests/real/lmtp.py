#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Postfix, which offers SMTPUTF8, in front of real Dovecot's LMTP, which
does not: a raw UTF-8 header arrives in the Maildir with what it says."""

import email
import email.policy
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import realserver
from onehop import Run
from tap import Tap, skip_all

LMTP = next(iter(glob.glob("/usr/lib*/dovecot/lmtp") +
                 glob.glob("/usr/libexec/dovecot/lmtp")), None)
SECONDS = 60
MESSAGE = """\
From: Jörg <alice@example.org>
To: bob@example.net
Subject: Sicherung für Müller fertig
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Köln
""".encode()


class Server(realserver.RealServer):
    """Postfix delivers by LMTP."""

    def more_dovecot(self):
        return f"""\
protocols = lmtp
service lmtp {{
  executable = {LMTP}
  unix_listener {self.scratch}/queue/private/dovecot-lmtp {{
    mode = 0666
  }}
}}
"""


def arrives(server):
    run = Run(["account default", "host 127.0.0.1",
               f"port {server.ports['plain']}", "tls off", "auth off",
               "from alice@example.org"])
    run.start(["-i", "bob@" + realserver.DOMAIN], MESSAGE)
    result = run.finish(SECONDS)
    run.clean()
    if result.status != 0 or result.stderr:
        yield f"exit {result.status}, {result.stderr!r}"
        return
    pattern = server.path("home", "mail", "new", "*")
    try:
        names = realserver.wait_until(lambda: glob.glob(pattern),
                                      "the delivery")
    except TimeoutError:
        yield server.log()
        return
    with open(names[0], "rb") as file:
        message = email.message_from_binary_file(
            file, policy=email.policy.default)
    if message["Subject"] != "Sicherung für Müller fertig":
        yield f"Subject {message['Subject']!r}"
    if message["From"].addresses[0].display_name != "Jörg":
        yield f"From {message['From']!r}"
    if message.get_content() != "Köln\n":
        yield f"content {message.get_content()!r}"


def main():
    reason = realserver.why_not()
    if reason is None and LMTP is None:
        reason = "Dovecot's lmtp is not installed"
    if reason:
        skip_all(reason)
    realserver.MAIN_CF += (
        "virtual_transport = lmtp:unix:private/dovecot-lmtp\n")
    realserver.MASTER_CF += "lmtp unix - - n - - lmtp\n"
    realserver.DOVECOT_CONF = realserver.DOVECOT_CONF.replace(
        "home={scratch}/home", "home={scratch}/home allow_all_users=yes")
    realserver.DOVECOT_24_CONF = realserver.DOVECOT_24_CONF.replace(
        "userdb static {{", "userdb static {{\n  allow_all_users = yes")
    tap = Tap()
    with Server() as server:
        tap.run("a raw UTF-8 header arrives", arrives, server)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
