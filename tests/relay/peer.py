#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""-bs behind a unix socket: who may send, and as whom. The kernel says who
the client is; each row is a client's message and the reply to its end."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile

# pylint: disable=wrong-import-position
from dialogue import SECONDS, Recorder, differs
import smtpserver
from onehop import Run
from tap import Tap

# Another user if this one may become it: the socket must not tell root.
USER = pwd.getpwnam("nobody") if os.geteuid() == 0 \
    else pwd.getpwuid(os.geteuid())
NAME, UID = USER.pw_name, USER.pw_uid
LABEL = f"{NAME}({UID})"
HELD = (f"relay_from {NAME} web@example.com *@shop.example.com",
        "relay_from other *")
OK = "250 "
REFUSED = f"550 5.7.1 user {LABEL} may not "
NOBODY = "send a message from nobody knows"
LATER = "451 4.3.0 cannot "
SHIM = os.path.join(os.environ.get("top_builddir", "."),
                    "tests", "lib", "shim.so")

# name; lines of the configuration; sender; author; reply to the dot
ROWS = (
    ("everybody may", (), "a@example.com", "a@example.com", OK),
    ("a user that is named may", (f"relay_users root {NAME}",),
     "a@example.com", "a@example.com", OK),
    ("... or numbered", (f"relay_users {UID}",),
     "a@example.com", "a@example.com", OK),
    ("another may not", ("relay_users somebody 4294967294",),
     "a@example.com", "a@example.com", REFUSED + "relay"),
    ("a prefix of the name is another", (f"relay_users {NAME[:-1]}",),
     "a@example.com", "a@example.com", REFUSED + "relay"),
    ("held to addresses: its own", HELD,
     "web@example.com", "web@example.com", OK),
    ("... ignoring case", HELD, "Web@Example.com", "WEB@example.com", OK),
    ("... a pattern", HELD, "x@shop.example.com", "y@shop.example.com", OK),
    ("... not a foreign sender", HELD, "boss@example.com",
     "web@example.com", REFUSED + "send as <boss@example.com>"),
    ("... nor a foreign author", HELD, "web@example.com",
     "boss@example.com",
     REFUSED + "send a message from <boss@example.com>"),
    ("... nor a second author", HELD, "web@example.com",
     "web@example.com, boss@example.com",
     REFUSED + "send a message from <boss@example.com>"),
    ("... nor in a second field", HELD, "web@example.com",
     "web@example.com\r\nFrom: boss@example.com",
     REFUSED + "send a message from <boss@example.com>"),
    ("... nor what cannot be parsed", HELD, "web@example.com",
     "boss@example.com (", REFUSED + NOBODY),
    ("... whatever its last words are", HELD, "web@example.com",
     "Boss <boss@example.com> @shop.example.com", REFUSED + NOBODY),
    ("... unless the user may be anybody", (f"relay_from {NAME} *",),
     "web@example.com", "boss@example.com (", OK),
    ("... nor the null sender", HELD, "", "web@example.com",
     REFUSED + "send as <>"),
    ("... unless it is listed", (f"relay_from {UID} <> web@example.com",),
     "", "web@example.com", OK),
    ("lines of other users hold nobody else", ("relay_from other x@y.z",),
     "a@example.com", "a@example.com", OK),
)

# The same while the user database does not answer, or has no entries.
UNANSWERED = (
    ("a number may", (f"relay_users {UID}", f"relay_from {UID} a@example.com"),
     "fail", "a@example.com", OK),
    ("... and is held", (f"relay_from {UID} b@example.com",), "fail",
     "a@example.com", f"550 5.7.1 user {UID}({UID}) may not send as"),
    ("... which does not hold another", (f"relay_from {UID + 1} b@c.example",),
     "fail", "a@example.com", OK),
    ("a line with a name may hold the client", HELD[:1], "fail",
     "a@example.com", LATER + f"look up user {NAME}: Input/output error"),
    ("... and a list of names may have it", (f"relay_users {NAME}",), "fail",
     "a@example.com", LATER + f"look up user {NAME}: Input/output error"),
    ("the client may be another name without an entry", HELD[:1], "none",
     "a@example.com", LATER + f"tell whether user {UID} is {NAME}: "
     "neither has a passwd entry"),
    ("a number needs no entry", (f"relay_from {UID + 1} b@example.com",),
     "none", "a@example.com", OK),
)


def client(path, mail, author):
    """A child, as USER, that sends one message; its pipe with the replies."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(writer)
        return pid, reader
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(USER.pw_gid)
            os.setuid(UID)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(SECONDS)
            peer.connect(path)
            peer.sendall(f"HELO me\r\nMAIL FROM:{mail}\r\n"
                         "RCPT TO:<ann@example.org>\r\nDATA\r\n"
                         f"From: {author}\r\n\r\nhello\r\n.\r\nQUIT\r\n"
                         .encode())
            while True:
                octets = peer.recv(4096)
                if not octets:
                    break
                os.write(writer, octets)
    finally:
        os._exit(0)


def converse(run, mail, author):
    """Serves one client; the reply to the end of its content."""
    directory = tempfile.mkdtemp(prefix="onehop-peer-")
    path = os.path.join(directory, "submit")
    try:
        os.chmod(directory, 0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o666)
            listener.settimeout(SECONDS)
            listener.listen()
            pid, replies = client(path, mail, author)
            with listener.accept()[0] as connection:
                process = subprocess.Popen(
                    [os.environ.get("ONEHOP", "onehop"), "-C", run.config,
                     "-bs"], stdin=connection, stdout=connection,
                    stderr=subprocess.DEVNULL, env=run.environment,
                    cwd=run.home)
        process.wait(SECONDS)
        os.waitpid(pid, 0)
        with os.fdopen(replies, "rb") as file:
            lines = file.read().decode().splitlines()
        # greeting, HELO, MAIL, RCPT, DATA, the dot, QUIT
        return lines[5] if len(lines) == 7 else repr(lines)
    finally:
        shutil.rmtree(directory)


def served(lines, sender, author, wanted, label=LABEL, environment=None):
    smarthost = Recorder()
    server = smtpserver.Server(smarthost.serve)
    run = Run(["account default", "host 127.0.0.1", "tls off", "auth off",
               f"port {server.port}", *lines], environment)
    log = os.path.join(run.home, "log")
    run.write_config(["account default", "host 127.0.0.1", "tls off",
                      "auth off", f"port {server.port}", f"logfile {log}",
                      *lines])
    try:
        got = converse(run, f"<{sender}>", author)
        if not got.startswith(wanted):
            yield f"reply {got!r}, not {wanted!r}"
        yield from differs("messages", len(smarthost.messages),
                           int(wanted == OK))
        with open(log, encoding="utf-8") as file:
            if f" client={label} " not in file.read():
                yield "the log does not name the client"
    finally:
        server.stop()
        run.clean()


def submitters():
    """AUTH= of MAIL names a user that relay_from allows, or nobody."""
    mine = ["auth plain", "user me", "password secret"]
    web, boss = "web@example.com", "boss@example.com"
    for lines, given, wanted in (
            (HELD, web, web), (HELD, boss, "<>"), (HELD, "<>", "<>"),
            (HELD, "x+2By@shop.example.com", "x+2By@shop.example.com"),
            (HELD, "x@shop.example.com+2Eevil", "<>"),
            ((f"relay_from {NAME} *",), boss, boss), ((), boss, boss)):
        smarthost = Recorder()
        server = smtpserver.Server(smarthost.serve)
        run = Run(["account default", "host 127.0.0.1", "tls off",
                   f"port {server.port}", *mine, *lines])
        try:
            got = converse(run, f"<{web}> AUTH={given}", web)
            yield from differs("reply", got[:4], OK)
            words = smarthost.messages[0][0].decode().split()
            if f"AUTH={wanted}" not in words:
                yield f"{given} with {lines}: {words}"
        finally:
            server.stop()
            run.clean()


def unknown_client():
    """A pipe has no user."""
    run = Run(["account default", "host 127.0.0.1", "port 1", "tls off",
               "auth off", f"relay_users {NAME}"])
    run.start(["-bs"], b"HELO me\r\nMAIL FROM:<a@example.com>\r\n"
              b"RCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
    got = run.finish(SECONDS)
    run.clean()
    wanted = b"550 5.7.1 only users of a unix socket may relay"
    if wanted not in got.stdout:
        yield f"{got.stdout!r} lacks {wanted!r}"


def bad_line():
    run = Run(["account default", "host 127.0.0.1", f"relay_from {NAME}"])
    run.start(["-P", "b@example.com"], b"\n")
    got = run.finish(SECONDS)
    run.clean()
    yield from differs("status", got.status, 78)
    if b":3: relay_from: expected a user and its addresses" not in got.stderr:
        yield repr(got.stderr)


def main():
    tap = Tap()
    for name, lines, sender, author, wanted in ROWS:
        tap.run(name, served, lines, sender, author, wanted)
    for name, lines, users, sender, wanted in UNANSWERED:
        name = f"user database, {users}: {name}"
        if not os.path.exists(SHIM):
            tap.skip(name, "no shim.so")
            continue
        tap.run(name, served, lines, sender, sender, wanted, f"{UID}({UID})",
                {"LD_PRELOAD": SHIM, "SHIM_USERS": users})
    tap.run("a client without a user may not, if users are listed",
            unknown_client)
    tap.run("a user without addresses is a slip", bad_line)
    tap.run("a client names no submitter but its own", submitters)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
