#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation testing: changes one operator, constant or condition of the program
at a time and looks whether a test fails.

usage: tests/mutation.py [-o BUILDDIR] [-j JOBS] [-n SAMPLE] [-s SEED]
                         [--resume] [FILE.c[:LINE]...]
       tests/mutation.py [-o BUILDDIR] [-j JOBS] --again
       tests/mutation.py [-o BUILDDIR] --self-test

BUILDDIR (default build) is a build with its test programs. FILEs are some of
those that SUITES names, default all. Every n-th of their mutants is tried, so
that there are about SAMPLE, from the SEED-th on; all of them if SAMPLE is 0.
JOBS mutants are tried together. --resume leaves out those that an interrupted
run has tried. --again tries those that survived the last
run, which is in BUILDDIR/mutation/verdicts.json, and counts the others as they
were; those that have a reason now need no other try.

Each test of a suite runs once in a build with gcov's counters, in
BUILDDIR/mutation/map: a mutant is tried by the tests that run its line only,
the quick ones and those that have caught its neighbours first. Its object is
compiled and put before the library, so that the build stays as it is. A test
that fails twice catches it, and so does one that takes three times as long as
usual and five seconds more; it is stopped at its first failure. What does not
compile is no mutant.

The output is a table of the files and each survivor as FILE:LINE: before ->
after. Mutants that mean the same as the program are in tests/mutation.reasons;
those with the reason "sanitizers: ..." read or write where they must not, which
a build with --enable-sanitizers sees.

tests/mutation.measured is what it printed last, in several runs.

The exit status is 1 if fewer than 90 % of the others were caught, or if a
reason is for a mutant that was caught or cannot be made any more.
"""

import argparse
import collections
import concurrent.futures
import glob
import hashlib
import json
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import coverage  # noqa: E402
from mutants import (Mutant, apply, before_and_after,  # noqa: E402
                     mutants_of)

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REASONS = os.path.join(TOP, "tests", "mutation.reasons")
AIM = 90.0
TOGETHER = 4  # conversations
QUICK = 10  # seconds
RUNNERS = {".conv": "tests/smtp/play.py", ".states": "tests/faults/run.py"}
FAILURE = re.compile(rb"^not ok", re.MULTILINE)
# (files, tests that are meant to see them); a program of tests/unit or
# tests/fuzz has no suffix.
SUITES = [
    ("src/smtp/*.c", ["tests/unit/smtp/*.c", "tests/smtp/*.conv",
                      "tests/smtp/outcomes.py", "tests/smtp/waiting.py",
                      "tests/cli/hosts.py", "tests/cli/hints.py",
                      "tests/cli/sandbox.py", "tests/cli/signals.py",
                      "tests/relay/peer.py", "tests/real/tunnels.py",
                      "tests/real/dns.py", "tests/real/dane.py",
                      "tests/faults/*.states", "tests/faults/mechanisms.py",
                      "tests/faults/echoed_secret.py",
                      "tests/faults/fallback.py",
                      "tests/faults/refused_secret.py",
                      "tests/fuzz/session.c"]),
    ("src/outbox/*.c", ["tests/unit/outbox/*.c", "tests/fuzz/entry.c",
                        "tests/outbox/fate.py", "tests/outbox/origin.py",
                        "tests/outbox/first.py",
                        "tests/outbox/fixable.py", "tests/outbox/ledger.py",
                        "tests/outbox/parts.py", "tests/outbox/person.py",
                        "tests/outbox/report.py",
                        "tests/outbox/rows.py", "tests/outbox/enable.py",
                        "tests/outbox/all_users.py",
                        "tests/outbox/in_time.py",
                        "tests/outbox/not_queued.py",
                        "tests/outbox/second_try.py",
                        "tests/outbox/sites.py", "tests/outbox/calls.py",
                        "tests/outbox/disks.py", "tests/outbox/powercut.py",
                        "tests/cli/signals.py"]),
    # Several messages over one session; the progress line.
    ("src/smtp/reuse.c", ["tests/relay/replies.py", "tests/relay/clients.py",
                          "tests/outbox/fate.py", "tests/outbox/ledger.py",
                          "tests/outbox/fixable.py"]),
    ("src/smtp/data.c", ["tests/cli/progress.py", "tests/real/lmtp.py"]),
    ("src/smtp/submit.c", ["tests/cli/timing.py", "tests/cli/result.py"]),
    # Which hosts there are.
    ("src/smtp/smarthost.c", ["tests/cli/reach.py", "tests/cli/proxy.py",
                              "tests/real/lmtp.py"]),
    ("src/config/override.c", ["tests/unit/config/*.c"]),
    ("src/tls/verify.c", ["tests/unit/tls/*.c", "tests/real/certificates.py"]),
]


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def make_says(build, *names):
    """The values of make variables."""
    rule = "say: ; @: " + "".join(f"$(info ={name}=$({name}))"
                                  for name in names)
    said = subprocess.run(["make", "-s", "--no-print-directory",
                           f"--eval={rule}", "say"],
                          cwd=build, check=True, stdout=subprocess.PIPE)
    values = dict(line[1:].split("=", 1)
                  for line in said.stdout.decode().splitlines()
                  if line.startswith("="))
    return [shlex.split(values[name]) for name in names]


def program_of(test):
    """Where a test's program lies in a build, and the object of its own."""
    if test.endswith(".c"):
        return test[:-2], test[:-2] + ".o"
    return "onehop", "src/cli/main.o"


def expand(patterns):
    return sorted(os.path.relpath(path, TOP) for pattern in patterns
                  for path in glob.glob(os.path.join(TOP, pattern)))


def suite_of(name):
    """The tests that are meant to see a file."""
    return expand(pattern for files, patterns in SUITES
                  if name in expand([files]) for pattern in patterns)


def kill_all_of(scratch):
    """Kills what a test has left running in sessions of its own: such a
    process has the test's directory among its arguments."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if scratch.encode() in file.read():
                    os.kill(int(name), signal.SIGKILL)
        except OSError:
            pass


def run_command(command, directory, environment, limit):
    """Runs a test until it ends, says that it failed, or takes too long;
    whether it passed. What is left of its session is killed."""
    end = time.monotonic() + limit
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        failed, status = False, None
        while status is None and not failed and time.monotonic() < end:
            try:
                status = process.wait(0.1)
            except subprocess.TimeoutExpired:
                pass
            failed = FAILURE.search(os.pread(
                out.fileno(), os.fstat(out.fileno()).st_size, 0)) is not None
        if failed or status != 0:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
    return status == 0 and not failed


def run_test(test, program, build, limit):
    """Runs a test, with a program in place of the build's; whether it passed
    and how long it took."""
    path, suffix = os.path.join(TOP, test), os.path.splitext(test)[1]
    command = [os.path.abspath(program)] if test.endswith(".c") else [
        sys.executable, *([os.path.join(TOP, RUNNERS[suffix])] if suffix
                          in RUNNERS else []), path]
    # A killed test leaves its files behind.
    scratch = tempfile.mkdtemp(prefix="m")
    os.chmod(scratch, 0o1777)
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP",
                   "ONEHOP": os.path.abspath(program), "TMPDIR": scratch,
                   "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1",
                   "top_srcdir": TOP, "top_builddir": os.path.abspath(build)}
    began = time.monotonic()
    try:
        return (run_command(command, build, environment, limit),
                time.monotonic() - began)
    finally:
        kill_all_of(scratch + "/")
        shutil.rmtree(scratch, ignore_errors=True)


class Map:
    """Which tests run which lines, and how long each takes."""

    def __init__(self, build):
        self.directory = os.path.join(build, "mutation", "map")
        self.file = os.path.join(build, "mutation", "map.json")
        self.of = {}  # test -> {"seconds", "lines": {file: [number]}}
        if os.path.exists(self.file):
            with open(self.file, encoding="utf-8") as file:
                self.of = json.load(file)

    def learn(self, tests, files):
        """Runs the tests that are new, or newer than what is known."""
        stamp = max(os.path.getmtime(os.path.join(TOP, name))
                    for name in expand(["src/*/*.[ch]"]))
        missing = [test for test in tests
                   if self.of.get(test, {"stamp": 0})["stamp"] < max(
                       stamp, os.path.getmtime(os.path.join(TOP, test)))
                   or not set(files) <= set(self.of[test].get("code", ()))]
        if not missing:
            return
        coverage.build_with_counters(self.directory)
        for test in missing:
            for path in coverage.counters(self.directory):
                os.unlink(path)
            fine, seconds = run_test(
                test, os.path.join(self.directory, program_of(test)[0]),
                self.directory, 900)
            if not fine:
                print(f"{test} fails without a mutant: not used", flush=True)
            lines = coverage.collect(self.directory, sorted(
                {*files, *self.of.get(test, {}).get("code", ())}))
            self.of[test] = {
                "stamp": time.time(), "seconds": seconds, "fine": fine,
                "lines": {name: sorted(number for number, line in of.items()
                                       if line.count > 0)
                          for name, of in lines.items()},
                "code": {name: sorted(of) for name, of in lines.items()}}
            with open(self.file, "w", encoding="utf-8") as file:
                json.dump(self.of, file)

    def runs(self, test, mutant, code):
        """Does the test run the mutant's line? Lines of a statement after its
        first may have no code of their own, and a table outside of functions
        has none: it is used by all that use the file."""
        run = self.of[test]["lines"].get(mutant.file, ())
        own = [number for number in self.of[test]["code"].get(mutant.file, ())
               if number <= mutant.line]
        if not own or own[-1] < mutant.line and code[own[-1] - 1] == "}":
            return bool(run)
        return own[-1] in run

    def tests_for(self, mutant, tests, text):
        """Those that run its line, or if there are none, the quick ones that
        run the file; and those whose every process is killed, which leaves no
        counters."""
        code = text.splitlines()
        usable = [test for test in tests if self.of[test]["fine"]]
        return ([test for test in usable if self.runs(test, mutant, code)]
                or [test for test in usable if self.of[test]["seconds"] < QUICK
                    and self.of[test]["lines"].get(mutant.file)]) + [
            test for test in usable
            if not any(self.of[test]["lines"].values())]


def groups(tests):
    """Tests that run one after the other, or together: conversations wait
    most of the time."""
    group = []
    for test in tests:
        if group and not (test.endswith(".conv") and len(group) < TOGETHER
                          and group[0].endswith(".conv")):
            yield group
            group = []
        group.append(test)
    if group:
        yield group


class Workshop:
    """Compiles and links mutants, and lets tests judge them."""

    def __init__(self, build, name="shop", kills=None):
        self.build = build
        self.directory = os.path.join(build, "mutation", name)
        os.makedirs(self.directory, exist_ok=True)
        (self.compile, self.link, flags, more, libraries, units,
         rest) = make_says(build, "COMPILE", "CCLD", "AM_LDFLAGS", "LDFLAGS",
                           "LIBRARIES_LIBS", "CMOCKA_LIBS", "LIBS")
        self.link += flags + more
        self.libraries = libraries + units + rest
        self.kills = collections.Counter() if kills is None else kills
        self.stopped = False

    def make_object(self, name, text):
        """Compiles a file's text; False if it is no C."""
        path = os.path.join(self.directory, "mutant.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return subprocess.run(
            self.compile + ["-O0", "-w", "-I", os.path.join(
                TOP, os.path.dirname(name)), "-c", path, "-o",
                self.object()], cwd=self.build, stderr=subprocess.DEVNULL,
            check=False).returncode == 0

    def object(self):
        return os.path.join(self.directory, "mutant.o")

    def make_program(self, test, made):
        """The program that a test runs; made has those that are there."""
        name, own = program_of(test)
        if name not in made:
            made[name] = os.path.join(
                self.directory, "mutant-" + name.replace("/", "-"))
            subprocess.run(
                self.link + ["-o", made[name], own, self.object(),
                             "tests/libtest.a", "src/libonehop.a"]
                + self.libraries, cwd=self.build, check=True)
        return made[name]

    def judge(self, mutant, text, tests, known):
        """The test that catches a mutant, "" if none does, None if it is no
        C or the run is interrupted."""
        if not self.make_object(mutant.file, apply(mutant, text)):
            return None
        made = {}
        place = mutant.file, mutant.line // 20
        for group in groups(sorted(tests, key=lambda test: (
                (known[test]["seconds"] + 0.1)
                / (1 + 10 * self.kills[place, test])))):
            if self.stopped:
                return None
            for test in group:
                self.make_program(test, made)
            with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
                caught = list(pool.map(
                    lambda test: self.fails(test, made, known), group))
            if any(caught):
                test = group[caught.index(True)]
                self.kills[place, test] += 1
                return test
        return ""

    def fails(self, test, made, known):
        """Does it fail twice, or take too long?"""
        limit = 3 * known[test]["seconds"] + 5
        for _ in range(2):
            fine, seconds = run_test(test, made[program_of(test)[0]],
                                     self.build, limit)
            if fine or seconds >= limit:
                break
        return not fine


class Reasons:
    """tests/mutation.reasons: FILE: REASON, and below it pairs of lines,
    indented: "- code" and "+ code of the mutant"."""

    def __init__(self):
        self.of = {}
        self.times = collections.Counter()  # how often a mutant is made
        name = before = reason = None
        for line in read(os.path.relpath(REASONS, TOP)).splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if not line[0].isspace():
                name, reason = line.split(": ", 1)
            elif line.strip().startswith("- "):
                before = line.strip()[2:]
            else:
                self.of[name, before, line.strip()[2:]] = reason

    def find(self, mutant, text):
        return self.of.get((mutant.file, *before_and_after(mutant, text)))

    def gone(self, texts):
        """The reasons for mutants that cannot be made."""
        self.times.update((name, *before_and_after(mutant, text))
                          for name, text in texts.items()
                          for mutant in mutants_of(name, text))
        return [key for key in self.of
                if key[0] in texts and self.times[key] == 0]

    def is_wrong(self, mutant, text):
        """It was caught: is its reason for it, and not for one that reads the
        same elsewhere or that the sanitizers see?"""
        key = (mutant.file, *before_and_after(mutant, text))
        return (key in self.of and self.times[key] == 1
                and not self.of[key].startswith("sanitizers: "))


class Verdicts:
    """What the runs of this build have found: "caught", "same" or "survivor"
    for each mutant that was tried, as long as its file is what it was."""

    def __init__(self, build):
        self.file = os.path.join(build, "mutation", "verdicts.json")
        self.digests = {name: hashlib.sha256(read(name).encode()).hexdigest()
                        for name in expand([files for files, _ in SUITES])}
        self.of = {}  # mutant -> verdict
        self.made = {}  # file -> the mutants that there are
        if not os.path.exists(self.file):
            return
        with open(self.file, encoding="utf-8") as file:
            for digest, place, verdict in json.load(file):
                mutant = Mutant(*place)
                if (self.digests.get(mutant.file) == digest
                        and mutant in self.all_of(mutant.file)):
                    self.of[mutant] = verdict

    def all_of(self, name):
        if name not in self.made:
            self.made[name] = set(mutants_of(name, read(name)))
        return self.made[name]

    def add(self, mutant, verdict):
        self.of[mutant] = verdict
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump([(self.digests[mutant.file], mutant, verdict)
                       for mutant, verdict in self.of.items()], file)
        os.replace(self.file + ".new", self.file)


def try_one(shop, known, tests, mutant, text):
    """The test that catches it, "" or None as judge() has it, and its words."""
    able = known.tests_for(mutant, tests, text)
    verdict = shop.judge(mutant, text, able, known.of)
    return verdict, "%s:%d: %s -> %s" % (mutant.file, mutant.line,
                                         *before_and_after(mutant, text))


def try_all(build, jobs, chosen, texts):
    """Tries mutants, that many together; yields each with its verdict and
    words."""
    suites = {name: suite_of(name) for name in texts}
    known, kills = Map(build), collections.Counter()
    for names in sorted({tuple(suites[name]) for name in texts}):
        known.learn(names, [name for name in texts
                            if tuple(suites[name]) == names])
    all_shops = [Workshop(build, f"shop-{number}", kills)
                 for number in range(jobs)]
    shops = queue.SimpleQueue()
    for shop in all_shops:
        shops.put(shop)

    def attempt(mutant):
        shop = shops.get()
        try:
            return mutant, *try_one(shop, known, suites[mutant.file], mutant,
                                    texts[mutant.file])
        finally:
            shops.put(shop)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        done = [pool.submit(attempt, mutant) for mutant in chosen]
        try:
            for future in concurrent.futures.as_completed(done):
                yield future.result()
        finally:
            for shop in all_shops:
                shop.stopped = True
            pool.shutdown(cancel_futures=True)


def try_mutants(build, jobs, chosen, texts, verdicts):
    """Tries mutants and keeps the verdicts; yields the faults."""
    reasons = Reasons()
    for key in reasons.gone(texts):
        yield "a reason for a mutant that is gone: %s: %s -> %s" % key
    for mutant in [*chosen]:
        if (verdicts.of.get(mutant) == "survivor"
                and reasons.find(mutant, texts[mutant.file])):
            verdicts.add(mutant, "same")
            chosen.remove(mutant)
    for mutant, verdict, words in try_all(build, jobs, chosen, texts):
        if verdict is None:
            continue
        reason = reasons.find(mutant, texts[mutant.file])
        kind = "caught" if verdict else "same" if reason else "survivor"
        verdicts.add(mutant, kind)
        if verdict and reasons.is_wrong(mutant, texts[mutant.file]):
            yield f"a reason for a mutant that is caught: {words}"
        if kind == "survivor":
            print(words, flush=True)


def table(texts, verdicts):
    """Prints the table; the percentage that was caught."""
    figures = {name: collections.Counter() for name in texts}
    for mutant, verdict in verdicts.items():
        figures[mutant.file][verdict] += 1
    print(f"\n{'file':<30} {'mutants':>8} {'tried':>6} {'caught':>7} "
          f"{'same':>5} {'survive':>8} {'%':>6}")
    total = collections.Counter()
    for name, of in [*sorted(figures.items()), ("all", total)]:
        all_of = (len(mutants_of(name, texts[name])) if name in texts
                  else total["all"])
        counted = of["caught"] + of["survivor"]
        print(f"{name:<30} {all_of:>8} {counted + of['same']:>6} "
              f"{of['caught']:>7} {of['same']:>5} {of['survivor']:>8} "
              f"{coverage.percent(of['caught'], counted):>6.1f}")
        if name in texts:
            total += of
            total["all"] += all_of
    return coverage.percent(total["caught"],
                            total["caught"] + total["survivor"])


SPECIMEN = """\
#define N (1 + 2)
/* a < b && c */
static int f(int a, char *b, int d[2]) { if (!a && *b == '1') a = -1;
	char c[8];
b->x = a - 2; return 0; }
"""
MUTANTS_OF_SPECIMEN = [
    "if (!a && *b == '1') -> if (!(!a && *b == '1'))",
    "if (!a && -> if (a &&", "!a && *b -> !a || *b", "*b == '1' -> *b != '1'",
    "a = -1; -> a = -0;", "a - 2 -> a + 2", "a - 2 -> a - 3",
    "return 0; -> return -1;"]


def self_test(build):
    """In TAP: the right mutants are made; one in code that no test of its
    suite sees survives; one that a test sees is caught; none at all is not."""
    made = ["%s -> %s" % before_and_after(mutant, SPECIMEN)
            for mutant in mutants_of("x.c", SPECIMEN)]
    lines = [line for line in SPECIMEN.splitlines() if line[0] not in "#/"]
    wanted = [f"{line} -> {line.replace(*change.split(' -> '), 1)}"
              for change in MUTANTS_OF_SPECIMEN
              for line in lines if change.split(" -> ")[0] in line]
    name, test = "src/config/override.c", "tests/unit/config/override.c"
    other = "tests/unit/config/line.c"
    text = read(name)
    mutants = mutants_of(name, text)
    known = {test: {"seconds": 10}, other: {"seconds": 10}}
    shop = Workshop(build)
    nothing = Mutant(name, 1, 0, 0, "")
    seen = next(mutant for mutant in mutants
                if shop.judge(mutant, text, [test], known))
    results = [
        ("the mutants are those of the specimen", sorted(made) ==
         sorted(wanted)),
        ("a mutant that changes nothing survives",
         shop.judge(nothing, text, [test], known) == ""),
        ("a mutant is caught by the test of its code",
         shop.judge(seen, text, [other, test], known) == test),
        ("the same survives where no test looks",
         shop.judge(seen, text, [other], known) == ""),
        ("what does not compile is no mutant", shop.judge(
            nothing._replace(text="?"), text, [test], known) is None)]
    print(f"1..{len(results)}")
    for number, (words, fine) in enumerate(results, 1):
        print(f"{'ok' if fine else 'not ok'} {number} - {words}")
    return 0 if all(fine for _, fine in results) else 1


def read_options():
    parser = argparse.ArgumentParser(description="mutation testing")
    parser.add_argument("-o", dest="build", default=os.path.join(TOP, "build"))
    parser.add_argument("-j", dest="jobs", type=int, default=1)
    parser.add_argument("-n", dest="sample", type=int, default=0)
    parser.add_argument("-s", dest="seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("files", nargs="*")
    return parser.parse_args()


def choose(options, texts):
    """Every n-th mutant of the files, or those of lines, from the seed-th
    on."""
    lines = {tuple(place.split(":")) for place in options.files if ":" in place}
    everything = [mutant for name in texts
                  for mutant in mutants_of(name, texts[name])
                  if name in options.files or not options.files
                  or (name, str(mutant.line)) in lines]
    step = max(1, len(everything) // options.sample) if options.sample else 1
    return everything[(options.seed - 1) % step::step]


def main():
    options = read_options()
    for number in (signal.SIGINT, signal.SIGTERM):  # may have been ignored
        signal.signal(number, signal.default_int_handler)
    build = os.path.abspath(options.build)
    os.makedirs(os.path.join(build, "mutation"), exist_ok=True)
    if options.self_test:
        return self_test(build)
    texts = {name: read(name) for name in (
        sorted({place.split(":")[0] for place in options.files})
        or expand([files for files, _ in SUITES]))}
    verdicts = Verdicts(build)
    if options.again:
        counted = {mutant for mutant in verdicts.of if mutant.file in texts}
        chosen = [mutant for mutant in sorted(counted)
                  if verdicts.of[mutant] == "survivor"]
    else:
        chosen = choose(options, texts)
        counted = set(chosen)
        if options.resume:
            chosen = [mutant for mutant in chosen
                      if mutant not in verdicts.of]
        for mutant in chosen:
            verdicts.of.pop(mutant, None)
    faults = []
    try:
        for fault in try_mutants(build, options.jobs, chosen, texts,
                                 verdicts):
            faults.append(fault)
    except KeyboardInterrupt:
        faults.append("interrupted: the table has those tried so far")
    caught = table(texts, {mutant: verdict for mutant, verdict
                           in verdicts.of.items() if mutant in counted})
    if caught < AIM:
        faults.append(f"fewer than {AIM:.0f} % are caught")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
