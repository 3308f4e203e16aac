#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log: a line for every run that was to send something, early failures
included; and a log that cannot be written costs nothing but a warning."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
from onehop import Run
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap

MESSAGE = b"Message-ID: <1@example.org>\nSubject: x\n\nhello\n"
FIELD = re.compile(r'(\w+)=("[^"]*"|[^" =]*)')


def says(reply, state):
    return lambda host, good: host.say(reply, state)


class Trial:
    """A run and its log."""

    def __init__(self, args=("you@example.net",), config=(), faults=None,
                 message=MESSAGE, logfile="log", shim=None):
        host = Smarthost()
        host.faults.update(faults or {})
        self.run = Run()
        self.path = os.path.join(self.run.home, "log")
        if logfile == "log":
            logfile = self.path
        with Server(host.serve) as server:
            self.run.write_config([
                "defaults", f"logfile {logfile}", "account default",
                "host 127.0.0.1", f"port {server.port}", "tls off",
                f"user {USER}", f"password {PASSWORD}",
                "from me@example.org",
                *(line.replace("HOME", self.run.home) for line in config)])
            if shim:
                self.run.environment.update(
                    shim, LD_PRELOAD=os.path.abspath(os.path.join(
                        os.environ.get("top_builddir", "."),
                        "tests", "lib", "shim.so")))
            self.run.start([arg.replace("HOME", self.run.home)
                            for arg in args], message)
            self.result = self.run.finish(60)
        self.lines = self.read(self.path)
        for name in self.run.litter():
            if name.endswith("state/onehop/log"):
                self.lines += self.read(os.path.join(self.run.home, name))
        self.litter = self.run.litter()
        self.run.clean()

    @staticmethod
    def read(path):
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()

    def fields(self):
        """The one line's fields, behind its time."""
        line, = self.lines
        time, _, rest = line.partition(" ")
        if not re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}[+-]\d{4}", time):
            raise ValueError(line)
        fields = {name: value.strip('"')
                  for name, value in FIELD.findall(rest)}
        if PASSWORD in line or len(fields) != len(FIELD.findall(rest)):
            raise ValueError(line)
        return fields


def has(trial, status, **wanted):
    """The run ended so, and one line has these fields."""
    if trial.result.status != status:
        yield f"exit {trial.result.status}: {trial.result.stderr!r}"
    fields = trial.fields()
    for name, value in dict(wanted, exit=str(status)).items():
        if value not in fields.get(name, "(none)"):
            yield f"{name}={fields.get(name)}, not {value}: {trial.lines}"


def tells_of_an_accepted_message():
    yield from has(
        Trial(faults={"dot": says(b"250 2.0.0 Ok: queued as 4bXk2v\r\n",
                                  "dot")}), 0,
        outcome="accepted", account="default", host="127.0.0.1",
        address="127.0.0.1", tls="off", auth="PLAIN", user=USER,
        to="you@example.net", msgid="<1@example.org>", queueid="4bXk2v",
        reply="250 2.0.0 Ok: queued as 4bXk2v", **{"from": "me@example.org"})


def tells_each_outcome():
    refusal = b"550 5.1.1 unknown user\r\n"
    yield from has(Trial(faults={"rcpt": says(refusal, "rcpt")}), 67,
                   outcome="refused", error="550 5.1.1 unknown user")
    yield from has(Trial(faults={"dot": says(b"451 4.3.0 later\r\n", "dot")}),
                   75, outcome="failed", reply="451 4.3.0 later")
    yield from has(Trial(faults={
        "dot": lambda host, good: host.connection.reset()}), 75,
        outcome="unknown")

    yield from has(Trial(config=["outbox on"], faults={
        "dot": says(b"451 4.3.0 later\r\n", "dot")}), 0,
        outcome="queued", reply="451 4.3.0 later", error="451 4.3.0 later")

    def answer(host, good):
        host.say(refusal if host.recipients else good, "rcpt")
    yield from has(Trial(["a@example.net", "b@example.net"],
                         ["partial_delivery on"], {"rcpt": answer}), 67,
                   outcome="partial", to="a@example.net,b@example.net")
    yield from has(Trial(config=["tempfail_exit 69"], faults={
        "mail": says(b"451 4.3.0 later\r\n", "mail")}), 69,
        outcome="failed")


def tells_of_early_failures():
    yield from has(Trial([]), 64, outcome="failed", error="recipient")
    yield from has(Trial(["--frob", "x@example.net"]), 64, error="--frob")
    yield from has(Trial(["-a", "none", "x@example.net"]), 78,
                   error="no account none")
    yield from has(Trial(config=["prot 25"]), 78, error="unknown key")
    yield from has(Trial(message=b"a: \0\n\n"), 65, error="NUL")
    yield from has(Trial(["not an address"]), 65, outcome="failed",
                   account="default")
    yield from has(Trial(config=["password", "passwordeval false"]), 78,
                   error="command 'false'", msgid="<1@example.org>")


def finds_the_log_of_the_command_line():
    trial = Trial(["--logfile=HOME/log", "--frob", "x@example.net"],
                  logfile="off")
    yield from has(trial, 64, error="--frob")


def finds_the_log_of_the_account():
    trial = Trial(["-a", "work", "--frob", "x@example.net"],
                  ["account work", "logfile HOME/log"], logfile="off")
    yield from has(trial, 64, error="--frob")


def runs_no_command_to_log():
    trial = Trial(["--frob", "x@example.net"],
                  ["eval touch HOME/touched; echo user me"])
    if "touched" in trial.litter or len(trial.lines) != 1:
        yield trial.litter


def costs_only_a_warning():
    for args, status in ((["x@example.net"], 0), (["--frob"], 64)):
        trial = Trial(args, logfile="/nonexistent/log")
        if trial.result.status != status:
            yield trial.result.status
        warnings = [line for line in trial.result.stderr.splitlines()
                    if b"cannot write log /nonexistent/log: " in line]
        if len(warnings) != 1:
            yield trial.result.stderr


def tells_of_a_flush():
    """Two messages of one session, each with a time of its own; then a log
    that cannot be written, told of once."""
    host = Smarthost()
    run = Run()
    log = os.path.join(run.home, "log")

    def config(port, logfile):
        run.write_config([
            "host 127.0.0.1", f"port {port}", "tls off", "outbox on",
            "from me@example.org", f"logfile {logfile}"])

    def start(args, message=b""):
        run.start(args, message)
        return run.finish(60)
    for logfile in (log, "/nonexistent/log"):
        config(1, log)
        for _ in range(2):
            start(["you@example.net"], MESSAGE)
        queued = Trial.read(log)
        with Server(host.serve) as server:
            config(server.port, logfile)
            flush = start(["-q"])
        lines = Trial.read(log)[len(queued):]
        if logfile == log and (len(lines) != 2 or not all(
                re.search(r" outcome=accepted exit=0 .* ms=\d+$", line)
                for line in lines)):
            yield lines
        if flush.status or flush.stderr.count(b"cannot write log") != (
                logfile != log):
            yield flush.status, flush.stderr
    if sum("outcome=queued" in line for line in Trial.read(log)) != 4:
        yield Trial.read(log)
    run.clean()


def has_a_default_place():
    trial = Trial(logfile="on")
    yield from has(trial, 0, outcome="accepted")
    if trial.litter != [".local/state/onehop/log"]:
        yield trial.litter
    trial = Trial(config=["logfile off"], logfile="on")
    if trial.result.status or trial.litter or trial.lines:
        yield trial.litter


def is_json_for_programs():
    trial = Trial(config=["log_format json"])
    line, = trial.lines
    fields = json.loads(line)
    if (fields["outcome"], fields["exit"], fields["to"]) != (
            "accepted", 0, "you@example.net"):
        yield line
    trial = Trial(["--log_format=json", "--frob"])
    if "--frob" not in json.loads(trial.lines[0])["error"]:
        yield trial.lines


def has_the_time_that_is_asked_for():
    trial = Trial(config=["logfile_time_format %Y week %V"])
    if not re.match(r"\d{4} week \d\d outcome=", trial.lines[0]):
        yield trial.lines


def tells_syslog():
    """A fixed name, the facility, a level; no time, as syslog has its own."""
    shim = {"SHIM_SYSLOG": "stderr"}
    accepted = Trial(config=["syslog LOG_MAIL"], logfile="off", shim=shim)
    if not re.search(rb"^syslog onehop 2\.6: outcome=accepted exit=0 .*"
                     rb" to=you@example\.net .* ms=\d+$",
                     accepted.result.stderr, re.MULTILINE):
        yield accepted.result.stderr
    failed = Trial(["--syslog", "--log_format=json", "a%n b"], logfile="off",
                   shim=shim)
    records = re.findall(rb"^syslog onehop 1\.3: (\{.*\})$",
                         failed.result.stderr, re.MULTILINE)
    if len(records) != 1 or json.loads(records[0])["outcome"] != "failed":
        yield failed.result.stderr


DIALOGUE = (b"EHLO me\r\nMAIL FROM:<me@example.org>\r\n"
            b"RCPT TO:<you@example.net>\r\nDATA\r\n"
            + MESSAGE.replace(b"\n", b"\r\n") + b".\r\nQUIT\r\n")


def warns_in_a_dialogue():
    trial = Trial(["-bs"], logfile="/nonexistent/log", message=DIALOGUE)
    if trial.result.status or b"\r\n250 2.0.0 queued as 1" not in \
            trial.result.stdout:
        yield trial.result.stdout
    if trial.result.stderr.count(b"cannot write log /nonexistent/log") != 1:
        yield trial.result.stderr


def tells_of_an_early_failure_in_a_dialogue():
    trial = Trial(["-bs"], config=["prot 25"], message=DIALOGUE)
    if trial.fields()["outcome"] != "failed" or \
            "unknown key" not in trial.fields()["error"]:
        yield trial.lines
    if b"\r\n451 4.3.5 " not in trial.result.stdout:
        yield trial.result.stdout


tap = Tap()
tap.run("an accepted message has all its fields",
        tells_of_an_accepted_message)
tap.run("each outcome has its word", tells_each_outcome)
tap.run("a run that fails early is logged", tells_of_early_failures)
tap.run("... where the command line says", finds_the_log_of_the_command_line)
tap.run("... where the account says", finds_the_log_of_the_account)
tap.run("... without running a command", runs_no_command_to_log)
tap.run("a log that cannot be written costs one warning that names it",
        costs_only_a_warning)
tap.run("-q logs each message", tells_of_a_flush)
tap.run("logfile on is in the state directory, off is nowhere",
        has_a_default_place)
tap.run("log_format json", is_json_for_programs)
tap.run("logfile_time_format", has_the_time_that_is_asked_for)
tap.run("syslog", tells_syslog)
tap.run("-bs: a log that cannot be written", warns_in_a_dialogue)
tap.run("-bs: an early failure", tells_of_an_early_failure_in_a_dialogue)
sys.exit(tap.done())
