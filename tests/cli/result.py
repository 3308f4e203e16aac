#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--json: one object for each run, whatever became of the message."""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
from onehop import PROGRAM, Run
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap

MESSAGE = b"Message-ID: <1@example.org>\nSubject: x\n\nhello\n"
MEMBERS = ["outcome", "exit", "signal", "account", "host", "port", "address",
           "tls", "mechanism", "sender", "recipients", "reply", "queue_id",
           "message_id", "bytes", "milliseconds", "notice", "error", "hint"]


def says(reply, state):
    return lambda host, good: host.say(reply, state)


def submit(faults=None, mode="plain", config=(), args=(),
           to=("you@example.net",), **change):
    """One run with --json against a server with these faults."""
    host = Smarthost(mode)
    host.faults.update(faults or {})
    authority = change.get("authority")
    if authority:
        host.context = authority.context("good")
    with Server(host.serve) as server:
        run = Run([f"account {change.get('account', 'default')}",
                   f"host 127.0.0.1\nport {server.port}",
                   "tls off" if mode == "plain" else "tls on",
                   f"user {USER}\npassword {PASSWORD}\n"
                   "from me@example.org", *config])
        try:
            run.start([*args, "--json", *to],
                      change.get("message", MESSAGE))
            return run.finish(60)
        finally:
            run.clean()


def parse(result):
    """The object on stdout, and what is wrong with how it stands there."""
    text = result.stdout.decode("utf-8")
    facts = json.loads(text)
    if text.count("\n") != 1 or list(facts) != MEMBERS:
        raise ValueError(text)
    if facts["exit"] != max(result.status, 0):
        raise ValueError("exit %d: %s" % (result.status, text))
    return facts


def differences(facts, **wanted):
    for name, value in wanted.items():
        if facts[name] != value:
            yield f"{name} is {facts[name]!r}, not {value!r}"


def tells_all_of_an_accepted_message():
    with tempfile.TemporaryDirectory() as directory:
        authority = certs.Authority(directory)
        result = submit(
            {"dot": says(b"250 2.0.0 Ok: queued as 4bXk2v0Zz9z3\r\n", "dot")},
            "starttls", ["tls_starttls on",
                         f"tls_trust_file {authority.root}",
                         f"tls_host_override {certs.NAME}"],
            ["-a", "work"], authority=authority, account="work")
    facts = parse(result)
    if result.status or result.stderr:
        yield result.stderr
    reply = {"code": 250, "enhanced": "2.0.0",
             "text": "250 2.0.0 Ok: queued as 4bXk2v0Zz9z3"}
    yield from differences(
        facts, outcome="accepted", signal=None, account="work",
        host="127.0.0.1", address="127.0.0.1", tls="TLS1.3",
        mechanism="PLAIN", sender="me@example.org", error=None, hint=None,
        message_id="<1@example.org>", queue_id="4bXk2v0Zz9z3", reply=reply,
        recipients=[{"address": "you@example.net", "code": 250,
                     "enhanced": "2.1.5", "text": "250 2.1.5 ok"}])
    if list(facts["milliseconds"]) != [
            "resolve", "connect", "greeting", "starttls", "ehlo",
            "auth_envelope", "content", "total"]:
        yield facts["milliseconds"]
    if facts["bytes"] <= len(MESSAGE) + 4 or facts["port"] == 0:
        yield facts


def tells_of_a_refused_recipient():
    result = submit({"rcpt": says(b"550 5.1.1 no such user\r\n", "rcpt")})
    facts = parse(result)
    yield from differences(
        facts, outcome="refused", exit=67, reply=None, queue_id=None,
        recipients=[{"address": "you@example.net", "code": 550,
                     "enhanced": "5.1.1", "text": "550 5.1.1 no such user"}])
    if "550 5.1.1 no such user" not in facts["error"]:
        yield facts["error"]
    if b"550 5.1.1 no such user" not in result.stderr:
        yield "stderr does not say why"


def tells_of_a_refused_message():
    facts = parse(submit({"dot": says(b"554 5.7.1 spam\r\n", "dot")}))
    yield from differences(facts, outcome="refused", exit=69, reply={
        "code": 554, "enhanced": "5.7.1", "text": "554 5.7.1 spam"})


def tells_what_time_may_cure():
    facts = parse(submit({"dot": says(b"451 4.3.0 later\r\n", "dot")},
                         config=["tempfail_exit 69"]))
    yield from differences(facts, outcome="failed", exit=69)


def tells_what_is_in_the_outbox():
    facts = parse(submit({"dot": says(b"451 4.3.0 later\r\n", "dot")},
                         config=["outbox on"]))
    yield from differences(facts, outcome="queued", exit=0)
    if facts["reply"]["code"] != 451 or "451 4.3.0" not in facts["error"]:
        yield facts


def tells_of_doubt():
    facts = parse(submit({"dot": lambda host, good: host.connection.reset()}))
    yield from differences(facts, outcome="unknown", exit=75, reply=None)


def tells_who_got_it():
    def answer(host, good):
        first = len(host.recipients) == 0
        host.say(good if first else b"550 5.1.1 no\r\n", "rcpt")
    facts = parse(submit(
        {"rcpt": answer}, config=["partial_delivery on"],
        to=["a@example.net", "b@example.net"]))
    codes = [to["code"] for to in facts["recipients"]]
    yield from differences(facts, outcome="partial", exit=67)
    if codes != [250, 550]:
        yield codes


def tells_of_a_wrong_password():
    facts = parse(submit({"auth_start": says(b"535 5.7.8 no\r\n",
                                             "auth_start")}))
    yield from differences(facts, outcome="failed", exit=77)
    if PASSWORD in json.dumps(facts):
        yield "the password"


def ends_early(args, config, message, wanted):
    """A run that turns to no server."""
    run = Run(config)
    try:
        run.start(["--json", *args], message)
        result = run.finish(60)
    finally:
        run.clean()
    facts = parse(result)
    yield from differences(facts, outcome="failed", host=None, exit=wanted)
    if not facts["error"] or not result.stderr:
        yield facts


def survives_an_unknown_option():
    """Also in front of --json; behind -- it is none."""
    yield from ends_early(["--frob", "x@example.net"], [], b"", 64)
    for words, lines in ((["--frob", "--json"], 1), (["--frob", "--",
                                                      "--json"], 0)):
        done = subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        if done.returncode != 64 or done.stdout.count(b"\n") != lines:
            yield done


def survives_a_lost_stdout(redirection):
    """The message is accepted: 0 it is, and a word on stderr."""
    host = Smarthost()
    with Server(host.serve) as server:
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {redirection}', "sh",
             PROGRAM, "--host=127.0.0.1", f"--port={server.port}",
             "--tls=off", "-f", "me@example.org", "--json",
             "you@example.net"], input=MESSAGE, capture_output=True,
            check=False)
    if done.returncode != 0 or not host.accepted:
        yield done
    if not re.fullmatch(rb"onehop: cannot write the result to standard "
                        rb"output: [^\n]*\n", done.stderr):
        yield done.stderr


def is_utf_8_whatever_is_said():
    result = submit(
        {"dot": says(b"250 \xff\xfe \x1b[31m \"\\ \xe2\x80\xae ok\r\n",
                     "dot")},
        message=b"Message-ID: <\xff\x1b@x>\nSubject: x\n\nhello\n")
    facts = parse(result)
    if any(ord(c) < 32 or c in "\x7f\u202e" for c in
           result.stdout.decode().rstrip("\n")):
        yield result.stdout
    yield from differences(facts, outcome="accepted")


def names_thousands():
    to = [f"r{i}@example.net" for i in range(3000)]
    facts = parse(submit(to=to))
    if [r["address"] for r in facts["recipients"]] != to:
        yield "not the recipients"
    if any(r["code"] != 250 for r in facts["recipients"]):
        yield "not their replies"


def tells_of_the_signal():
    def interrupt(host, good):
        os.kill(process.pid, 15)
        host.connection.drain(20)
    host = Smarthost()
    host.faults["mail"] = interrupt
    with Server(host.serve) as server:
        with subprocess.Popen(
                [PROGRAM, "--host=127.0.0.1", f"--port={server.port}",
                 "--tls=off", "-f", "me@example.org", "--json",
                 "you@example.net"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            out, _ = process.communicate(MESSAGE, timeout=60)
    facts = json.loads(out)
    yield from differences(facts, outcome="failed", signal=15)
    if process.returncode != -15:
        yield process.returncode


def keeps_out_of_a_dialogue():
    done = subprocess.run([PROGRAM, "--json", "-bs"], input=b"QUIT\r\n",
                          capture_output=True, check=False)
    if done.returncode != 64 or done.stdout or b"-bs" not in done.stderr:
        yield done


tap = Tap()
tap.run("an accepted message is told of in full",
        tells_all_of_an_accepted_message)
tap.run("a refused recipient", tells_of_a_refused_recipient)
tap.run("a refused message", tells_of_a_refused_message)
tap.run("what time may cure, with the exit code that is asked for",
        tells_what_time_may_cure)
tap.run("what is in the outbox", tells_what_is_in_the_outbox)
tap.run("a connection lost after the dot", tells_of_doubt)
tap.run("some of the recipients", tells_who_got_it)
tap.run("a wrong password", tells_of_a_wrong_password)
tap.run("an unknown option", survives_an_unknown_option)
tap.run("a wrong config file", ends_early, ["x@example.net"],
        ["host a", "prot 25"], MESSAGE, 78)
tap.run("no such account", ends_early, ["-a", "none", "x@example.net"],
        ["host a"], MESSAGE, 78)
tap.run("no recipients", ends_early, [], ["host a"], MESSAGE, 64)
tap.run("a NUL in the header", ends_early, ["x@example.net"], ["host a"],
        b"a: \0\n\n", 65)
tap.run("a failed password command", ends_early, ["x@example.net"], [
    "host a", "user me", "passwordeval false", "from me@example.org"],
        MESSAGE, 78)
tap.run("a full stdout costs a warning", survives_a_lost_stdout,
        ">/dev/full")
tap.run("a closed stdout costs a warning", survives_a_lost_stdout, ">&-")
tap.run("UTF-8 without controls", is_utf_8_whatever_is_said)
tap.run("thousands of recipients", names_thousands)
tap.run("a signal", tells_of_the_signal)
tap.run("-bs has no room for it", keeps_out_of_a_dialogue)
sys.exit(tap.done())
