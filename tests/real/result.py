#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--json tells by which name Postfix knows the message."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import realserver
from onehop import Run
from realserver import DOMAIN, PASSWORD, USER
from tap import Tap, skip_all


def submit(server, service, to):
    run = Run([
        "host 127.0.0.1", f"port {server.ports[service]}", "tls on",
        f"tls_starttls {'off' if service == 'tls' else 'on'}",
        f"tls_trust_file {server.ca}", f"user {USER}",
        f"password {PASSWORD}", "from alice@example.org"])
    try:
        run.start(["--json", f"{to}@{DOMAIN}"], b"Subject: x\n\nhello\n")
        return run.finish(60)
    finally:
        run.clean()


def knows_its_name(server, service):
    result = submit(server, service, "bob")
    facts = json.loads(result.stdout)
    if result.status or facts["outcome"] != "accepted":
        yield f"{result.status}: {facts}"
    if not facts["queue_id"]:
        yield facts["reply"]
    elif not server.saw(facts["queue_id"] + ": message-id="
                        + facts["message_id"], 0):
        yield f"Postfix knows no {facts['queue_id']}"


def passes_on_a_refusal(server):
    facts = json.loads(submit(server, "tls", "refused").stdout)
    to = facts["recipients"][0]
    if (facts["outcome"], to["code"], to["enhanced"]) != (
            "refused", 550, "5.1.1"):
        yield facts


missing = realserver.why_not()
if missing:
    skip_all(missing)
tap = Tap()
with realserver.RealServer() as postfix:
    tap.run("Postfix", knows_its_name, postfix, "tls")
    tap.run("Postfix behind Dovecot", knows_its_name, postfix, "dovecot")
    tap.run("a recipient that Postfix refuses", passes_on_a_refusal, postfix)
sys.exit(tap.done())
