#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every system call and every allocation of a submission fails once, in clear
and under TLS; and those of a run that is told of in a log and as JSON.

strace makes the k-th call of each name fail, a preloaded library the k-th
allocation, for each k there is. Whatever fails: the program never crashes, and
its exit code is 0 exactly if the server accepted the message - or the failure
hit what comes after that."""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import onehop
import smarthost
import smtpserver
from tap import Tap, skip_all

MESSAGE = (b"From: me@example.org\nTo: you@example.net\nSubject: s\n\n"
           + b"line\n" * 4000)
FAILURES = {
    "read": ["error=EIO", "error=EINTR", "error=EAGAIN"],
    "write": ["error=EIO", "error=ENOSPC", "error=EINTR", "retval=1"],
    "sendto": ["error=EPIPE", "error=EINTR", "error=ENOMEM", "error=EAGAIN"],
    "recvfrom": ["error=ECONNRESET", "error=EINTR", "error=ENOMEM",
                 "error=EAGAIN"],
    "connect": ["error=ECONNREFUSED", "error=EINTR", "error=EACCES"],
    "socket": ["error=EMFILE", "error=ENOMEM"],
    "openat": ["error=EMFILE", "error=EIO", "error=ENOMEM"],
    "ppoll": ["error=EINTR", "error=ENOMEM"],
    "mmap": ["error=ENOMEM"],
    "getrandom": ["error=EINTR"],
    "lseek": ["error=EIO"],
    "fstat": ["error=EIO"],
}
# Those that a log and a result make, besides some of the above.
TELLING = {
    "mkdir": ["error=EACCES", "error=EEXIST"],
    "chmod": ["error=EPERM"],
    "fchmod": ["error=EPERM"],
    "flock": ["error=EINTR", "error=ENOLCK"],
    "pread64": ["error=EIO"],
    **{name: FAILURES[name] for name in (
        "write", "openat", "lseek")},
    "newfstatat": ["error=EIO"],
}
# The loader's first mapping, without which there is no program yet. brk is not
# made to fail: glibc's malloc crashes on that in its own constructors.
LOADER = {"mmap": 1}
ALLOC = os.path.join(os.path.abspath(os.environ.get("top_builddir", ".")),
                     "tests", "lib", "alloc.so")
MOST_ALLOCATIONS = 400
AT_MOST = 60  # calls of one name that are made to fail
CONFIGS = {
    "plain": ["tls off"],
    "tls": ["tls on", "tls_starttls off", f"tls_host_override {certs.NAME}",
            "auth plain", "user user", "password secret-word"],
    "told": ["tls off", "logfile on", "log_format json"],
}


class Bench:
    """What all runs share."""

    def __init__(self):
        self.scratch = onehop.Run()
        self.authority = certs.Authority(self.scratch.home)

    def run(self, mode, wrapper=(), environment=None):
        """One submission, perhaps under strace; its Result, accepted."""
        context = self.authority.context() if mode == "tls" else None
        host = smarthost.Smarthost(mode, context)
        with smtpserver.Server(host.serve) as server:
            config = ["host 127.0.0.1", f"port {server.port}",
                      "from me@example.org", "deadline 60", *CONFIGS[mode]]
            if mode == "tls":
                config.append(f"tls_trust_file {self.authority.root}")
            run = onehop.Run(config, environment)
            try:
                told = ["--json", "--timing"] if mode == "told" else []
                run.start(["-i", *told, "you@example.net"], MESSAGE, wrapper)
                result = run.finish(120)
            finally:
                run.clean()
        return result, host.accepted


def failures(mode):
    """What is made to fail: names of calls, and how."""
    return TELLING if mode == "told" else FAILURES


def calls(bench, mode):
    """How often a run makes each of the calls."""
    trace = os.path.join(bench.scratch.home, f"trace-{mode}")
    result, accepted = bench.run(mode, [
        "strace", "-f", "-o", trace, "-e", "trace=" + ",".join(
            "?" + name for name in failures(mode))])
    if result.status != 0 or not accepted:
        raise RuntimeError(f"{mode}: {result.status}: {result.stderr!r}")
    with open(trace, encoding="ascii", errors="replace") as file:
        names = re.findall(r"^\d+ +(\w+)\(", file.read(), re.MULTILINE)
    return {name: names.count(name) for name in failures(mode)}


def judge(result, accepted, library_may_crash=False):
    """What is wrong with a run in which something failed."""
    crashes = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS,
               -signal.SIGFPE, -signal.SIGILL}
    if result.hung:
        yield "it hung"
    if (result.status in crashes or 128 - result.status in crashes) and \
            (accepted or not library_may_crash):
        yield f"it crashed: {result.status}"
    if result.status == 0 and not accepted:
        yield f"exit 0, but nothing was accepted: {result.stderr!r}"
    if accepted and result.status not in (0, 75, 76):
        yield f"accepted, but exit {result.status}: {result.stderr!r}"
    if accepted and result.status != 0 and \
            b"may have been accepted" not in result.stderr:
        yield f"accepted, and no doubt is voiced: {result.stderr!r}"
    if b"secret-word" in result.stderr:
        yield "it shows the password"
    if result.stdout:
        yield from contradictions(result)


def contradictions(result):
    """Does a result that was written whole tell something else?"""
    try:
        facts = json.loads(result.stdout)
    except ValueError:
        return  # a write of it failed
    if facts["exit"] != result.status or (
            facts["outcome"] == "accepted") != (result.status == 0):
        yield f"exit {result.status}, but {result.stdout!r}"


def fail_call(bench, mode, name, failure, which):
    """What is wrong with the run whose system call fails."""
    return list(judge(*bench.run(mode, [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}",
        "-e", f"inject={name}:{failure}:when={which}"])))


def fail_allocation(bench, mode, which):
    """What is wrong with the run whose allocation fails."""
    # Out of memory, GMP aborts and libtasn1 follows a null pointer, both
    # within the handshake: the run dies, and nothing has been sent.
    return list(judge(*bench.run(mode, (), {
        "LD_PRELOAD": ALLOC, "ALLOC_FAIL": str(which)}),
        library_may_crash=mode == "tls"))


def check_allocations(bench, mode):
    """All allocations of a run; what is wrong."""
    path = os.path.join(bench.scratch.home, f"allocations-{mode}")
    result, accepted = bench.run(mode, (), {
        "LD_PRELOAD": ALLOC, "ALLOC_COUNT": path})
    if result.status != 0 or not accepted:
        yield f"{result.status}: {result.stderr!r}"
    with open(path, encoding="ascii") as file:
        count = int(file.read())
    if count < 10:
        yield f"only {count} allocations were seen"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        numbers = range(1, count + 1, max(1, count // MOST_ALLOCATIONS))
        results = pool.map(
            lambda which: fail_allocation(bench, mode, which), numbers)
        for which, faults in zip(numbers, results):
            for fault in faults:
                yield f"allocation {which} of {count}: {fault}"


def check(bench, mode, name, count):
    """All failures of one call; what is wrong."""
    runs = [(failure, which) for failure in failures(mode)[name]
            for which in range(1 + LOADER.get(name, 0),
                               min(count, AT_MOST) + 1)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda run: fail_call(bench, mode, name, *run), runs)
        for (failure, which), faults in zip(runs, results):
            for fault in faults:
                yield f"{failure} at {name} number {which}: {fault}"


def main():
    if shutil.which("strace") is None:
        skip_all("strace is not installed")
    if onehop.is_sanitized():
        skip_all("the sanitizers make calls of their own")
    tap = Tap()
    bench = Bench()
    try:
        for mode in CONFIGS:
            for name, count in calls(bench, mode).items():
                tap.run(f"{mode}: {name} ({count} calls)", check, bench, mode,
                        name, count)
            tap.run(f"{mode}: allocations", check_allocations, bench, mode)
    finally:
        bench.scratch.clean()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
