#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of queued messages, and of the outbox around them."""

import json
import os
import re
import subprocess
import sys
import threading
import time

# pylint: disable=wrong-import-position
from house import (SECONDS, House, Sink, differs, fault_of,
                   make_due, message, rewrite, run_if_possible)
from tap import Tap

THREE = ("good@example.net", "later@example.net", "never@example.net")


def three_verdicts(verb, line, _):
    """One recipient is accepted, one put off, one refused."""
    if verb == b"RCPT" and b"later@" in line:
        return b"451 4.2.1 later\r\n"
    if verb == b"RCPT" and b"never@" in line:
        return b"550 5.1.1 never\r\n"
    return None


def recipients(house, *place):
    """Those of all messages in the list."""
    return sorted(
        tuple(found["recipients"]) for found in json.loads(
            house.run("--outbox", "list", "--json").stdout)
        if found["state"] in place)


def a_part_stays_behind():
    """The first attempt: accepted, queued and refused at once."""
    with House("partial_delivery on") as house, Sink(three_verdicts) as sink:
        house.lead_to(sink.port)
        result = house.send("1@x", *THREE)
        yield from fault_of(result, 67)
        for words in (b"550 5.1.1 never", b"queued for 1 recipient as"):
            if words not in result.stderr:
                yield f"stderr lacks {words!r}: {result.stderr!r}"
        yield from differs("queued", recipients(house, "new"), [(THREE[1],)])
        yield from differs("accepted", sink.copies[0].recipients,
                           [THREE[0].encode()])


def a_flush_divides_a_message():
    with House("partial_delivery on") as house:
        yield from fault_of(house.send("1@x", *THREE), 0)
        with Sink(three_verdicts) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
            yield from differs("copies", sink.count(), {"1@x": 1})
            yield from differs("accepted", sink.copies[0].recipients,
                               [THREE[0].encode()])
        yield from differs("new", recipients(house, "new"), [(THREE[1],)])
        yield from differs("failed", recipients(house, "failed"), [])
        name = os.path.basename(house.files("new")[0])
        yield from fault_of(house.run("--outbox", "retry", name), 0)
        with Sink() as sink:
            house.lead_to(sink.port)
            result = house.flush()
            yield from fault_of(result, 69)
            if b"550 5.1.1 never" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("accepted later", sink.copies[0].recipients,
                               [THREE[1].encode()])
        yield from differs("new", house.files("new"), [])
        yield from differs("failed", recipients(house, "failed"),
                           [(THREE[2],)])
        yield from fault_of(house.run("--outbox", "retry", name), 0)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("accepted last", sink.copies[0].recipients,
                               [THREE[2].encode()])
        yield from differs("failed", house.files("failed"), [])


def an_unknown_outcome_is_tried_twice_more():
    """The smarthost takes each copy and hangs up without a word."""
    with House() as house, Sink(
            lambda verb, *_: b"" if verb == b"dot" else None) as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.send("1@x"), 0)
        yield from differs("copies", len(sink.copies), 1)
        for copies, status in ((2, 0), (3, 69)):
            make_due(house, house.files("new")[0])
            result = house.flush()
            yield from fault_of(result, status)
            yield from differs("copies", len(sink.copies), copies)
        yield from differs("new", house.files("new"), [])
        yield from differs("failed", len(house.files("failed")), 1)


def what_crashes_us_is_put_aside():
    """As three killed runs would have left it."""
    with House() as house:
        house.send("bad@x")
        bad = os.path.basename(house.files("new")[0])
        with open(os.path.join(house.outbox, "journal", bad), "wb") as file:
            file.write(b"reading 1\nreading 2\nreading 3\n")
        house.send("good@x")
        with Sink() as sink:
            house.lead_to(sink.port)
            result = house.flush()
            yield from fault_of(result, 69)
            if b"crashed onehop three times" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            yield from differs("copies", sink.count(), {"good@x": 1})
        yield from differs("failed", [os.path.basename(path) for path in
                                      house.files("failed")], [bad])


def without_a_deadline_a_session_takes_all():
    with House("deadline off") as house, Sink() as sink:
        for name in ("1@x", "2@x"):
            yield from fault_of(house.send(name), 0)
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1, "2@x": 1})
        yield from differs("connections", sink.connections, 1)


def accounts_have_one_session_each():
    """Their messages were queued in turns."""
    with House("account other : default", "from other@example.org") as house:
        for i in range(4):
            house.send(f"{i}@x", "-a", ("default", "other")[i % 2],
                       "you@example.net")
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(),
                               {f"{i}@x": 1 for i in range(4)})
            yield from differs("connections", sink.connections, 2)


def a_success_flushes_behind_its_back():
    with House() as house:
        house.send("1@x")
        with Sink() as sink:
            house.lead_to(sink.port)
            result = house.send("2@x")
            yield from fault_of(result, 0)
            until = time.monotonic() + SECONDS
            while house.files("new") and time.monotonic() < until:
                time.sleep(0.05)
            yield from differs("copies", sink.count(), {"1@x": 1, "2@x": 1})


def trouble_behind_a_success_is_no_matter():
    """The queued message is refused for good; the run's own is not."""
    with House() as house:
        house.send("bad@x")
        with Sink(lambda verb, line, _: b"554 no\r\n" if verb == b"dot" and
                  b"bad@x" in line else None) as sink:
            house.lead_to(sink.port)
            result = house.send("good@x")
            yield from differs("run", (result.status, result.stderr),
                               (0, b""))
            until = time.monotonic() + SECONDS
            while not house.files("failed") and time.monotonic() < until:
                time.sleep(0.05)
        yield from differs("failed", len(house.files("failed")), 1)


def a_home_that_cannot_be_written():
    for error, call in (("EROFS", "mkdirat"), ("EACCES", "mkdirat"),
                        ("EROFS", "openat")):
        with House() as house:
            if call == "openat":  # the directory is there
                house.send("0@x")
            trace = os.path.join(house.home, "trace")
            result = house.send("1@x", wrapper=[
                "strace", "-o", trace, "-e", f"trace={call}", "-e",
                f"inject={call}:error={error}:when=1+", *only_creating(
                    house, call)])
            yield from fault_of(result, 75)
            yield from not_injected(trace)
            if b"not queued" not in result.stderr:
                yield f"{error}: {result.stderr!r}"


def not_injected(trace):
    """A fault if strace made no call fail."""
    with open(trace, "rb") as file:
        text = file.read()
    if b"(INJECTED)" not in text:
        yield f"strace made no call fail: {text!r}"


def only_creating(house, call):
    """-P limits what is made to fail to the directory of new messages."""
    return ["-P", os.path.join(house.outbox, "new")] if call == "openat" \
        else []


def foreign_files_are_left_alone():
    with House() as house:
        house.send("1@x")
        new = os.path.join(house.outbox, "new")
        for name in ("README", ".hidden", "20261123T125500Z-short"):
            with open(os.path.join(new, name), "wb") as file:
                file.write(message("forged@x"))
        os.mkdir(os.path.join(new, "directory"))
        before = sorted(os.listdir(new))
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})
        yield from differs("left", len(os.listdir(new)), len(before) - 1)


def what_cannot_be_read_again_is_not_queued():
    with House() as house:
        result = house.send("1@x", "--passwordeval=echo\tx",
                            "you@example.net")
        yield from fault_of(result, 75)
        if b"not queued" not in result.stderr:
            yield f"stderr: {result.stderr!r}"
        yield from differs("new", house.files("new"), [])
        # a Message-ID is no reason: it is for the log
        result = house.run("-i", "you@example.net", stdin=message(
            "2@x").replace(b"<2@x>", b"<2@x>\n\t(a\tcomment)"))
        yield from fault_of(result, 0)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"2@x": 1})


def a_full_disk_sends_nothing_twice():
    """The journal has no room for "accepted"."""
    with House() as house:
        house.send("1@x")
        with Sink() as sink:
            house.lead_to(sink.port)
            # reading, trying, ending
            trace = os.path.join(house.home, "trace")
            house.flush(["strace", "-o", trace, "-e", "trace=write",
                         "-e", "inject=write:error=ENOSPC:when=4+"])
            yield from not_injected(trace)
            yield from differs("copies", sink.count(), {"1@x": 1})
            house.flush()
            yield from differs("copies", sink.count(), {"1@x": 1})
        yield from differs("new", house.files("new"), [])


def who_has_it_does_not_get_it_again():
    """LMTP: the connection is lost between the replies of two."""
    def answer(verb, _, sink):
        if verb == b"LHLO":
            return b"250 lmtp\r\n"
        if verb == b"dot":
            return b"250 for the first\r\n452-for the second"
        return None

    with House("protocol lmtp") as house, Sink(answer) as sink:
        sink.hang_up = True
        house.lead_to(sink.port)
        result = house.send("1@x", "one@example.net", "two@example.net")
        yield from fault_of(result, 0)
        yield from differs("queued", recipients(house, "new"),
                           [("two@example.net",)])


def one_that_is_hung_up_on_blocks_no_other():
    """At its MAIL, again and again."""
    with House() as house:
        house.send("bad@x", "-f", "bad@example.org", "you@example.net")
        house.send("good@x")
        with Sink(lambda verb, line, _: b"" if verb == b"MAIL" and
                  b"bad@" in line else None) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"good@x": 1})
        if b"deferred" not in house.journal(house.files("new")[0]):
            yield "the try was not counted"


def a_wrong_clock_at_queueing_delays_nothing():
    with House() as house, Sink(
            lambda verb, *_: b"451 later\r\n" if verb == b"dot" and
            not hasattr(house, "later") else None) as sink:
        house.lead_to(sink.port)
        house.send("1@x")
        path, = house.files("new")
        rewrite(path, lambda text: re.sub(
            rb"due \d{10}", b"due 2222222222", text))
        house.later = True
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def a_leftover_stops_no_rewriting():
    with House("partial_delivery on") as house:
        house.send("1@x", *THREE[:2])
        path, = house.files("new")
        with open(os.path.join(os.path.dirname(path), ".unfinished-" +
                               os.path.basename(path)), "wb"):
            pass
        with Sink(three_verdicts) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})
        yield from differs("new", recipients(house, "new"), [(THREE[1],)])


def the_deadline_is_of_one_message():
    """Five messages take two seconds each, the deadline is five."""
    def slow(verb, *_):
        if verb == b"dot":
            time.sleep(2)

    with House("deadline 5") as house, Sink(slow) as sink:
        for i in range(5):
            house.send(f"{i}@x")
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(),
                           {f"{i}@x": 1 for i in range(5)})
        yield from differs("new", house.files("new"), [])


def a_refusal_is_not_forgotten():
    """One recipient is refused, then nobody knows about the other."""
    def answer(verb, line, _):
        if verb == b"RCPT" and b"never@" in line:
            return b"550 5.1.1 never\r\n"
        return b"" if verb == b"dot" else None

    with House("partial_delivery on") as house, Sink(answer) as sink:
        house.lead_to(sink.port)
        result = house.send("1@x", THREE[0], THREE[2])
        yield from fault_of(result, 67)
        for words in (b"550 5.1.1 never", b"queued for 1 recipient as"):
            if words not in result.stderr:
                yield f"stderr lacks {words!r}: {result.stderr!r}"
        yield from differs("queued", recipients(house, "new"), [(THREE[0],)])


def one_put_off_is_kept():
    """One recipient is put off, the other is refused."""
    def answer(verb, line, _):
        if verb == b"DATA":
            return b"554 5.5.1 no valid recipients\r\n"
        if verb == b"RCPT":
            return b"450 4.2.1 later\r\n" if b"later@" in line \
                else b"550 5.1.1 never\r\n"
        return None

    with House("partial_delivery on") as house, Sink(answer) as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.send("1@x", *THREE[1:]), 67)
        yield from fault_of(house.send("2@x", THREE[1]), 0)
        yield from differs("queued", recipients(house, "new"),
                           [(THREE[1],), (THREE[1],)])
        for path in house.files("new"):
            make_due(house, path)
        yield from fault_of(house.flush(), 0)
        yield from differs("still queued", recipients(house, "new"),
                           [(THREE[1],), (THREE[1],)])


def killed_while_it_was_sent():
    """As five killed runs would have left it: no fault of the message."""
    with House() as house:
        house.send("1@x")
        name = os.path.basename(house.files("new")[0])
        with open(os.path.join(house.outbox, "journal", name), "wb") as file:
            file.write(b"reading 1\ntrying 1\n" * 5)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})


def what_the_user_can_fix_is_kept():
    """A refused login, and a password that cannot be had: one line, even
    without a terminal, until it is fixed."""
    def answer(verb, _, sink):
        if verb == b"EHLO":
            return b"250-sink\r\n250 AUTH PLAIN\r\n"
        if verb == b"AUTH" and not sink.hang_up:
            return b"535 5.7.8 no\r\n"
        return b"235 ok\r\n" if verb == b"AUTH" else None

    with Sink(answer) as sink:
        for secret, words, status in (
                ("password x", b"535 5.7.8 no", 77),
                ("passwordeval false", b"command \"false\"", 78)):
            with House("auth plain", "user me", secret) as house:
                house.lead_to(sink.port)
                result = house.send("1@x")
                yield from fault_of(result, 0)
                if not result.stderr.startswith(b"onehop: queued as ") or \
                        words not in result.stderr:
                    yield f"stderr: {result.stderr!r}"
                yield from differs("new", len(house.files("new")), 1)
                for _ in range(2):
                    result = house.flush()
                    yield from fault_of(result, status)
                    if b'account "default": ' not in result.stderr or \
                            b"hint: " not in result.stderr:
                        yield f"flush: {result.stderr!r}"


def an_offline_flush_costs_no_sync():
    with House() as house:
        for i in range(5):
            house.send(f"{i}@x")
        house.flush()
        before = [house.journal(path) for path in house.files("new")]
        trace = os.path.join(house.home, "trace")
        for _ in range(3):
            house.flush(["strace", "-f", "-o", trace, "-e",
                         "trace=fsync,fdatasync"])
            with open(trace, encoding="ascii", errors="replace") as file:
                yield from differs("syncs", file.read().count("sync("), 0)
        yield from differs("journals", [house.journal(path) for path in
                                        house.files("new")], before)


def a_silent_server_delays_its_own_messages():
    """It greets when the message of another account has arrived."""
    arrived = threading.Event()

    def silent(verb, *_):
        if verb == b"greeting" and not arrived.wait(SECONDS / 2):
            return b""
        return None

    def quick(verb, *_):
        if verb == b"dot":
            arrived.set()

    with House() as house, Sink(silent) as slow, Sink(quick) as sink:
        house.extra = ["account other : default", "port 1"]
        house.lead_to(1)
        house.send("slow@x", "-a", "other", "you@example.net")
        house.send("quick@x")
        house.extra = ["account other : default", f"port {slow.port}"]
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("quick", sink.count(), {"quick@x": 1})
        yield from differs("slow", slow.count(), {"slow@x": 1})


def what_no_server_takes_is_refused_at_once():
    """The server is down, but a field is too long for any."""
    with House() as house:
        result = house.run("-i", "you@example.net", stdin=message(
            "1@x").replace(b"\n\n", b"\nX-Long: " + b"y" * 1100 + b"\n\n", 1))
        yield from fault_of(result, 65)
        yield from differs("new", house.files("new"), [])
        yield from fault_of(house.send("2@x", body=b"y" * 1100 + b"\n"), 0)
        yield from differs("new", len(house.files("new")), 1)


def what_every_recipient_refuses_is_not_queued():
    """Even if the code is one that the owner of an account can mend."""
    for verb in (b"RCPT", b"dot"):
        for config in ("partial_delivery on", "protocol lmtp"):
            if verb == b"RCPT" and "lmtp" in config:
                continue
            with House(config) as house, Sink(
                    lambda got, *_: b"535 5.7.8 no\r\n"
                    if got == verb else None,  # pylint: disable=W0640
                    lmtp="lmtp" in config) as sink:
                house.lead_to(sink.port)
                result = house.send("1@x")
                yield from fault_of(result, 77)
                if b"queued" in result.stderr:
                    yield f"{config}: {result.stderr!r}"
                yield from differs(f"{config}: new", house.files("new"), [])


def no_secret_is_written():
    with House("auth plain", "user me", "password hunter-2-hunter",
               "tls_certcheck off") as house:
        house.send("1@x", "--passwordeval=echo other-secret-word",
                   "you@example.net")
        with open(house.files("new")[0], "rb") as file:
            text = file.read()
        if b"hunter-2" in text:
            yield f"the password is in the file: {text!r}"


STRACED = (a_home_that_cannot_be_written, a_full_disk_sends_nothing_twice,
           an_offline_flush_costs_no_sync)


def a_session_that_ends_at_the_dot_is_begun_again():
    """The second message of a session meets 421; the third is not needed."""
    dots = []

    def closing(verb, *_):
        if verb == b"dot":
            dots.append(verb)
            if len(dots) == 2:
                return b"421 4.3.2 enough for one session\r\n"
        return None

    with House() as house:
        log = os.path.join(house.home, "log")
        for name in ("1@x", "2@x"):
            yield from fault_of(house.send(name), 0)
        with Sink(closing) as sink:
            house.lead_to(sink.port, f"logfile {log}")
            yield from fault_of(house.flush(), 0)
            with open(log, encoding="utf-8") as file:
                yield from differs("logged", [
                    " outcome=accepted exit=0 " in line for line in file],
                    [True] * 2)
            yield from differs("copies", sink.count(), {"1@x": 1, "2@x": 1})
            yield from differs("connections", sink.connections, 2)
        with open(os.path.join(house.outbox, "tally"), "rb") as file:
            yield from differs("tally", file.read(), b"0 0\n")


def a_session_is_begun_again_once():
    """The third message has another one, and the fourth is not tried."""
    dots = []

    def closing(verb, *_):
        if verb == b"dot":
            dots.append(verb)
            if len(dots) > 1:
                return b"421 4.3.2 not now\r\n"
        return None

    with House() as house:
        for name in ("1@x", "2@x", "3@x", "4@x"):
            yield from fault_of(house.send(name), 0)
        with Sink(closing) as sink:
            house.lead_to(sink.port)
            result = house.flush()
            yield from fault_of(result, 0)
            yield from differs("stderr", result.stderr, b"")
            yield from differs("copies", sum(sink.count().values()), 1)
            yield from differs("dots", len(dots), 4)
            yield from differs("new", len(house.files("new")), 3)


def a_refused_address_is_asked_for_once():
    """Although the server's 354 has cost the session."""
    asked = []

    def no_user(verb, line, _):
        if verb == b"RCPT" and b"nobody@" in line:
            asked.append(line)
            return b"550 5.1.1 nobody\r\n"
        return None

    with House() as house:
        yield from fault_of(house.send("1@x"), 0)
        time.sleep(1.1)  # the second message of the session is the later one
        yield from fault_of(house.send("2@x", "nobody@example.net"), 0)
        with Sink(no_user) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
            yield from differs("copies", sink.count(), {"1@x": 1})
            yield from differs("RCPT", len(asked), 1)


def refusals_are_noted_ahead_of_the_dot():
    """A crash after the dot must not forget who was refused."""
    seen = []

    def answer(verb, line, _):
        if verb == b"RCPT" and b"never@" in line:
            return b"550 5.1.1 never\r\n"
        if verb == b"dot":
            seen.extend(house.journal(path) for path in house.files("new"))
        return None

    with House("partial_delivery on") as house:
        yield from fault_of(house.send("1@x", *THREE), 0)
        with Sink(answer) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
        if len(seen) != 1 or b"refused" not in seen[0] or \
                b"550 5.1.1 never" not in seen[0]:
            yield f"journal at the dot: {seen}"


def a_recipient_that_rcpt_refuses_stops_the_message():
    """Without partial_delivery, whatever the protocol."""
    for lmtp in (False, True):
        with House(f"protocol {'lmtp' if lmtp else 'smtp'}") as house, \
                Sink(three_verdicts, lmtp=lmtp) as sink:
            house.send("1@x", *THREE)
            house.lead_to(sink.port)
            yield from fault_of(house.send("2@x", *THREE), 67)
            yield from fault_of(house.flush(), 69)
            yield from differs("copies", sink.count(), {})
            yield from differs("recipients", recipients(
                house, "new", "failed"), [THREE])


def the_submitter_is_kept():
    """AUTH= of a client of -bs, or <> for one that it may not name."""
    def takes_auth(verb, line, _):
        if verb == b"MAIL":
            mails.append(line)
        return {b"EHLO": b"250-sink\r\n250 AUTH PLAIN\r\n",
                b"AUTH": b"235 2.7.0 yes\r\n"}.get(verb)

    dialogue = (b"EHLO me\r\nMAIL FROM:<me@example.org> AUTH=%s\r\n"
                b"RCPT TO:<you@example.net>\r\nDATA\r\n%s.\r\nQUIT\r\n")
    content = message("1@x").replace(b"\n", b"\r\n")
    for given in (b"bob+2Bx@example.org", b"<>"):
        mails = []
        with House("auth plain", "user me", "password x") as house, \
                Sink(takes_auth) as sink:
            house.run("-bs", stdin=dialogue % (given, content))
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("MAIL", mails, [
                b"MAIL FROM:<me@example.org> AUTH=%s\r\n" % given])


def main():
    tap = Tap()
    for test in (a_part_stays_behind, a_flush_divides_a_message,
                 an_unknown_outcome_is_tried_twice_more,
                 what_crashes_us_is_put_aside,
                 accounts_have_one_session_each,
                 without_a_deadline_a_session_takes_all,
                 a_success_flushes_behind_its_back,
                 trouble_behind_a_success_is_no_matter,
                 a_home_that_cannot_be_written,
                 foreign_files_are_left_alone,
                 what_cannot_be_read_again_is_not_queued,
                 a_full_disk_sends_nothing_twice,
                 who_has_it_does_not_get_it_again,
                 one_that_is_hung_up_on_blocks_no_other,
                 a_wrong_clock_at_queueing_delays_nothing,
                 a_leftover_stops_no_rewriting, no_secret_is_written,
                 what_no_server_takes_is_refused_at_once,
                 the_deadline_is_of_one_message, a_refusal_is_not_forgotten,
                 one_put_off_is_kept, killed_while_it_was_sent,
                 what_the_user_can_fix_is_kept,
                 what_every_recipient_refuses_is_not_queued,
                 an_offline_flush_costs_no_sync,
                 a_silent_server_delays_its_own_messages,
                 a_session_that_ends_at_the_dot_is_begun_again,
                 a_session_is_begun_again_once,
                 a_refused_address_is_asked_for_once,
                 refusals_are_noted_ahead_of_the_dot,
                 a_recipient_that_rcpt_refuses_stops_the_message,
                 the_submitter_is_kept):
        run_if_possible(tap, test, test in STRACED)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
