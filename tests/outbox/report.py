#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""outbox_report: who is mailed that messages were given up."""

import email
import email.policy
import os
import sys

# pylint: disable=wrong-import-position
from house import House, Sink, differs, fault_of, make_due, message
from tap import Tap

OWNER = "owner@example.org"
KEY = f"outbox_report {OWNER}"


def refuses_you(verb, line, _):
    """Takes the report, and no message to you@ or never@."""
    if verb == b"RCPT" and (b"you@" in line or b"never@" in line):
        return b"550 5.1.1 nobody here\r\n"
    return None


def reports(sink):
    """What came from the null sender."""
    return [copy for copy in sink.copies if b"FROM:<>" in copy.sender]


def parse(copy):
    return email.message_from_bytes(copy.content,
                                    policy=email.policy.default)


def it_tells_what_and_why():
    with House(KEY) as house, Sink(refuses_you) as sink:
        house.send("1@x", "ok@example.net", "you@example.net")
        name = os.path.basename(house.files("new")[0])
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 69)
        copy, = reports(sink)
        yield from differs("recipients", copy.recipients, [OWNER.encode()])
        found = parse(copy)
        yield from differs("type", found.get_content_type(),
                           "multipart/report")
        yield from differs("report-type", found.get_param("report-type"),
                           "delivery-status")
        if not (found["Date"] and found["Message-ID"] and
                found["Auto-Submitted"] == "auto-replied"):
            yield f"header: {found.items()}"
        text, status, header = found.get_payload()
        for words in (name, "you@example.net", "550 5.1.1 nobody here"):
            if words not in text.get_content():
                yield f"text lacks {words!r}: {text.get_content()}"
        groups = status.get_payload()
        yield from differs("groups", [list(group.keys()) for group in groups
                                      if group.keys()], [
            ["Reporting-MTA"],
            ["Final-Recipient", "Action", "Status", "Diagnostic-Code"],
            ["Final-Recipient", "Action", "Status", "Diagnostic-Code"]])
        yield from differs("status", groups[2]["Status"], "5.1.1")
        yield from differs("final", groups[2]["Final-Recipient"],
                           "rfc822;you@example.net")
        yield from differs("third", header.get_content_type(),
                           "text/rfc822-headers")
        if "Message-ID: <1@x>" not in header.get_payload():
            yield f"header: {header.get_payload()}"


def each_recipient_has_its_own_status():
    """Those who were not refused are not bounced for another's reply."""
    replies = {b"a@": b"550 5.1.1 nobody\r\n", b"b@": b"550 5.7.1 no\r\n",
               b"c@": b"552 full\r\n", b"d@": b"450 4.2.0 later\r\n"}

    def answer(verb, line, _):
        if verb != b"RCPT":
            return None
        return next((reply for name, reply in replies.items()
                     if name in line), None)

    names = ("ok", "a", "b", "c", "d")
    with House(KEY) as house, Sink(answer) as sink:
        house.send("1@x", *(f"{name}@x.org" for name in names))
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 69)
        copy, = reports(sink)
        text, status, _ = parse(copy).get_payload()
        told = {group["Final-Recipient"]: (group["Status"],
                                           group["Diagnostic-Code"])
                for group in status.get_payload() if "Status" in group}
        unsent = "not sent, as recipients were refused"
        yield from differs("told", told, {
            "rfc822;ok@x.org": ("4.0.0", f"x-onehop; {unsent}"),
            "rfc822;a@x.org": ("5.1.1", "smtp; 550 5.1.1 nobody"),
            "rfc822;b@x.org": ("5.7.1", "smtp; 550 5.7.1 no"),
            "rfc822;c@x.org": ("5.0.0", "smtp; 552 full"),
            "rfc822;d@x.org": ("4.2.0", "smtp; 450 4.2.0 later")})
        lines = [line.strip() for line in text.get_content().splitlines()]
        for name, words in (("ok@x.org", unsent),
                            ("b@x.org", "550 5.7.1 no")):
            if name not in lines or lines[lines.index(name) + 1] != words:
                yield f"text lacks {name} {words!r}: {lines}"


def one_for_each_flush():
    with House(KEY) as house, Sink(refuses_you) as sink:
        for i in range(60):
            house.send(f"{i}@x")
        house.lead_to(sink.port)
        for _ in range(3):
            yield from fault_of(house.flush(), 69)
        copy, = reports(sink)
        if parse(copy)["Subject"] != "60 messages could not be delivered":
            yield f"{copy.content}"
        if b"and 10 more" not in copy.content:
            yield "the rest is not counted"
        house.lead_to(1)
        house.send("more@x")
        house.lead_to(sink.port)
        house.flush()
        yield from differs("reports", len(reports(sink)), 2)
        yield from differs("new", house.files("new"), [])


def never_about_a_report():
    """A server that refuses all; a message with the null sender."""
    def refuses(verb, *_):
        return b"550 5.1.1 nobody\r\n" if verb == b"RCPT" else None

    with House(KEY) as house, Sink(refuses) as sink:
        house.send("1@x")
        house.lead_to(sink.port)
        for _ in range(4):
            yield from fault_of(house.flush(), 69)
        yield from differs("failed", len(house.files("failed")), 2)
    with House(KEY) as house, Sink(refuses_you) as sink:
        house.send("1@x", "-f", "", "you@example.net")
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 69)
        yield from differs("reports", reports(sink), [])


def no_time_is_set_for_a_report():
    """The account's time is that of its messages. A report that is refused for
    now at first is sent late."""
    for key, word in (("deliver_by 120;R", b"BY="),
                      ("hold_for 86400", b"HOLDFOR="),
                      ("hold_until 2030-01-01T00:00:00Z", b"HOLDUNTIL=")):
        mails, asked = [], []

        def answer(verb, line, sink, mails=mails, asked=asked):
            if verb == b"MAIL":
                mails.append(line)
            if verb == b"RCPT" and b"owner@" in line:
                asked.append(line)
                return b"450 later\r\n" if len(asked) == 1 else None
            if verb == b"EHLO":
                return (b"250-sink\r\n250-DELIVERBY\r\n250 FUTURERELEASE "
                        b"99999999 2040-01-01T00:00:00Z\r\n")
            return refuses_you(verb, line, sink)

        with House(KEY, key) as house, Sink(answer) as sink:
            house.send("1@x")
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
            path, = house.files("new")
            house.age(path, 3600)
            yield from fault_of(house.run("-qf"), 69)
            yield from differs(f"{key}: reports", len(reports(sink)), 1)
            yield from differs(f"{key}: new", house.files("new"), [])
        yield from differs(f"{key}: {mails}", [word in line for line in mails],
                           [True, False, False])


def off_there_is_none():
    for lines in ((), ("outbox_report off",)):
        with House(*lines) as house, Sink(refuses_you) as sink:
            house.send("1@x")
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
            yield from differs("reports", reports(sink), [])
            yield from differs("new", house.files("new"), [])


def it_waits_for_a_server_that_is_down():
    """The message is too old; its report is queued."""
    def hangs_up(verb, *_):
        return b"" if verb == b"dot" else None

    with House(KEY) as house:
        house.send("1@x")
        with Sink(hangs_up) as sink:
            house.lead_to(sink.port)
            for _ in range(3):
                make_due(house, house.files("new")[0])
                house.flush()
        yield from differs("failed", len(house.files("failed")), 1)
        yield from differs("new", len(house.files("new")), 1)
        with Sink() as sink:
            house.lead_to(sink.port)
            house.run("-qf")
            yield from differs("reports", len(reports(sink)), 1)


def each_account_reports_its_own_to_its_own_address():
    """Through its own server: nobody else's sees the recipients."""
    for address in ("two-owner@example.org", OWNER):
        with House(KEY) as house, Sink(refuses_you) as sink, \
                Sink(refuses_you) as other:
            two = ["account two : default", "from two@example.org",
                   f"outbox_report {address}"]
            house.lead_to(1, *two)
            house.send("1@x", "-a", "default", "you@example.net")
            house.send("2@x", "-a", "two", "never@example.net")
            house.lead_to(sink.port, *two, f"port {other.port}")
            yield from fault_of(house.flush(), 69)
            for server, to, mine, others in (
                    (sink, OWNER, b"you@", b"never@"),
                    (other, address, b"never@", b"you@")):
                copy, = reports(server)
                yield from differs("recipients", copy.recipients,
                                   [to.encode()])
                if mine not in copy.content or others in copy.content:
                    yield f"{copy.content}"
            yield from differs("new", house.files("new"), [])


def an_address_is_wanted():
    for value in ("nobody", "*@example.org", "a@b@c", "<>"):
        with House(f"outbox_report {value}") as house:
            result = house.run("-P", "you@example.net", stdin=message("1@x"))
            yield from fault_of(result, 78)
            if b"outbox_report: expected" not in result.stderr:
                yield f"{value}: {result.stderr!r}"


def main():
    tap = Tap()
    for test in (it_tells_what_and_why,
                 each_recipient_has_its_own_status, one_for_each_flush,
                 never_about_a_report, no_time_is_set_for_a_report,
                 off_there_is_none,
                 it_waits_for_a_server_that_is_down,
                 each_account_reports_its_own_to_its_own_address,
                 an_address_is_wanted):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
