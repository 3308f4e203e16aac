#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--all-users: root serves the outboxes below a shared directory, each as its
owner, and trusts nothing in there."""

import json
import os
import pty
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading

# pylint: disable=wrong-import-position
from house import EMPTY, SECONDS, Sink, differs, message
import onehop
from tap import Tap, skip_all

# Users of every Debian, BSD and Fedora.
USERS = [name for name in ("daemon", "games", "nobody", "bin")
         if name in (entry.pw_name for entry in pwd.getpwall())][:3]
PLAIN = (b"250-sink\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n")


def offers_plain(verb, line, sink):
    del line, sink
    return PLAIN if verb == b"EHLO" else None


class Machine:
    """A shared directory, and a configuration that everybody can read."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="onehop-test-")
        os.chmod(self.top, 0o755)
        self.spool = os.path.join(self.top, "spool")
        os.mkdir(self.spool)
        os.chmod(self.spool, 0o1777)
        self.notes = os.path.join(self.top, "notes")
        os.mkdir(self.notes)
        os.chmod(self.notes, 0o1777)
        # where a user who is not root can execute it
        self.program = os.path.join(self.top, "onehop")
        shutil.copy(os.environ["ONEHOP"], self.program)
        os.chmod(self.program, 0o755)
        self.config = os.path.join(self.top, "config")
        self.lead_to(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def lead_to(self, port, *lines):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join([
                "account default", "host 127.0.0.1", f"port {port}",
                "tls off", "from me@example.org", "domain client.example",
                f"outbox {self.spool}/%u", *lines]) + "\n")
        os.chmod(self.config, 0o644)

    def start(self, *args, user="root", stdin=subprocess.PIPE,
              stderr=subprocess.PIPE):
        entry = pwd.getpwnam(user)
        options = {} if user == "root" else {
            "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [self.program, "-C", self.config, *args], cwd="/",
            stdin=stdin, stdout=subprocess.PIPE,
            stderr=stderr, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": self.top,
                 "LC_ALL": "C", "ROOTS_SECRET": "x", "USER": "root",
                 "LOGNAME": "root",
                 "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99"},
            **options)

    def run(self, *args, user="root", stdin=b""):
        run = self.start(*args, user=user)
        out, err = run.communicate(stdin, SECONDS)
        return run.returncode, out.decode(), err.decode()

    def send(self, user, name):
        return self.run("-i", "you@example.net", user=user,
                        stdin=message(name))

    def queue(self, *users):
        """A message of each, which nobody takes yet."""
        for user in users:
            status, _, err = self.send(user, f"1@{user}")
            if status != 0:
                raise RuntimeError(f"{user} cannot queue: {err}")

    def plant(self, name, user):
        path = os.path.join(self.spool, name)
        os.mkdir(path, 0o700)
        os.chown(path, pwd.getpwnam(user).pw_uid, -1)


def a_first_message_makes_a_directory_of_its_user():
    """Also when the run has given up its rights, for an open session."""
    def tired(verb, *_):
        return b"451 4.3.0 later\r\n" if verb == b"MAIL" else None

    for answer in (tired, lambda *_: b""):
        with Machine() as machine, Sink(answer) as sink:
            machine.lead_to(sink.port)
            for user in USERS:
                status, _, err = machine.send(user, "1@x")
                yield from differs(f"{user}: status", status, 0)
                yield from differs(f"{user}: stderr", err, "")
                found = os.lstat(os.path.join(machine.spool, user))
                yield from differs("mode", stat.filemode(found.st_mode),
                                   "drwx------")
                yield from differs("owner", found.st_uid,
                                   pwd.getpwnam(user).pw_uid)


def each_is_served_as_its_owner():
    """What a command of the configuration sees says who runs it."""
    command = ('(id -u; id -g; id -G; umask; echo "$HOME $USER $LOGNAME"; '
               'echo "${ROOTS_SECRET-unset}"; pwd; '
               'ls -l /proc/self/fd | wc -l; '
               'test -t 0 || (: </dev/tty) 2>&1 | tail -c 0; echo end) '
               '>%s/$(id -u); echo secret')
    with Machine() as machine, Sink(offers_plain) as sink:
        users = [*USERS, "root"]
        machine.queue(*users)
        machine.lead_to(sink.port, "auth plain", "user me",
                        "passwordeval " + command % machine.notes)
        yield from differs("run", machine.run("-q", "--all-users"),
                           (0, "", ""))
        yield from differs("copies", sink.count(),
                           {f"1@{user}": 1 for user in users})
        for user in users:
            entry = pwd.getpwnam(user)
            path = os.path.join(machine.notes, str(entry.pw_uid))
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            yield from differs(f"owner of {path}", os.stat(path).st_uid,
                               entry.pw_uid)
            groups = " ".join(map(str, os.getgrouplist(user, entry.pw_gid)))
            there = entry.pw_dir if os.path.isdir(entry.pw_dir) else "/"
            yield from differs("directory", lines[6],
                               os.path.realpath(there))
            yield from differs(user, lines[:6], [
                str(entry.pw_uid), str(entry.pw_gid), groups, "0077",
                f"{entry.pw_dir} {user} {user}", "unset"])


def root_is_served_too():
    with Machine() as machine, Sink() as sink:
        machine.queue("root")
        machine.lead_to(sink.port)
        yield from differs("run", machine.run("-q", "--all-users"),
                           (0, "", ""))
        yield from differs("copies", sink.count(), {"1@root": 1})


def nothing_waits():
    with Machine() as machine:
        yield from differs("-q", machine.run("-q", "--all-users"),
                           (0, "", ""))
        yield from differs("mailq", machine.run("-bp", "--all-users"),
                           (0, "", ""))
        yield from differs("--json", machine.run("-bp", "--all-users",
                                                 "--json"), (0, "[]\n", ""))


def ageless(text):
    return re.sub(r"\d+ s ago", "N s ago", text)


def mailq_has_a_line_for_each_user():
    with Machine() as machine:
        machine.queue(*USERS)
        wanted = "".join(
            f"{user}: {machine.spool}/{user}\n" +
            machine.run("-bp", user=user)[1] for user in sorted(USERS))
        status, out, err = machine.run("-bp", "--all-users")
        yield from differs("mailq", (status, err), (0, ""))
        yield from differs("list", ageless(out), ageless(wanted))
        if EMPTY.decode() in wanted or "1@" in wanted:
            yield f"mailq: {wanted}"
        status, out, _ = machine.run("--outbox", "list", "--all-users",
                                     "--json")
        yield from differs("status", status, 0)
        yield from differs(
            "outboxes", [found["outbox"] for found in json.loads(out)],
            [f"{machine.spool}/{user}" for user in sorted(USERS)])


def a_long_list_is_whole():
    """One that is read in several pieces."""
    user = USERS[0]
    with Machine() as machine:
        names = [f"somebody-with-a-long-name-{i}@example.net"
                 for i in range(2500)]
        status, _, err = machine.run("-i", "--", *names, user=user,
                                     stdin=message("1@x"))
        yield from differs("queued", (status, err), (0, ""))
        wanted = machine.run("-bp", user=user)[1]
        if len(wanted) < 100000:
            yield f"{len(wanted)} octets"
        status, out, _ = machine.run("-bp", "--all-users")
        yield from differs("status", status, 0)
        if ageless(out) != ageless(
                f"{user}: {machine.spool}/{user}\n" + wanted):
            yield f"{len(out)} of {len(wanted)} octets"


def a_list_of_a_hundred_megabytes_is_cut():
    """What fits is shown, and the rest is an error."""
    user, mebibyte = USERS[0], 1 << 20
    with Machine() as machine:
        machine.queue(user)
        place = os.path.join(machine.spool, user, "new")
        [name] = os.listdir(place)
        path = os.path.join(place, name)
        with open(path, "rb") as file:
            start, more = file.read().split(b"recipient ", 1)
        names = b"recipient %s@%sexample.net\n" % (
            b"x" * 60, (b"y" * 60 + b".") * 2)
        with open(path, "wb") as file:
            file.write(start + names * (15 * mebibyte // len(names)) +
                       b"recipient " + more)
        for i in range(6):
            os.link(path, f"{path[:-1]}{'ghijkl'[i]}")
        told = (f"onehop: {user}\nonehop: %s\n"
                f"onehop: users with an error: {user} (70)\n")
        status, out, err = machine.run("-bp", "--all-users")
        yield from differs("mailq", (status, err),
                           (70, told % "list cut off"))
        if not 63 * mebibyte < len(out) < 65 * mebibyte:
            yield f"{len(out)} octets"
        status, out, err = machine.run("--outbox", "list", "--all-users",
                                       "--json")
        yield from differs("list", (status, err, out),
                           (70, told % "incomplete list", "[]\n"))


def stdin_is_left_alone():
    with Machine() as machine, Sink() as sink, \
            tempfile.TemporaryFile() as file:
        file.write(b"not for the program\n" * 100)
        file.seek(0)
        machine.queue(USERS[0])
        machine.lead_to(sink.port)
        for args in (("-q",), ("-bp",)):
            run = machine.start(*args, "--all-users", stdin=file.fileno())
            run.communicate(None, SECONDS)
            yield from differs("status", run.returncode, 0)
            yield from differs("read", os.lseek(file.fileno(), 0,
                                                os.SEEK_CUR), 0)


def a_list_that_one_cannot_give_is_left_out():
    closed, given = USERS[:2]
    with Machine() as machine:
        machine.queue(closed, given)
        os.chmod(os.path.join(machine.spool, closed, "new"), 0)
        status, out, err = machine.run("-bp", "--all-users", "--json")
        yield from differs("outboxes", [
            found["outbox"] for found in json.loads(out)],
            [f"{machine.spool}/{given}"])
        last = f"onehop: users with an error: {closed} ({status})\n"
        if status == 0 or not err.endswith(last):
            yield f"{status}: {err}"
        status, out, err = machine.run("-bp", "--all-users")
        if status == 0 or f"{given}: " not in out:
            yield f"{status}: {out}"


def what_others_plant_is_left_alone():
    victim, mallory = USERS[:2]
    with Machine() as machine, Sink() as sink:
        machine.queue(mallory)
        machine.plant(victim, mallory)
        machine.plant("x\x1b[2J", mallory)
        other = os.path.join(machine.spool, USERS[2])
        os.symlink("/etc", other)
        os.lchown(other, pwd.getpwnam(USERS[2]).pw_uid, -1)
        machine.lead_to(sink.port)
        status, out, err = machine.run("-q", "--all-users")
        yield from differs("status", status, 73)
        yield from differs("stdout", out, "")
        yield from differs("stderr", sorted(err.splitlines()), sorted([
            f"onehop: left alone: {machine.spool}/{victim} belongs to user "
            f"{mallory}",
            f"onehop: left alone: {machine.spool}/x\\x1B[2J belongs to user "
            f"{mallory}",
            f"onehop: left alone: {other} is not a directory",
            "onehop: some directories are no user's"]))
        yield from differs("copies", sink.count(), {f"1@{mallory}": 1})
        yield from differs("planted", os.listdir(os.path.join(
            machine.spool, victim)), [])
        machine.lead_to(1)
        status, _, err = machine.send(victim, "2@x")
        yield from differs("status of the victim", status, 78)
        if f"not queued: outbox: cannot open {machine.spool}/{victim}: " \
                not in err:
            yield err
        yield from differs("another's directory takes no message",
                           os.listdir(os.path.join(machine.spool, victim)),
                           [])


def many_are_counted():
    with Machine() as machine:
        for i in range(1000):
            machine.plant(f"x{i}", USERS[0])
        status, _, err = machine.run("-bp", "--all-users")
        yield from differs("status", status, 73)
        yield from differs("lines", len(err.splitlines()), 12)
        if "left alone: 990 more\n" not in err:
            yield err


def what_root_puts_there_is_no_fault():
    with Machine() as machine:
        os.mkdir(os.path.join(machine.spool, "lost+found"))
        yield from differs("run", machine.run("-q", "--all-users"),
                           (0, "", ""))


def the_worst_status_counts():
    good, bad, tired = USERS

    def answer(verb, line, sink):
        del sink
        if verb == b"RCPT" and line.startswith(b"RCPT TO:<bad"):
            return b"550 5.1.1 nobody\r\n"
        if verb == b"RCPT" and line.startswith(b"RCPT TO:<tired"):
            return b"450 4.2.0 later\r\n"
        return None

    with Machine() as machine, Sink(answer) as sink:
        for user, name in ((good, "good"), (bad, "bad"), (tired, "tired")):
            machine.run("-i", f"{name}@example.net", user=user,
                        stdin=message(f"{name}@x"))
        machine.lead_to(sink.port)
        status, out, err = machine.run("-q", "--all-users")
        yield from differs("status", status, 69)
        yield from differs("stdout", out, "")
        yield from differs("copies", sink.count(), {"good@x": 1})
        lines = err.splitlines()
        yield from differs("header", lines[0], f"onehop: {bad}")
        if "550 5.1.1 nobody" not in lines[1]:
            yield err
        yield from differs("last", lines[-1],
                           f"onehop: users with an error: {bad} (69)")


def a_user_who_hangs_holds_up_nobody():
    hanging = USERS[0]
    ended = threading.Event()

    def answer(verb, line, sink):
        del sink
        if verb == b"MAIL" and line.startswith(b"MAIL FROM:<hanging"):
            ended.wait(SECONDS)

    with Machine() as machine, Sink(answer) as sink:
        for user in USERS:
            machine.run("-i", "-f", "hanging@example.org" if user == hanging
                        else "me@example.org", "you@example.net", user=user,
                        stdin=message(f"1@{user}"))
        machine.lead_to(sink.port)
        run = machine.start("-q", "--all-users")
        others = {f"1@{user}": 1 for user in USERS[1:]}
        for _ in range(50 * SECONDS):
            if sink.count() == others:
                break
            threading.Event().wait(0.02)
        yield from differs("copies of the others", sink.count(), others)
        yield from differs("running", run.poll(), None)
        ended.set()
        out, err = run.communicate(b"", SECONDS)
        yield from differs("run", (run.returncode, out, err), (0, b"", b""))
        yield from differs("copies", len(sink.count()), len(USERS))


def programs_of_users(machine):
    """Processes that run the machine's program."""
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == machine.program:
                left.append(pid)
        except OSError:
            pass
    return left


def a_signal_ends_all_of_them():
    ended, met = threading.Event(), threading.Event()

    def answer(verb, *_):
        if verb == b"greeting":
            met.set()
            ended.wait(SECONDS)

    with Machine() as machine, Sink(answer) as sink:
        machine.queue(*USERS)
        machine.lead_to(sink.port)
        run = machine.start("-q", "--all-users")
        met.wait(SECONDS)
        run.send_signal(signal.SIGTERM)
        try:  # stdin stays open: it is not read
            run.wait(SECONDS / 12)
        except subprocess.TimeoutExpired:
            yield "it waits for stdin"
        run.communicate(b"", SECONDS)
        yield from differs("status", run.returncode, -signal.SIGTERM)
        yield from differs("left", programs_of_users(machine), [])
        ended.set()


def what_a_user_writes_is_escaped_and_cut():
    noisy = USERS[0]
    with Machine() as machine, Sink(offers_plain) as sink:
        machine.queue(noisy)
        machine.lead_to(
            sink.port, "auth plain", "user me",
            r"passwordeval printf '\033[2J' >&2; yes xxxxxxxxxxxxxxxxxxx | "
            "head -c 1000000 >&2; echo secret")
        status, _, err = machine.run("-q", "--all-users")
        yield from differs("status", status, 0)
        yield from differs("head", err[:len(noisy) + 19],
                           f"onehop: {noisy}\n\\x1B[2Jxxx")
        if "\x1b" in err or len(err) > 70000:
            yield f"{len(err)} octets: {err[:100]!r}"
        if "onehop: messages cut off\n" not in err:
            yield f"{err[-100:]!r}"


def a_terminal_shows_what_each_flush_did():
    with Machine() as machine, Sink() as sink:
        machine.queue(USERS[0])
        machine.lead_to(sink.port)
        ours, theirs = pty.openpty()
        run = machine.start("-q", "--all-users", stderr=theirs)
        os.close(theirs)
        said = b""
        try:
            while True:
                said += os.read(ours, 65536)
        except OSError:  # its other end is closed
            pass
        os.close(ours)
        run.communicate(b"", SECONDS)
        yield from differs("said", said.decode().replace("\r\n", "\n"),
                           f"onehop: {USERS[0]}\n"
                           "onehop: 1 sent, 0 waiting, 0 given up\n")


def only_root_may():
    with Machine() as machine:
        status, out, err = machine.run("-q", "--all-users", user=USERS[0])
        yield from differs("status", status, 77)
        yield from differs("stdout", out, "")
        if "only root can" not in err or "hint: " not in err:
            yield err


def the_shared_directory_is_roots_and_sticky():
    with Machine() as machine:
        for mode, uid in ((0o777, 0), (0o1777, 12345), (0o775, 0)):
            os.chmod(machine.spool, mode)
            os.chown(machine.spool, uid, -1)
            status, _, err = machine.run("-q", "--all-users")
            yield from differs(f"status with {mode:o} {uid}", status, 78)
            if "expected mode 1777 and user 0" not in err:
                yield err
        os.rmdir(machine.spool)
        status, _, err = machine.run("-q", "--all-users")
        yield from differs("status without it", status, 78)
        if f"hint: make it: install -d -m 1777 {machine.spool}\n" not in err:
            yield err


def wrong_words():
    with Machine() as machine:
        for args, status, words in [
                (("--all-users", "you@example.net"), 64, "expected -q, -bp"),
                (("--all-users", "--outbox", "show", "x"), 64, "expected -q"),
                (("-q", "--all-users", "x"), 64, "no recipients"),
                (("-q", "--all-users", "-C", "config"), 64,
                 "-C needs an absolute path"),
                (("-q", "--all-users", "--outbox=/x/%u/y"), 78,
                 "ends in /%u, not \"/x/%u/y\"")]:
            result = machine.run(*args)
            yield from differs(f"{args}", result[0], status)
            if words not in result[2]:
                yield f"{args}: {result[2]}"
        with open(machine.config, "w", encoding="utf-8") as file:
            file.write("host 127.0.0.1\noutbox on\n")
        status, _, err = machine.run("-q", "--all-users")
        yield from differs("status without %u", status, 78)
        if "hint: set outbox in the system's config file" not in err:
            yield err


def main():
    tap = Tap()
    if os.geteuid() != 0:
        skip_all("becoming other users needs root")
    if len(USERS) < 3:
        skip_all("three of the system's users are not there")
    for test in (a_first_message_makes_a_directory_of_its_user,
                 each_is_served_as_its_owner,
                 root_is_served_too,
                 nothing_waits,
                 mailq_has_a_line_for_each_user,
                 a_long_list_is_whole,
                 a_list_of_a_hundred_megabytes_is_cut,
                 stdin_is_left_alone,
                 a_list_that_one_cannot_give_is_left_out,
                 what_others_plant_is_left_alone,
                 many_are_counted,
                 what_root_puts_there_is_no_fault,
                 the_worst_status_counts,
                 a_user_who_hangs_holds_up_nobody,
                 a_signal_ends_all_of_them,
                 what_a_user_writes_is_escaped_and_cut,
                 a_terminal_shows_what_each_flush_did,
                 only_root_may,
                 the_shared_directory_is_roots_and_sticky,
                 wrong_words):
        name = test.__name__.replace("_", " ")
        if test is a_list_of_a_hundred_megabytes_is_cut and \
                onehop.is_sanitized():
            tap.skip(name, "with sanitizers it may take more than a minute")
        else:
            tap.run(name, test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
