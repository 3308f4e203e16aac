# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of faults.csv about a message that is to be queued."""

import os

from house import EMPTY, House, Sink, differs, fault_of, message


def refuses(house, result, words):
    """Not queued: 75, words, and nothing that a flush would send."""
    yield from fault_of(result, 75)
    for text in [b"not queued", *words]:
        if text not in result.stderr:
            yield f"stderr lacks {text!r}: {result.stderr!r}"
    yield from differs("new", house.files("new"), [])
    with Sink() as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {})


def queues(house, result, recipients=(b"you@example.net",)):
    """Queued, and delivered once by a flush."""
    yield from fault_of(result, 0)
    yield from differs("new", len(house.files("new")), 1)
    with Sink() as sink:
        house.lead_to(sink.port)
        yield from fault_of(house.flush(), 0)
        yield from differs("copies", sink.count(), {"1@x": 1})
        if sink.copies:
            yield from differs("recipients", sink.copies[0].recipients,
                               list(recipients))
            yield from differs("content", sink.copies[0].content,
                               message("1@x").replace(b"\n", b"\r\n"))
    yield from differs("mailq", house.run("-bp").stdout, EMPTY)


def inject(expression, names):
    return ["strace", "-f", "-o", os.devnull, "-e", f"trace={names}",
            "-e", f"inject={names}:{expression}"]


def writes_fail(error, words):
    """Every write to a file of the outbox; -P would not see O_EXCL files."""
    with House() as house:
        house.run("-q")
        house.send("0@x")  # all directories are there
        for path in house.files("new"):
            os.unlink(path)
        for k in range(1, 6):
            for path in house.files("new"):  # the tally alone was not written
                os.unlink(path)
            result = house.send("1@x", wrapper=inject(
                f"error={error}:when={k}", "write"))
            if b"not queued" in result.stderr:
                yield from refuses(house, result, words)
                house.lead_to(1)
                break
        else:
            yield "no write of the outbox was met"


def enospc_write():
    yield from writes_fail("ENOSPC", [b"No space left"])


def edquot():
    yield from writes_fail("EDQUOT", [b"quota"])


def sync_fails(when):
    """The outbox is there; its fsyncs are that of the file, then of new."""
    with House() as house:
        house.send("0@x")
        for path in house.files("new"):
            os.unlink(path)
        result = house.send("1@x", wrapper=inject(
            f"error=EIO:when={when}", "fsync"))
        yield from refuses(house, result, [b"Input/output error"])


def fsync_eio():
    yield from sync_fails(1)


def fsync_dir_eio():
    yield from sync_fails(2)


def link_eexist():
    with House() as house:
        yield from queues(house, house.send("1@x", wrapper=inject(
            "error=EEXIST:when=1", "linkat")))


def o_tmpfile_unsupported():
    """We ask for none."""
    with House() as house:
        trace = os.path.join(house.home, "trace")
        yield from queues(house, house.send("1@x", wrapper=[
            "strace", "-f", "-o", trace, "-e", "trace=openat"]))
        with open(trace, encoding="ascii", errors="replace") as file:
            if "O_TMPFILE" in file.read():
                yield "O_TMPFILE was asked for"


def no_proc():
    """linkat() of a name, never of /proc/self/fd."""
    with House() as house:
        trace = os.path.join(house.home, "trace")
        yield from queues(house, house.send("1@x", wrapper=[
            "strace", "-f", "-o", trace, "-e", "trace=linkat"]))
        with open(trace, encoding="ascii", errors="replace") as file:
            if "/proc" in file.read():
                yield "/proc was used"


def dir_missing():
    with House() as house:
        result = house.send("1@x")
        for path in ("", "new", "failed", "journal"):
            mode = os.stat(os.path.join(house.outbox, path)).st_mode & 0o777
            yield from differs(f"mode of outbox/{path}", oct(mode), "0o700")
        yield from queues(house, result)


def spoil_mode(house):
    os.chmod(house.outbox, 0o777)


def spoil_link(house):
    os.rename(house.outbox, house.outbox + ".real")
    os.symlink(house.outbox + ".real", house.outbox)


def spoil_place(house):
    os.chmod(os.path.join(house.outbox, "new"), 0o750)


def spoil_owner(house):
    if os.geteuid() == 0:
        os.chown(house.outbox, 12345, -1)


def dir_wrong_owner_or_mode():
    """Directories of ours become private, and that is told."""
    for spoil, status in ((spoil_mode, 0), (spoil_place, 0),
                          (spoil_link, 75), (spoil_owner, 73)):
        with House() as house:
            house.send("0@x")
            for path in house.files("new"):
                os.unlink(path)
            spoil(house)
            if spoil is spoil_owner and os.geteuid() != 0:
                continue
            result = house.send("1@x")
            yield from fault_of(result, status)
            words = b"not queued" if status else b"is private now"
            if words not in result.stderr:
                yield f"{spoil.__name__}: {result.stderr!r}"
            yield from differs("new", len(house.files("new")),
                               int(status == 0))
            if status == 0:
                for place in ("", "new", "failed", "journal"):
                    mode = os.stat(os.path.join(house.outbox, place)).st_mode
                    yield from differs(place, oct(mode & 0o777), "0o700")


def umask_0777():
    with House() as house:
        yield from queues(house, house.send("1@x", wrapper=[
            "sh", "-c", 'umask 0777; exec "$@"', "sh"]))


def rlimit_fsize():
    with House() as house:
        yield from refuses(house, house.send(
            "1@x", body=b"line\n" * 20000, wrapper=[
                "sh", "-c", 'ulimit -f 1; exec "$@"', "sh"]),
            [b"File too large"])


def queue_full():
    for limit in ("outbox_max_messages 2", "outbox_max_size 1"):
        with House(limit) as house:
            body = b"line\n" * 100000  # 600 kB as sent
            yield from fault_of(house.send("1@x", body=body), 0)
            if "messages" in limit:
                yield from fault_of(house.send("2@x", body=body), 0)
            result = house.send("3@x", body=body)
            yield from fault_of(result, 75)
            if b"not queued" not in result.stderr or \
                    b"outbox full" not in result.stderr:
                yield f"stderr: {result.stderr!r}"
            with Sink() as sink:
                house.lead_to(sink.port)
                yield from fault_of(house.flush(), 0)
                if "3@x" in sink.count():
                    yield "it was queued all the same"
