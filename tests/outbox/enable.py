#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--outbox enable and --outbox status, with schedulers that write down what
they were told."""

import os
import sys

# pylint: disable=wrong-import-position
from house import House, Sink, differs, fault_of
from tap import Tap

SYSTEMCTL = """#!/bin/sh
case $2 in
cat) exit 0 ;;
enable) echo "$*" >>$HOME/timer ;;
*) test -e $HOME/timer ;;
esac
"""

NO_SYSTEMCTL = "#!/bin/sh\nexit 1\n"

CRONTAB = """#!/bin/sh
if test "$1" = -l; then cat $HOME/tab; else cat >$HOME/tab.new &&
mv $HOME/tab.new $HOME/tab; fi
"""


class Machine(House):
    """A home with an account and no outbox, and programs of its own."""

    def __init__(self, config, **programs):
        super().__init__()
        self.bin = os.path.join(self.home, "bin")
        os.mkdir(self.bin)
        for name, text in programs.items():
            path = os.path.join(self.bin, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(path, 0o755)
        self.run_.environment["PATH"] = self.bin + ":/usr/bin:/bin"
        self.run_.write_config(config)

    def read(self, name):
        with open(os.path.join(self.home, name), encoding="ascii") as file:
            return file.read()

    def config(self):
        with open(self.run_.config, encoding="ascii") as file:
            return file.read()


def account(port):
    return ["# mine", "account default", "host 127.0.0.1", f"port {port}",
            "tls off", "from me@example.org", "", "account other",
            "host other.example"]


def enable_does_it_all():
    for programs, wanted in (
            ({"systemctl": SYSTEMCTL, "crontab": CRONTAB},
             "systemctl --user enable --now onehop-flush.timer"),
            ({"systemctl": NO_SYSTEMCTL, "crontab": CRONTAB}, "crontab -")):
        with Sink() as sink, Machine(account(sink.port),
                                     **programs) as machine:
            status = machine.run("--outbox", "status")
            yield from fault_of(status, 78)
            for words in (b"key: outbox off", b"missing: outbox on",
                          b"missing: a timer: ", wanted.encode()):
                if words not in status.stdout:
                    yield f"status lacks {words!r}: {status.stdout!r}"
            result = machine.run("--outbox", "enable")
            yield from fault_of(result, 0)
            for words in ("adds \"outbox on\"", "makes the directory",
                          wanted, "sends a test message to me@example.org",
                          "went through the outbox"):
                if words not in result.stdout.decode():
                    yield f"enable lacks {words!r}: {result.stdout!r}"
            yield from differs("config", machine.config().split("\n")[1:4], [
                "account default", "outbox on", "host 127.0.0.1"])
            yield from differs("copies", len(sink.copies), 1)
            yield from differs("new", machine.files("new"), [])
            if "crontab" in wanted:
                if not machine.read("tab").startswith("*/10 * * * * ") or \
                        not machine.read("tab").endswith(" -q\n"):
                    yield f"tab: {machine.read('tab')}"
            else:
                yield from differs("timer", machine.read("timer"),
                                   wanted[len("systemctl "):] + "\n")
            status = machine.run("--outbox", "status")
            left = [line for line in status.stdout.split(b"\n")
                    if line.startswith(b"missing")
                    and b"enable-linger" not in line]
            yield from differs("missing", left, [])


def what_is_there_stays():
    """Twice: one line of crontab, one key."""
    with Sink() as sink, Machine(account(sink.port), crontab=CRONTAB,
                                 systemctl=NO_SYSTEMCTL) as machine:
        with open(os.path.join(machine.home, "tab"), "w",
                  encoding="ascii") as file:
            file.write("@daily backup\n")
        for _ in range(2):
            yield from fault_of(machine.run("--outbox", "enable"), 0)
        yield from differs("keys", machine.config().count("outbox on"), 1)
        lines = machine.read("tab").split("\n")
        yield from differs("tab", (lines[0], len(lines)),
                           ("@daily backup", 3))


def a_crontab_that_cannot_be_read_stays():
    failing = CRONTAB.replace("cat $HOME/tab;", "echo oops >&2; exit 1;")
    with Sink() as sink, Machine(account(sink.port), crontab=failing,
                                 systemctl=NO_SYSTEMCTL) as machine:
        with open(os.path.join(machine.home, "tab"), "w",
                  encoding="ascii") as file:
            file.write("@daily backup\n")
        result = machine.run("--outbox", "enable")
        if result.status == 0:
            yield f"{result.stdout!r}"
        yield from differs("tab", machine.read("tab"), "@daily backup\n")


def the_key_goes_to_the_account_that_is_named():
    with Machine(account(1), crontab=CRONTAB,
                 systemctl=NO_SYSTEMCTL) as machine:
        machine.run("--outbox", "enable", "-a", "other")
        yield from differs("config", machine.config().split("\n")[-4:-1], [
            "account other", "outbox on", "host other.example"])


def a_test_message_that_waits_is_told():
    with Machine(account(1), crontab=CRONTAB,
                 systemctl=NO_SYSTEMCTL) as machine:
        result = machine.run("--outbox", "enable")
        yield from fault_of(result, 75)
        if b"the test message waits as 2" not in result.stderr:
            yield f"stderr: {result.stderr!r}"
        yield from differs("new", len(machine.files("new")), 1)


def a_later_line_that_turns_it_off_is_told():
    with Machine([*account(1)[:6], "outbox off"], crontab=CRONTAB,
                 systemctl=NO_SYSTEMCTL) as machine:
        result = machine.run("--outbox", "enable")
        yield from fault_of(result, 78)
        if b"turns outbox off" not in result.stderr:
            yield f"stderr: {result.stderr!r}"


def without_a_scheduler_the_rest_is_done():
    with Sink() as sink, Machine(account(sink.port), crontab=NO_SYSTEMCTL,
                                 systemctl=NO_SYSTEMCTL) as machine:
        os.unlink(os.path.join(machine.bin, "crontab"))
        machine.run_.environment["PATH"] = machine.bin
        for tool in ("id", "grep", "cat"):
            os.symlink(f"/usr/bin/{tool}", os.path.join(machine.bin, tool))
        result = machine.run("--outbox", "enable")
        yield from fault_of(result, 0)
        if b"missing: a timer: have onehop -q run" not in result.stdout:
            yield f"stdout: {result.stdout!r}"
        yield from differs("copies", len(sink.copies), 1)


def main():
    tap = Tap()
    for test in (enable_does_it_all, what_is_there_stays,
                 a_crontab_that_cannot_be_read_stays,
                 the_key_goes_to_the_account_that_is_named,
                 a_test_message_that_waits_is_told,
                 a_later_line_that_turns_it_off_is_told,
                 without_a_scheduler_the_rest_is_done):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
