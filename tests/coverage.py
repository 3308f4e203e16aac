#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines and branches of src/ the tests run: a build with gcov's counters.

usage: tests/coverage.py [-o DIRECTORY] [-b] [run [SUITE]]

DIRECTORY (default build/coverage) is the build. "run" configures and builds
it, sets the counters to zero and runs "make SUITE" there (default check);
without it the counters are read as they are. The output is one table of the
folders, and below it the lines of each file that no test ran, with their
function and the reason of tests/coverage.reasons; -b lists the conditions as
well that never went one of their ways.

How it counts: lines are those for which gcc made code at -O0. A branch is a
way out of a condition: each operand of && and ||, each case of a switch, each
?: and each loop has its own, and a macro's conditions count as if they were
written out. Nothing is excluded: allocation that fails ends the program in
base/xmalloc and nowhere else, and the program has no assertions. onehop-token
is a program of its own and has no row.

What ends a process does not lose its counters: tests/coverage.c. SIGKILL does;
tests that kill the program that way add what its other runs have done.

Exit status 1: a folder misses its aim, a line of such a folder has no reason,
or a reason is for a line that a test runs or that is not there.
"""

import argparse
import collections
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REASONS = os.path.join(TOP, "tests", "coverage.reasons")
FOLDERS = ("base format net tls message config envelope auth smtp report "
           "outbox server setup cli").split()
AIMED = ("format", "smtp", "outbox", "tls", "auth")
AIM_LINES, AIM_BRANCHES = 97.0, 90.0


class Line:
    """What gcov knows of one source line."""

    def __init__(self, function):
        self.function = function
        self.count = 0
        self.branches = []  # how often each way was gone

    def add(self, record):
        self.count += record["count"]
        ways = [branch["count"] for branch in record["branches"]]
        if len(ways) > len(self.branches):
            self.branches += [0] * (len(ways) - len(self.branches))
        for i, count in enumerate(ways):
            self.branches[i] += count


def notes_of(build, names):
    """The notes that gcc wrote about the objects, or those of some files."""
    if names:
        return [os.path.join(build, name[:-2] + ".gcno") for name in names]
    return [os.path.join(path, name)
            for folder in FOLDERS
            for path, _, names in os.walk(os.path.join(build, "src", folder))
            for name in sorted(names) if name.endswith(".gcno")]


def collect(build, names=()):
    """{file: {line number: Line}} of all objects, or of those of some files."""
    files = collections.defaultdict(dict)
    for note in notes_of(build, names):
        said = subprocess.run(
            ["gcov", "--json-format", "--stdout", "-b", note], cwd=build,
            check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if said.returncode != 0:
            sys.exit(f"coverage: {note}: {said.stderr.decode()}")
        for text in said.stdout.splitlines():
            for file in json.loads(text)["files"]:
                path = os.path.realpath(os.path.join(build, file["file"]))
                name = os.path.relpath(path, TOP)
                if not name.startswith("src/"):
                    continue
                for record in file["lines"]:
                    line = files[name].setdefault(
                        record["line_number"],
                        Line(record.get("function_name", "")))
                    line.add(record)
    return files


class Reasons:
    """tests/coverage.reasons: FILE FUNCTION: REASON, and below it the lines of
    code that it is for, indented."""

    def __init__(self):
        self.of = {}  # (file, function, code) -> reason
        self.used = set()
        with open(REASONS, encoding="utf-8") as file:
            head = reason = None
            for line in file:
                if line.startswith("#") or not line.strip():
                    continue
                if line[0].isspace():
                    self.of[(*head, line.strip())] = reason
                    continue
                place, reason = line.strip().split(": ", 1)
                head = place.split(" ")
                if len(head) != 2:
                    sys.exit(f"{REASONS}: FILE FUNCTION: REASON: {line}")

    def find(self, *key):
        self.used.add(key)
        return self.of.get(key)

    def stale(self):
        return [f"{file}: {function}: a reason for a line that is run or "
                f"gone: {code}" for file, function, code in self.of
                if (file, function, code) not in self.used]


def source(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read().splitlines()


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def spans(numbers):
    """1,2,3,5 as 1-3,5."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def table(files):
    """Prints the folders; yields what misses its aim."""
    print(f"{'folder':<10} {'lines':>6} {'run':>6} {'%':>6} "
          f"{'branches':>9} {'gone':>6} {'%':>6}  aim")
    for folder in FOLDERS:
        lines = [line for name, of in files.items()
                 if name.startswith(f"src/{folder}/") for line in of.values()]
        ways = [way for line in lines for way in line.branches]
        run = sum(line.count > 0 for line in lines)
        gone = sum(way > 0 for way in ways)
        aim = folder in AIMED
        print(f"{folder + '/':<10} {len(lines):>6} {run:>6} "
              f"{percent(run, len(lines)):>6.1f} {len(ways):>9} {gone:>6} "
              f"{percent(gone, len(ways)):>6.1f}  "
              + (f"{AIM_LINES:.0f} {AIM_BRANCHES:.0f}" if aim else "-"))
        if aim and percent(run, len(lines)) < AIM_LINES:
            yield f"{folder}/ misses {AIM_LINES:.0f} % of its lines"
        if aim and percent(gone, len(ways)) < AIM_BRANCHES:
            yield f"{folder}/ misses {AIM_BRANCHES:.0f} % of its branches"


def is_aimed(name):
    return name.split("/")[1] in AIMED


def show_lines(name, lines, reasons):
    """Prints the lines that were not run; yields those without a reason."""
    code = source(name)
    groups = collections.defaultdict(list)
    for number in sorted(lines):
        line = lines[number]
        if line.count == 0:
            reason = reasons.find(name, line.function,
                                  code[number - 1].strip())
            groups[line.function, reason].append(number)
    for (function, reason), numbers in groups.items():
        print(f"  {function}: {spans(numbers)}"
              + (f": {reason}" if reason else ""))
        if reason is None and is_aimed(name):
            yield f"{name}: {function}: {spans(numbers)}: no reason"


def show_branches(name, lines):
    code = source(name)
    for number in sorted(lines):
        line = lines[number]
        if line.count > 0 and 0 in line.branches:
            ways = " ".join(str(way) for way in line.branches)
            print(f"  {number}: {line.function}: [{ways}] "
                  f"{code[number - 1].strip()}")


def report(build, with_branches):
    files = collect(build)
    if not files:
        sys.exit(f"coverage: {build} has no build with counters")
    reasons = Reasons()
    faults = list(table(files))
    for name in sorted(files):
        lines = files[name]
        missed = sum(line.count == 0 for line in lines.values())
        ways = [way for line in lines.values() for way in line.branches]
        if missed or with_branches and 0 in ways:
            print(f"\n{name}: {missed} of {len(lines)} lines not run, "
                  f"{ways.count(0)} of {len(ways)} branches not gone")
        faults += show_lines(name, lines, reasons)
        if with_branches:
            show_branches(name, lines)
    faults += reasons.stale()
    print()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def counters(build):
    return [os.path.join(path, name) for path, _, names in os.walk(build)
            for name in names if name.endswith(".gcda")]


def build_with_counters(build):
    os.makedirs(build, exist_ok=True)
    if not os.path.exists(os.path.join(build, "Makefile")):
        subprocess.run([os.path.join(TOP, "configure"), "--quiet",
                        "--enable-coverage", "CFLAGS=-g -O0",
                        f"PYTHON={sys.executable}"], cwd=build, check=True)
    subprocess.run(["make", "-s", "all", "units"], cwd=build, check=True)


def run(build, suite):
    """A build with counters at zero, and the suite in it. What fails there
    fails in make check as well; here it is counted and told."""
    build_with_counters(build)
    for path in counters(build):
        os.unlink(path)
    # Tests give up root before they run the program; they trust no directory
    # that others can write, so the others are as they were.
    subprocess.run(["chmod", "-R", "a+rwX", os.path.join(build, "src")],
                   check=True)
    subprocess.run(["make", "-s", "-k", suite], cwd=build, check=False,
                   env={**os.environ, "GCOV_ERROR_FILE": "/dev/null"})


def main():
    parser = argparse.ArgumentParser(description="which lines tests run")
    parser.add_argument("-o", dest="build",
                        default=os.path.join(TOP, "build", "coverage"))
    parser.add_argument("-b", dest="branches", action="store_true")
    parser.add_argument("verb", nargs="?", choices=["run"])
    parser.add_argument("suite", nargs="?", default="check")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    if options.verb == "run":
        run(build, options.suite)
    return report(build, options.branches)


if __name__ == "__main__":
    sys.exit(main())
