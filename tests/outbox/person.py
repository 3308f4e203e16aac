#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person learns of the outbox, and does with it: mailq, --outbox, and
lines on a terminal that nobody else gets."""

import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

# pylint: disable=wrong-import-position
from house import EMPTY, SECONDS, House, Sink, differs, fault_of, message
from tap import Tap


def on_terminal(house, *args, stdin=b""):
    """What a run says on a terminal, and its exit status."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen([os.environ["ONEHOP"], "-C", house.run_.config,
                            *args], env=house.run_.environment, stderr=theirs,
                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    os.close(theirs)
    run.stdin.write(stdin)
    run.stdin.close()
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    return run.wait(timeout=SECONDS), said.decode().replace("\r\n", "\n")


def ids(house):
    return [os.path.basename(path) for path in house.files("new")]


def an_empty_queue():
    with House() as house:
        yield from differs("mailq", house.run("-bp").stdout, EMPTY)
        yield from differs("--json", json.loads(
            house.run("-bp", "--json").stdout), [])
        yield from fault_of(house.flush(), 0)


def a_list_for_people():
    with House() as house:
        house.send("1@x", "-f", "s@example.org", "a@example.net",
                   "b@example.net")
        shown = house.run("-bp").stdout.decode()
        wanted = (rf"{ids(house)[0]}  0\.[3-9] kB  \d+ s ago  "
                  r"<s@example\.org>\n"
                  r"\t1 try, next try with the next onehop -q: cannot connect "
                  r"to 127\.0\.0\.1:1: connection refused \(127\.0\.0\.1\)\n"
                  r"\t<a@example\.net>\n\t<b@example\.net>\n"
                  r"-- 0\.[3-9] kB in 1 message\n")
        if not re.fullmatch(wanted, shown):
            yield f"mailq: {shown}"


def a_list_for_programs():
    with House() as house:
        house.send("1@x", "-f", "", "a@example.net")
        with Sink(lambda verb, *_: b"451 4.3.0 later\r\n"
                  if verb == b"dot" else None) as sink:
            house.lead_to(sink.port)
            house.flush()
        found, = json.loads(house.run("-bp", "--json").stdout)
        for name, wanted in {
                "id": ids(house)[0], "state": "new", "sender": "",
                "recipients": ["a@example.net"], "tries": 2,
                "message_id": "<1@x>", "account": "default",
                "damaged": False, "outbox": house.outbox}.items():
            yield from differs(name, found[name], wanted)
        if not found["reason"].endswith("451 4.3.0 later"):
            yield f"reason: {found['reason']}"
        if not found["next_try"] > found["queued"] + 200:
            yield f"next_try: {found}"


def show_retry_remove():
    with House() as house:
        house.send("1@x")
        house.send("2@x")
        first, second = sorted(ids(house), key=lambda name: b"<1@x>" not in
                               open(f"{house.outbox}/new/{name}",
                                    "rb").read())
        shown = house.run("--outbox", "show", first[-9:])
        yield from fault_of(shown, 0)
        if not shown.stdout.startswith(b"account default\nenvelope from <"):
            yield f"show: {shown.stdout!r}"
        if not shown.stdout.endswith(b"\n\n" + message("1@x").replace(
                b"\n", b"\r\n")):
            yield f"show: {shown.stdout!r}"
        yield from fault_of(house.run("--outbox", "remove", first), 0)
        yield from differs("left", ids(house), [second])
        journals = os.listdir(os.path.join(house.outbox, "journal"))
        yield from differs("journals", journals, [])


def what_was_given_up():
    with House() as house:
        house.send("1@x")
        with Sink(lambda verb, *_: b"550 5.1.1 nobody\r\n"
                  if verb == b"RCPT" else None) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
        shown = house.run("-bp").stdout
        yield from differs("mailq", shown, b"-- 1 given up: onehop "
                           b"--outbox list\n" + EMPTY)
        shown = house.run("--outbox", "list").stdout.decode()
        if "given up: " not in shown or "550 5.1.1 nobody" not in shown:
            yield f"--outbox list: {shown}"
        found, = json.loads(house.run("--outbox", "list", "--json").stdout)
        yield from differs("state", found["state"], "failed")
        yield from fault_of(house.run("--outbox", "retry", found["id"]), 0)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})


def wrong_words():
    with House() as house:
        house.send("1@x")
        house.send("2@x")
        for args, status, words in [
                (("show",), 64, b"expected the ID of a message"),
                (("remove", "nonsense"), 66, b"no message nonsense"),
                (("remove", ids(house)[0][:4]), 64, b"more than one message"),
                (("remove", "2"), 64, b"at least 4 characters")]:
            result = house.run("--outbox", *args)
            yield from fault_of(result, status)
            if words not in result.stderr:
                yield f"{args}: {result.stderr!r}"
        yield from differs("messages", len(ids(house)), 2)


def the_key_has_its_option():
    with House() as house:
        other = os.path.join(house.home, "other")
        house.send("1@x", f"--outbox={other}", "you@example.net")
        yield from differs("new", ids(house), [])
        yield from differs("other", len(os.listdir(f"{other}/new")), 1)
        result = house.send("2@x", "--outbox=off", "you@example.net")
        yield from fault_of(result, 75)
        result = house.send("3@x", "--outbox=relative", "you@example.net")
        yield from fault_of(result, 64)
        if b"absolute path" not in result.stderr:
            yield f"{result.stderr!r}"


def the_command_line_names_an_outbox():
    with House() as house:
        option = f"--outbox={os.path.join(house.home, 'other')}"
        yield from fault_of(house.send("1@x", option, "you@example.net"), 0)
        if b" in 1 message" not in house.run("-bp", option).stdout:
            yield "mailq does not look there"
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.run("-q", option), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})


def where_others_can_rename_it_nothing_is_queued():
    """Nor sent, as with --all-users; what is there can be read."""
    with House() as house:
        shared = os.path.join(house.home, "shared")
        os.mkdir(shared)
        option = f"--outbox={shared}/box"
        yield from fault_of(house.send("1@x", option, "you@example.net"), 0)
        os.chmod(shared, 0o777)
        for args in (("-i", option, "you@example.net"), ("-q", option)):
            result = house.run(*args, stdin=message("2@x")
                               if "-i" in args else b"")
            yield from fault_of(result, 78)
            if b"users can replace each other's directories in " not in \
                    result.stderr:
                yield f"{args}: {result.stderr!r}"
        yield from differs("new", len(os.listdir(f"{shared}/box/new")), 1)
        result = house.run("-bp", option)
        yield from fault_of(result, 0)
        if b" in 1 message" not in result.stdout:
            yield f"mailq: {result.stdout!r}"


def a_flush_takes_no_message():
    with House() as house:
        result = house.run("-q", "you@example.net", stdin=message("1@x"))
        yield from fault_of(result, 64)
        result = house.run("--outbox", "bogus", stdin=message("1@x"))
        yield from fault_of(result, 64)
        if b"list, show, retry, remove, enable, status, on, off, first" \
                not in result.stderr:
            yield f"stderr: {result.stderr!r}"


def who_ends_a_run_may_want_it_sent_later():
    """TERM does, ^C does not."""
    for number, status, queued in ((signal.SIGTERM, 0, 1),
                                   (signal.SIGINT, -signal.SIGINT, 0)):
        with House() as house, socket.create_server(
                ("127.0.0.1", 0)) as server:
            house.lead_to(server.getsockname()[1])
            house.run_.start(["-i", "you@example.net"], b"")
            run = house.run_.process
            run.stdin.write(message("1@x"))
            run.stdin.close()
            run.stdin = house.run_.stdin = None
            connection, _ = server.accept()
            run.send_signal(number)
            result = house.run_.finish(SECONDS)
            connection.close()
            yield from fault_of(result, status)
            yield from differs(f"{number.name}: new", len(ids(house)), queued)


def the_next_try_is_known_before_the_first():
    with House() as house, Sink(lambda verb, *_: b"451 later\r\n"
                                if verb == b"RCPT" else None) as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.send("1@x"), 0)
        for _ in range(2):
            found, = json.loads(house.run("-bp", "--json").stdout)
            if not found["next_try"] > found["queued"] + 200:
                yield f"next_try: {found}"
            house.flush()


def a_client_of_bs_is_told():
    dialogue = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n"
                b"RCPT TO:<you@example.net>\r\nDATA\r\n%s.\r\nQUIT\r\n"
                % message("1@x").replace(b"\n", b"\r\n"))
    with House() as house:
        result = house.run("-bs", stdin=dialogue)
        yield from fault_of(result, 0)
        replies = result.stdout.split(b"\r\n")
        if not replies[-3].startswith(b"250 2.0.0 Ok: queued as "):
            yield f"replies: {replies}"
        yield from differs("new", len(ids(house)), 1)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})


def a_terminal_is_told():
    with House() as house:
        status, said = on_terminal(house, "you@example.net",
                                   stdin=message("1@x"))
        yield from differs("exit status", status, 0)
        if not re.fullmatch(r"onehop: queued as \S+: cannot connect .*\n",
                            said):
            yield f"queued: {said}"
        yield from differs("elsewhere", house.send("2@x").stderr, b"")


def a_terminal_is_reminded_once():
    with House() as house:
        house.send("1@x")
        status, said = on_terminal(house, "-q")
        if status or not re.fullmatch(
                r"onehop: 0 sent, 1 waiting, 0 given up: cannot connect to "
                r"127\.0\.0\.1:1: .*\n", said):
            yield f"flush: {status}, {said}"
        with Sink(lambda verb, *_: b"554 5.6.0 no\r\n"
                  if verb == b"MAIL" else None) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from differs("elsewhere", house.send("2@x").stderr, b"")
            wanted = ("onehop: 1 message could not be delivered: see onehop "
                      "--outbox list\n")
            status, said = on_terminal(house, "-q")
            yield from differs("flush", (status, said.split("\n")[0]), (
                69, "onehop: 0 sent, 0 waiting, 0 given up"))
            for i, words in enumerate((wanted, "")):
                status, said = on_terminal(house, "you@example.net",
                                           stdin=message(f"{i}.3@x"))
                yield from differs(f"run {i}", (status, said), (0, words))
            # the clock was ahead when it was told
            ahead = time.time() + 10 * 365 * 24 * 3600
            os.utime(f"{house.outbox}/journal/told", (ahead, ahead))
            for i, words in enumerate((wanted, "")):
                status, said = on_terminal(house, "you@example.net",
                                           stdin=message(f"{i}.4@x"))
                yield from differs(f"then {i}", (status, said), (0, words))


def what_was_given_up_is_told_until_it_is_seen():
    """Twelve messages: ten names and a number."""
    for verb in ("list", "show"):
        with House() as house:
            for i in range(12):
                house.send(f"{i}@x")
            with Sink(lambda verb, *_: b"550 5.1.1 nobody\r\n"
                      if verb == b"RCPT" else None) as sink:
                house.lead_to(sink.port)
                yield from fault_of(house.flush(), 69)
            for _ in range(2):
                result = house.flush()
                yield from fault_of(result, 69)
                if b"12 messages given up" not in result.stderr or \
                        b" and 2 more" not in result.stderr or \
                        result.stderr.count(b"Z-") != 10:
                    yield f"stderr: {result.stderr!r}"
            names = [os.path.basename(path) for path in house.files("failed")]
            if verb == "show":
                house.run("--outbox", verb, *names[1:])
                result = house.flush()
                yield from fault_of(result, 69)
                if b"1 message given up: " + names[0].encode() not in \
                        result.stderr:
                    yield f"stderr: {result.stderr!r}"
                house.run("--outbox", verb, names[0])
            else:
                house.run("--outbox", verb)
            yield from fault_of(house.flush(), 0)
            # what is given up again is news
            house.run("--outbox", "retry", names[2])
            with Sink(lambda verb, *_: b"550 5.1.1 nobody\r\n"
                      if verb == b"RCPT" else None) as sink:
                house.lead_to(sink.port)
                yield from fault_of(house.flush(), 69)
            result = house.flush()
            yield from fault_of(result, 69)
            if b"1 message given up: " + names[2].encode() not in \
                    result.stderr:
                yield f"again: {result.stderr!r}"


def what_could_not_be_written_is_not_seen():
    """Nor all of a long list of which the end could be."""
    with House() as house:
        house.send("1@x", body=b"x" * 100)
        path, = house.files("new")
        with open(path, "rb") as file:
            whole = file.read()
        for i in range(700):  # more than the 64 KiB that are written at once
            name = os.path.join(house.outbox, "failed",
                                "20261123T125500Z-%016x" % i)
            with open(name, "wb") as file:
                file.write(whole)
        for where in (">/dev/full", ">&-", "the beginning only"):
            if where.startswith(">"):
                status = subprocess.run(
                    ["sh", "-c", f'exec "$0" -C "$1" --outbox list {where}',
                     os.environ["ONEHOP"], house.run_.config],
                    env=house.run_.environment, capture_output=True,
                    check=False).returncode
            elif shutil.which("strace") is not None:
                status = house.run("--outbox", "list", wrapper=[
                    "strace", "-f", "-o", os.devnull, "-e", "trace=write",
                    "-e", "inject=write:error=ENOSPC:when=1"]).status
            yield from differs(where, status, 74)
            result = house.flush()
            yield from fault_of(result, 69)
            if b"700 messages given up" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
        yield from fault_of(house.run("--outbox", "list", "--json"), 0)
        yield from fault_of(house.flush(), 0)


def the_log_reminds_until_it_is_seen():
    with House("logfile on") as house:
        log = os.path.join(os.path.dirname(house.outbox), "log")
        house.send("1@x")
        with Sink(lambda verb, *_: b"550 5.1.1 nobody\r\n"
                  if verb == b"RCPT" else None) as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 69)
        with Sink() as sink:
            house.lead_to(sink.port)
            for i, reminders in enumerate((1, 2, 2)):
                if i == 2:
                    house.run("--outbox", "list")
                yield from fault_of(house.send(f"{i}.2@x"), 0)
                with open(log, encoding="ascii") as file:
                    found = file.read().count("1 message given up: see")
                yield from differs("reminders", found, reminders)


def one_that_waits_for_long():
    for config, status in (((), 75), (("outbox_patience off",), 0)):
        with House(*config) as house:
            house.send("1@x")
            yield from fault_of(house.flush(), 0)
            house.age(house.files("new")[0], 5 * 3600)
            result = house.flush()
            yield from fault_of(result, status)
            if status and not re.search(
                    rb"the oldest for 5 hours: \S+: cannot connect to",
                    result.stderr):
                yield f"stderr: {result.stderr!r}"


def one_that_was_deferred_for_long():
    """The reminder has the server's words of the last try."""
    with House() as house, Sink(
            lambda verb, *_: b"451 4.7.1 greylisted\r\n" if verb == b"RCPT"
            else None) as sink:
        house.lead_to(sink.port)
        house.send("1@x")
        house.age(house.files("new")[0], 5 * 3600)
        result = house.flush()
        yield from fault_of(result, 75)
        if not re.search(rb"the oldest for 5 hours: .*greylisted",
                         result.stderr):
            yield f"stderr: {result.stderr!r}"


def pauses_can_be_ended():
    """-qf ignores them, retry all ends them."""
    for args in (["-qf"], ["--outbox", "retry", "all"]):
        with House() as house, Sink(
                lambda verb, _, sink: b"451 later\r\n" if verb == b"RCPT" and
                not sink.hang_up else None) as sink:
            house.lead_to(sink.port)
            for i in range(3):
                house.send(f"{i}@x")
            house.flush()
            yield from differs("copies", sink.count(), {})
            sink.hang_up = True
            yield from fault_of(house.run(*args), 0)
            if args[0] != "-qf":
                yield from fault_of(house.flush(), 0)
            while house.files("new"):
                yield from fault_of(house.run("-qf"), 0)
            yield from differs("copies", sink.count(),
                               {f"{i}@x": 1 for i in range(3)})


def an_outbox_once_used_is_found():
    """The key names another one, or the config cannot be read."""
    with House() as house:
        other = os.path.join(house.home, "other")
        house.send("1@x", f"--outbox={other}", "you@example.net")
        if b" in 1 message" not in house.run("-bp").stdout:
            yield "mailq does not know it"
        house.lead_to(1, "nonsense yes")
        for args in (["-bp"], ["-q"], ["--outbox", "list"]):
            result = house.run(*args)
            yield from fault_of(result, 78)
            if b"nonsense" not in result.stderr or EMPTY in result.stdout:
                yield f"{args}: {result}"
        with Sink() as sink:
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
            yield from differs("copies", sink.count(), {"1@x": 1})


def main():
    tap = Tap()
    for test in (an_empty_queue, a_list_for_people, a_list_for_programs,
                 show_retry_remove, what_was_given_up, wrong_words,
                 the_key_has_its_option, the_command_line_names_an_outbox,
                 where_others_can_rename_it_nothing_is_queued,
                 a_flush_takes_no_message, a_client_of_bs_is_told,
                 who_ends_a_run_may_want_it_sent_later,
                 the_next_try_is_known_before_the_first,
                 a_terminal_is_told, a_terminal_is_reminded_once,
                 what_was_given_up_is_told_until_it_is_seen,
                 what_could_not_be_written_is_not_seen,
                 the_log_reminds_until_it_is_seen,
                 one_that_waits_for_long, one_that_was_deferred_for_long,
                 pauses_can_be_ended,
                 an_outbox_once_used_is_found):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
