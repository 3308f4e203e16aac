#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the fault matrix: every row of faults.csv with the program under test.

    run.py FILE.states      the states that the file lists; what make check does
    run.py ROW...           the rows with these ids, with all their dialogue

A row becomes one run per mode, mechanism, variant and segmentation that
applies, and one line of TAP. After each run the exit code, the words on
stderr and the invariants are checked against the server's record.
"""

import concurrent.futures
import copy
import csv
import importlib
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import certs  # noqa: E402
import onehop  # noqa: E402
import smarthost  # noqa: E402
import smtpserver  # noqa: E402
import words  # noqa: E402
from plan import FAULTS, HEAVY, Plan, wire  # noqa: E402

# Each puts its generators into FAULTS.
for module in ("replies", "line", "reach", "hello", "handshake", "auth",
               "mail"):
    importlib.import_module(module)

# At work together; most of the time a run waits for a clock.
WORKERS = 6

# Rows that no server can bring about, and why.
NOT_GENERATED = {
    "auth_start.plus_stripped":
        "libgsasl 2.2.0 cannot say that it could have bound the channel",
    "auth_start.only_plain_without_tls":
        "the servers of these runs are on this machine, which a password "
        "reaches in clear (tests/unit/net/connect has who is local)",
}

SEGMENTATIONS = {
    # name: (cut of the reply, PIPELINING offered, flights answered at once)
    "whole": (smtpserver.cut_whole, True, False),
    "bytewise": (smtpserver.cut_bytewise, False, False),
    "at CRLF": (smtpserver.cut_at_crlf, True, False),
    "coalesced": (smtpserver.cut_whole, True, True),
}

MECHANISMS = {
    "auth_start": ("plain", "login"),
    "auth_step": ("login",),
    "auth_final": ("plain", "login", "scram-sha-256"),
}

COMMAND = re.compile(
    rb"(EHLO|HELO) [!-~]+|STARTTLS|AUTH [A-Z0-9-]+( [A-Za-z0-9+/]*=*)?|"
    rb"MAIL FROM:<[^<>]*>( [!-~]+)*|RCPT TO:<[^<>]+>( [!-~]+)*|DATA|QUIT|"
    rb"[A-Za-z0-9+/]*=*|\*")

CLIENT_HELLO = re.compile(rb"\x16\x03[\0-\4]")


def read_all():
    with open(os.path.join(HERE, "faults.csv"), newline="",
              encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_rows(states=None, ids=None):
    """The rows of the CSV that are wanted and can be run."""
    for row in read_all():
        # Those of the outbox are tests/outbox/rows.py's.
        if row["state"] == "outbox" or row["id"] in NOT_GENERATED:
            continue
        if row["id"] in (ids or ()) or row["state"] in (states or ()):
            yield row


def plans_of(row, authority):
    """All runs of a row, each with its name."""
    generator, variants, segmented = FAULTS[row["fault"]]
    for mode in row["modes"].replace("n/a", "plain").split("|"):
        for i, mechanism in enumerate(
                MECHANISMS.get(row["state"], ("plain",))):
            for variant in variants:
                for name in SEGMENTATIONS if segmented else ("whole",):
                    plan = Plan(row, mode, authority)
                    plan.variant = variant
                    cut, pipelining, coalesced = SEGMENTATIONS[name]
                    plan.host.cut = cut
                    plan.host.pipelining = pipelining
                    plan.host.coalesced = coalesced
                    plan.config["auth"] = mechanism
                    if mechanism not in ("plain", "login"):
                        plan.host.mechanisms = mechanism.upper()
                    generator(plan)
                    if i > 0 and plan.config["auth"] != mechanism:
                        continue  # the fault is about another mechanism
                    plan.name = ", ".join(
                        str(part) for part in (
                            mode, plan.config["auth"], variant, name)
                        if part is not None)
                    yield plan


class Trial:
    """One plan carried out."""

    def __init__(self, plan, shim):
        self.plan = plan
        self.shim = shim
        self.records = []
        self.results = []

    def run(self):
        """Runs it; a list of complaints."""
        plan = self.plan
        run = plan.process = onehop.Run()
        try:
            for step in plan.before:
                step(plan)
            if any(name.startswith("SHIM_") for name in plan.environment):
                run.environment["LD_PRELOAD"] = self.shim
            run.environment.update(plan.environment)
            self._carry_out(run)
            complaints = [c for check in plan.after
                          for c in [check()] if c]
            return complaints + list(self.judge())
        except Exception as error:  # a row must not end the others
            return ["%s: %s" % (type(error).__name__, error)]
        finally:
            run.clean()

    def limit(self):
        """Seconds that a run may take."""
        return onehop.patience(self.plan.seconds)

    def _serve(self, connection):
        plan = self.plan
        host = plan.host
        if plan.parallel > 1:
            host = copy.copy(plan.host)
            host.commands, host.recipients = [], []
            host.refused = set()
            host.connection = None
        host.serve(connection)
        plan.host.accepted |= host.accepted

    def _carry_out(self, run):
        plan = self.plan
        certificate = plan.certificate
        plan.host.context = (
            None if plan.mode == "plain"
            else plan.authority.context(certificate)
            if isinstance(certificate, str) else certificate)
        with smtpserver.Server(self._serve) as server:
            lines = dict(plan.config, port=plan.port or server.port)
            run.write_config("%s %s" % line for line in lines.items())
            runs = [run] + [copy.copy(run) for _ in range(plan.parallel - 1)]
            stdin = plan.stdin
            if isinstance(stdin, str):
                stdin = os.open(stdin, os.O_RDONLY)
            for each in runs:
                each.start(plan.arguments + (
                    ["--"] + plan.recipients if plan.recipients else []),
                    stdin)
            self.results = [each.finish(self.limit() + 6) for each in runs]
            if stdin is not plan.stdin:
                os.close(stdin)
        if server.failure:
            raise server.failure
        self.records = server.records

    # --- what must hold

    def judge(self):
        """Complaints about the runs."""
        for result in self.results:
            yield from self._exit_and_words(result)
            yield from self._process(result)
            yield from self._stderr(result)
        yield from self._wire()
        yield from self._message()

    def _exit_and_words(self, result):
        plan = self.plan
        wanted = -15 if plan.exit == 143 else plan.exit
        if result.status != wanted:
            yield "exit %s, not %s" % (result.status, wanted)
        shown = result.stderr.decode("utf-8", "replace")
        expressions = list(plan.stderr)
        if plan.words and plan.exit == int(plan.row["exit"]):
            expressions += words.wanted(plan.row)
        for expression in expressions:
            if not re.search(expression, shown, re.IGNORECASE | re.DOTALL):
                yield "stderr does not say /%s/" % expression
        # I2: if it cannot know what became of the message it says so.
        doubt = "may have been accepted" in shown
        unknown = self._dot_seen() and result.status != 0 and (
            plan.row["retry"] == "ambiguous"
            or plan.row["state"] == "dot" and plan.exit == 76)
        if doubt != unknown:
            yield ("stderr has no doubt" if unknown
                   else "stderr has doubts without reason")

    def _process(self, result):
        if result.hung or result.seconds > self.limit():
            yield "I9: took %.1f s" % result.seconds
        if result.orphans:
            yield "I13: left a process behind"
        left = [name for name in self.plan.process.litter()
                if name not in ("log", "log.1")]
        if left:
            yield "I13: left %s behind" % ", ".join(left)

    def _stderr(self, result):
        odd = [c for c in result.stderr if c < 32 and c != 10 or c == 127]
        text = result.stderr.decode("utf-8", "replace")
        odd += [c for c in text if "\x7f" < c < "\xa0" or c in "\u202e\ufffd"]
        if odd:
            yield "I11: raw octets on stderr: %r" % odd
        for secret in secrets(self.plan.config["password"]):
            if secret in result.stderr:
                yield "I11: a secret on stderr"

    def _wire(self):
        plan = self.plan
        for record in self.records:
            clear = CLIENT_HELLO.split(record.received(tls=False))[0]
            if plan.mode != "plain" or plan.config["host"] != "127.0.0.1":
                for secret in secrets(plan.config["password"]):
                    if secret in clear:
                        yield "I1: a secret in clear"
                if b"AUTH" in clear:
                    yield "I1: AUTH in clear"
            if plan.mode == "tls" and clear:
                yield "I1: octets in clear: %r" % clear[:60]
            text = clear + record.received(tls=True)
            text = text[:-1] if text.endswith(b"\r") else text  # cut there
            if not (text.count(b"\r\n") == text.count(b"\n")
                    == text.count(b"\r")):
                yield "I8: a bare CR or LF"
        for line in plan.host.commands:
            if not COMMAND.fullmatch(line) and b"\xc3" not in line:
                yield "I8: not a command: %r" % line[:80]
        sent = [line for line in plan.host.commands
                if line.startswith(b"RCPT")]
        if len(sent) > 2 * max(6, len(plan.recipients)):
            yield "I8: %d RCPT commands" % len(sent)

    def _dot_seen(self):
        return any(b"\r\n.\r\n" in record.received()
                   for record in self.records)

    def _message(self):
        plan, host = self.plan, self.plan.host
        succeeded = all(result.status == 0 for result in self.results)
        if succeeded != host.accepted and not (plan.partial
                                               and host.accepted):
            yield "I2: exit and acceptance differ"
        if succeeded and not plan.partial and len(host.recipients) < len(
                plan.recipients) and plan.parallel == 1:
            yield "I3: a subset of the recipients, and exit 0"
        if not host.accepted and self._dot_seen() and plan.row[
                "state"] not in ("dot", "quit"):
            yield "I5: the message was ended by a dot"
        wanted = plan.content
        if wanted is None and isinstance(plan.stdin, bytes):
            wanted = wire(plan.stdin)
        if host.content is not None and wanted is not False and (
                host.content != wanted):
            yield "I4: the content differs: %r, not %r" % (
                host.content[-60:], wanted[-60:])


def secrets(password):
    """The password, and what it looks like on its way."""
    password = password.encode()
    both = b"\0" + smarthost.USER.encode() + b"\0" + password
    return [password, smarthost.encoded(password), smarthost.encoded(both)]


def try_row(row, authority, shim, verbose):
    """Carries out a row: (runs, lines that say what went wrong)."""
    complaints = []
    count = 0
    for plan in plans_of(row, authority):
        count += 1
        trial = Trial(plan, shim)
        found = trial.run()
        if not found and not verbose:
            continue
        complaints += ["%s: %s" % (plan.name, what) for what in found]
        for result in trial.results[:1]:
            complaints += ["    stderr: " + line for line in
                           result.stderr.decode("utf-8", "backslashreplace")
                           .splitlines()]
        if verbose:
            complaints += ["    " + line for record in trial.records
                           for line in record.lines()]
            complaints.append("    exit %s" % [
                result.status for result in trial.results])
    wrong = any(not line.startswith("    ") for line in complaints)
    return count, wrong, complaints


def try_all(rows, attempt):
    """Yields (row, outcome), the light rows first and side by side."""
    light = [row for row in rows if row["fault"] not in HEAVY]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        yield from zip(light, pool.map(attempt, light))
    for row in rows:
        if row["fault"] in HEAVY:
            yield row, attempt(row)


def main(arguments):
    """Prints TAP."""
    if not os.access(onehop.PROGRAM, os.X_OK):
        print("1..0 # SKIP %s is not there" % onehop.PROGRAM)
        return
    if arguments[0].endswith(".states"):
        with open(arguments[0], encoding="ascii") as file:
            states = [word for line in file if not line.startswith("#")
                      for word in line.split()]
        rows = list(read_rows(states=states))
    else:
        rows = list(read_rows(ids=arguments))
    verbose = not arguments[0].endswith(".states")
    shim = os.path.join(os.environ.get("top_builddir", "."),
                        "tests", "lib", "shim.so")
    print("1..%d" % len(rows), flush=True)
    with tempfile.TemporaryDirectory(prefix="onehop-certs-") as directory:
        authority = certs.Authority(directory)
        for number, (row, outcome) in enumerate(try_all(
                rows, lambda row: try_row(row, authority, shim, verbose)), 1):
            count, wrong, complaints = outcome
            print("%s %d - %s (%d runs)" % (
                "not ok" if wrong else "ok", number, row["id"], count))
            for line in complaints:
                print("# " + line)
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
