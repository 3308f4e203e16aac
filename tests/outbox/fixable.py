#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble that the owner of the outbox can fix: the message is kept, and told
of until it is fixed."""

import os
import sys
import time

# pylint: disable=wrong-import-position
from fate import not_injected
from house import House, Sink, differs, fault_of, message
from tap import Tap

PASSWORD = ("auth plain", "user me")

# The config that cannot be used, and what is said of it.
SLIPS = {
    "an unknown key": (["hots x"], b'unknown key "hots"'),
    "a value out of range": (["timeout abc"], b"timeout: expected"),
    "a command that fails": (["eval exit 3"], b"exit status 3"),
    "no host": (["host"], b"host"),
    "keys that do not fit together": (
        ["tls_starttls on", "protocol lmtp", "host srv:example.org"], b""),
}


def offers_auth(verb, *_):
    return b"250-sink\r\n250 AUTH PLAIN\r\n" if verb == b"EHLO" else None


def a_slip_in_the_file_queues():
    for name, (lines, words) in SLIPS.items():
        with House() as house, Sink() as sink:
            house.lead_to(sink.port, *lines)
            result = house.send("1@x")
            yield from fault_of(result, 0)
            if not result.stderr.startswith(b"onehop: queued as ") or \
                    words not in result.stderr:
                yield f"{name}: {result.stderr!r}"
            for _ in range(2):
                result = house.flush()
                yield from fault_of(result, 78)
                if words not in result.stderr or \
                        b"hint: fix the configuration" not in result.stderr:
                    yield f"{name}: {result.stderr!r}"
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs(f"{name}: copies", sink.count(), {"1@x": 1})


def a_client_of_bs_is_promised_that_too():
    dialogue = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n"
                b"RCPT TO:<you@example.net>\r\nDATA\r\n%s.\r\nQUIT\r\n"
                % message("1@x").replace(b"\n", b"\r\n"))
    with House() as house, Sink() as sink:
        house.lead_to(sink.port, "hots x")
        result = house.run("-bs", stdin=dialogue)
        if b"\r\n250 2.0.0 Ok: queued as " not in result.stdout:
            yield f"replies: {result.stdout!r}"
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def a_file_that_names_no_outbox_is_an_error():
    """Nor a command line that is wrong."""
    with House() as house:
        for args, lines, status in (
                ((), ["outbox off", "hots x"], 78),
                (("-a", "none"), [], 78),
                (("--port=99999",), [], 64)):
            house.lead_to(1, *lines)
            yield from fault_of(house.send("1@x", *args, "you@example.net"),
                                status)
        yield from differs("new", house.files("new"), [])


def a_slip_about_the_message_is_an_error():
    """It would be queued for another server, sender or recipient, or with
    another header, than the repaired file says."""
    for line in ("acount work", "account", "acct work", "frm x@example.org",
                 "undisclosed_recipients yes", "keepbcc 1",
                 "aliasses /x", "local_domain lan",
                 "set_to_header undisclosed", "set_from_header yes",
                 "allow_from_override of", "auto_from yes",
                 "remove_bcc_header off", "include /nowhere/config"):
        with House() as house:
            house.lead_to(1, line)
            result = house.send("1@x")
            yield from fault_of(result, 78)
            if b"queued" in result.stderr or house.files("new"):
                yield f"{line}: {result.stderr!r}"


def a_file_that_cannot_be_read_is_an_error():
    """What it says of the message is not known."""
    with House() as house:
        house.lead_to(1)
        os.chmod(house.run_.config, 0o666)
        yield from fault_of(house.send("1@x"), 78)
        yield from differs("new", house.files("new"), [])


def a_command_may_ask_for_another_try():
    """Exit status 75: with an outbox the message is queued, without it is
    the status of the run."""
    for outbox, status in (("on", 0), ("off", 75)):
        with House(*PASSWORD, "passwordeval exit 75",
                   f"outbox {outbox}") as house, Sink(offers_auth) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.send("1@x"), status)
            yield from differs("new", len(house.files("new")),
                               int(outbox == "on"))
            yield from fault_of(house.flush(), 0)


def each_flush_names_account_and_remedy():
    """A password that cannot be had, or is refused."""
    def refuses(verb, *_):
        return b"535 5.7.8 no\r\n" if verb == b"AUTH" else \
            offers_auth(verb)

    for lines, answer, status, words in (
            (["passwordeval exit 1"], offers_auth, 78, b"exit status 1"),
            (["passwordeval echo x"], refuses, 77, b"535 5.7.8")):
        with House(*PASSWORD, *lines) as house, Sink(answer) as sink:
            house.lead_to(sink.port)
            result = house.send("1@x")
            yield from fault_of(result, 0)
            if words not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            for _ in range(3):
                result = house.flush()
                yield from fault_of(result, status)
                for part in (b'account "default"', words, b"hint: "):
                    if part not in result.stderr:
                        yield f"lacks {part!r}: {result.stderr!r}"


def an_edited_file_ends_the_pause():
    """After a refused login; the fix need not wait for an hour."""
    right = []

    def refuses(verb, *_):
        if verb == b"AUTH" and not right:
            return b"535 5.7.8 no\r\n"
        return b"235 2.7.0 yes\r\n" if verb == b"AUTH" else \
            offers_auth(verb)

    with House(*PASSWORD, "password x") as house, Sink(refuses) as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.send("1@x"), 0)
        yield from fault_of(house.flush(), 77)
        right.append(True)
        tried = sink.connections
        yield from fault_of(house.flush(), 77)
        yield from differs("connections", sink.connections, tried)
        later = time.time() + 2
        os.utime(house.run_.config, (later, later))
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def a_backup_of_hard_links_does_no_harm():
    """As rsnapshot makes it: cp -al."""
    with House() as house:
        house.send("1@x")
        path, = house.files("new")
        os.link(path, os.path.join(house.home, "monday"))
        os.link(path, os.path.join(house.home, "tuesday"))
        if b"cannot connect" not in house.run("-bp").stdout:
            yield "mailq does not read it"
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})
        yield from differs("new", house.files("new"), [])


def told(result, lines, *words):
    """What is wrong with a flush that has that many lines to tell."""
    yield from fault_of(result, 75)
    yield from differs("lines", result.stderr.count(b"\n"), lines)
    for word in words:
        if word not in result.stderr:
            yield f"{word!r} is not in {result.stderr!r}"


def what_cannot_be_opened_is_named():
    """A loop, a journal that is none, and more than are named; due or not."""
    with House() as house:
        for i in range(5):
            house.send(f"{i}@x")
        paths = house.files("new")
        names = [os.path.basename(path).encode() for path in paths]
        for path in paths[:1]:
            os.unlink(path)
            os.symlink("loop", path)
        os.mkdir(os.path.join(house.outbox, "journal", names[1].decode()))
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from told(
                house.flush(), 2, b"message %s is held: outbox: cannot open "
                % names[0], b"message %s is held: outbox: cannot read the "
                b"journal of " % names[1])
            yield from differs("copies", len(sink.copies), 3)
            for name in names[2:]:
                os.symlink("loop", os.path.join(house.outbox, "new",
                                                name.decode()))
            result = house.flush()
            yield from told(result, 5, b"5 messages cannot be opened",
                            b"hint: see onehop --outbox list")
            with open(os.path.join(house.outbox, "journal",
                                   names[0].decode()), "wb") as file:
                file.write(b"deferred %d %d later\n"
                           % (time.time(), time.time() + 3600))
            yield from told(house.flush(), 5, names[0])


def what_could_not_be_opened_at_first_is_named():
    """It is read at the second call, but its account is not known."""
    with House() as house:
        house.send("1@x")
        name = os.path.basename(house.files("new")[0])
        with Sink() as sink:
            house.lead_to(sink.port)
            trace = os.path.join(house.home, "trace")
            result = house.flush([
                "strace", "-f", "-o", trace, "-P", name, "-e", "trace=openat",
                "-e", "inject=openat:error=EMFILE:when=1"])
            yield from not_injected(trace)
            yield from told(result, 1, name.encode(), b"Too many open files")
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})


def without_a_lock_nothing_is_sent_and_that_is_told():
    """One of two accounts can make none."""
    with House("account other : default",
               "from other@example.org") as house:
        house.send("1@x")
        house.send("2@x", "-a", "other", "you@example.net")
        with Sink() as sink:
            house.lead_to(sink.port)
            trace = os.path.join(house.home, "trace")
            wrapper = ["strace", "-f", "-o", trace, "-e", "trace=flock", "-e",
                       "inject=flock:error=EIO:when="]
            for when in ("2", "2+"):
                result = house.flush(wrapper[:-1] + [wrapper[-1] + when])
                yield from not_injected(trace)
                yield from told(result, 1, b"outbox: cannot lock ", b"/site-")
                yield from differs("copies", len(sink.copies), 1)


def main():
    tap = Tap()
    for test in (a_slip_in_the_file_queues,
                 a_client_of_bs_is_promised_that_too,
                 a_file_that_names_no_outbox_is_an_error,
                 a_slip_about_the_message_is_an_error,
                 a_file_that_cannot_be_read_is_an_error,
                 a_command_may_ask_for_another_try,
                 each_flush_names_account_and_remedy,
                 an_edited_file_ends_the_pause,
                 a_backup_of_hard_links_does_no_harm,
                 what_cannot_be_opened_is_named,
                 what_could_not_be_opened_at_first_is_named,
                 without_a_lock_nothing_is_sent_and_that_is_told):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
