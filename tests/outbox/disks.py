#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file systems and directories that an outbox may lie on."""

import os
import shutil
import subprocess
import sys
import tempfile

# pylint: disable=wrong-import-position
from enqueue_rows import queues
from house import EMPTY, House, Sink, differs, fault_of
from tap import Tap


class Skip(Exception):
    """Why a test cannot be run here."""


def without_hard_links():
    """linkat() refused as by exFAT, sshfs and CIFS; renameat2() known or
    not."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    for error in ("EPERM", "EOPNOTSUPP", "ENOSYS"):
        for rename in ((), ["-e", "inject=renameat2:error=EINVAL"],
                       ["-e", "inject=renameat2:error=EEXIST:when=1"]):
            with House() as house:
                result = house.send("1@x", wrapper=[
                    "strace", "-f", "-o", os.devnull,
                    "-e", "trace=linkat,renameat2",
                    "-e", f"inject=linkat:error={error}", *rename])
                yield from queues(house, result)


def mounted(kind, make, options, test):
    """Runs the test on a small file system of that kind."""
    if os.geteuid() != 0 or shutil.which(make[0]) is None:
        raise Skip(f"needs root and {make[0]}")
    with tempfile.TemporaryDirectory() as top:
        image = os.path.join(top, "image")
        where = os.path.join(top, "disk")
        os.mkdir(where)
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        subprocess.run([*make, image], check=True, capture_output=True)
        if subprocess.run(["mount", "-t", kind, "-o", options, image, where],
                          capture_output=True, check=False).returncode:
            raise Skip(f"{kind} cannot be mounted here")
        try:
            yield from test(where)
        finally:
            subprocess.run(["umount", where], check=False)


def on_vfat():
    def test(where):
        with House(f"outbox {where}/outbox") as house:
            house.outbox = os.path.join(where, "outbox")
            yield from queues(house, house.send("1@x"))

    yield from mounted("vfat", ["mkfs.vfat"], "loop,umask=077", test)


def on_a_disk_that_became_read_only():
    """mailq, list and show work; -q says why it cannot."""
    def test(where):
        with House(f"outbox {where}/outbox") as house:
            house.outbox = os.path.join(where, "outbox")
            yield from fault_of(house.send("1@x"), 0)
            name = os.path.basename(house.files("new")[0])
            subprocess.run(["mount", "-o", "remount,ro", where], check=True)
            for args, words in (
                    (["-bp"], b" in 1 message"),
                    (["--outbox", "list"], b" in 1 message"),
                    (["-bp", "--json"], name.encode()),
                    (["--outbox", "show", name], b"Message-ID: <1@x>")):
                result = house.run(*args)
                yield from fault_of(result, 0)
                if words not in result.stdout:
                    yield f"{args}: {result.stdout!r}"
            result = house.flush()
            yield from fault_of(result, 75)
            if b"Read-only file system" not in result.stderr:
                yield f"-q: {result.stderr!r}"

    yield from mounted("ext4", ["mkfs.ext4", "-q", "-F"], "loop", test)


def a_directory_that_is_no_outbox_is_left_as_it_is():
    """A mistake in the configuration must not close /tmp."""
    with House() as house:
        other = os.path.join(house.home, "other")
        os.mkdir(other)
        os.chmod(other, 0o755)
        result = house.send("1@x", f"--outbox={other}", "you@example.net")
        yield from fault_of(result, 73)
        yield from differs("mode", oct(os.stat(other).st_mode & 0o777),
                           "0o755")
        yield from differs("entries", os.listdir(other), [])


def as_nobody(*args, **keywords):
    return subprocess.run(args, user=65534, group=65534, extra_groups=[],
                          capture_output=True, check=False, **keywords)


def what_cannot_be_looked_at_is_not_empty():
    """As a user who may not: his outbox, his file, a state directory that is
    not his."""
    if os.geteuid() != 0:
        raise Skip("needs root, to become another user")
    with tempfile.TemporaryDirectory() as top:
        program = os.path.join(top, "onehop")
        shutil.copy(os.environ["ONEHOP"], program)
        home = os.path.join(top, "home")
        box = os.path.join(home, ".local/state/onehop/outbox")
        foreign = os.path.join(top, "foreign")
        os.makedirs(os.path.join(foreign, "onehop/outbox/new"))
        os.makedirs(os.path.join(home, ".config/onehop"))
        config = os.path.join(home, ".config/onehop/config")
        with open(config, "w", encoding="ascii") as file:
            file.write("host 127.0.0.1\nport 1\ntls off\noutbox on\n"
                       "from me@example.org\n")
        subprocess.run(["chown", "-R", "65534:65534", home], check=True)
        os.chmod(top, 0o755)
        environment = {"HOME": home, "PATH": os.environ["PATH"]}
        try:
            result = as_nobody(program, "-i", "you@example.net",
                               input=b"Subject: x\n\nx\n", env=environment)
        except PermissionError as error:
            raise Skip("another user can run nothing here") from error
        if result.returncode != 0:
            raise Skip("the program does not run elsewhere")

        def looks(**more):
            for args in (["-bp"], ["--outbox", "list"], ["-q"]):
                result = as_nobody(program, *args,
                                   env={**environment, **more})
                if result.returncode != 78 or EMPTY in result.stdout or \
                        not result.stderr.startswith(b"onehop: "):
                    yield f"{args}, {more}: {result}"

        for path in (config, box, os.path.join(box, "new")):
            mode = os.stat(path).st_mode
            os.chown(path, 65534, 65534)
            os.chmod(path, 0)
            for fault in looks():
                yield f"{os.path.relpath(path, home)}: {fault}"
            os.chmod(path, mode)
        yield from looks(XDG_STATE_HOME=foreign)


def the_usual_outbox_is_found_beside_another():
    """XDG_STATE_HOME is set in the shell alone."""
    with House() as house, Sink() as sink:
        house.send("1@x")
        state = os.path.join(house.home, "state")
        house.run_.environment["XDG_STATE_HOME"] = state
        if b" in 1 message" not in house.run("-bp").stdout:
            yield "mailq does not know it"
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})


def an_outbox_that_is_gone_is_not_empty():
    """Its disk is not mounted. One that was never used is empty."""
    with House() as house, Sink() as sink:
        other = os.path.join(house.home, "disk/box")
        house.send("1@x")
        house.extra = [f"outbox {other}"]
        house.lead_to(1)
        for args in (["-bp"], ["-q"]):
            yield from fault_of(house.run(*args), 0)
        yield from fault_of(house.send("2@x"), 0)
        os.rename(f"{house.home}/disk", f"{house.home}/away")
        os.mkdir(f"{house.home}/disk")
        house.lead_to(sink.port)
        for args in (["-bp"], ["-q"], ["--outbox", "list"],
                     ["--outbox", "retry", "all"]):
            result = house.run(*args)
            yield from fault_of(result, 78)
            if EMPTY in result.stdout or other.encode() + \
                    b" has been used before and is gone" \
                    not in result.stderr:
                yield f"{args}: {result}"
        yield from differs("copies", sink.count(), {"1@x": 1})
        # whoever has removed it has a new one with the next message
        house.lead_to(1)
        yield from fault_of(house.send("3@x"), 0)
        yield from fault_of(house.run("-bp"), 0)
        shutil.rmtree(f"{house.home}/disk")
        os.rename(f"{house.home}/away", f"{house.home}/disk")
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1, "2@x": 1})


def a_message_does_not_hide_below_a_disk():
    """One that is not mounted: there, nobody would find it."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    with House() as house, Sink() as sink:
        disk = os.path.join(house.home, "disk")
        box = os.path.join(disk, "box")
        os.mkdir(disk)
        house.extra = [f"outbox {box}"]
        house.lead_to(1)
        mount = ["mount", "-t", "tmpfs", "-o", "mode=700", "none", disk]
        if subprocess.run(mount, capture_output=True,
                          check=False).returncode:
            raise Skip("tmpfs cannot be mounted here")
        try:
            yield from fault_of(house.send("1@x"), 0)
        finally:
            subprocess.run(["umount", disk], check=True)
        for name in ("2@x", "3@x"):
            result = house.send(name)
            yield from fault_of(result, 75)
            if b"not queued: outbox " + box.encode() + \
                    b" has been used before and is gone" \
                    not in result.stderr:
                yield f"{result}"
        yield from fault_of(house.run("-bp"), 78)
        yield from differs("below the disk", os.listdir(disk), [])
        subprocess.run(mount, check=True)
        try:
            # another disk, or one that was made anew
            yield from fault_of(house.send("4@x"), 0)
            house.lead_to(sink.port)
            yield from fault_of(house.flush(), 0)
        finally:
            subprocess.run(["umount", disk], check=True)
        yield from differs("copies", sink.count(), {"4@x": 1})


def main():
    tap = Tap()
    for test in (without_hard_links, on_vfat,
                 on_a_disk_that_became_read_only,
                 a_directory_that_is_no_outbox_is_left_as_it_is,
                 what_cannot_be_looked_at_is_not_empty,
                 the_usual_outbox_is_found_beside_another,
                 an_outbox_that_is_gone_is_not_empty,
                 a_message_does_not_hide_below_a_disk):
        name = test.__name__.replace("_", " ")
        try:
            tap.check(name, list(test()))
        except Skip as reason:
            tap.skip(name, str(reason))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
