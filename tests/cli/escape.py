#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Octets that others chose - of addresses, fields, replies, files and names -
reach a terminal, a pipe and the log only escaped."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests/lib"))

# pylint: disable=wrong-import-position
import onehop  # noqa: E402
import smtpserver  # noqa: E402
from smarthost import Smarthost  # noqa: E402
from tap import Tap  # noqa: E402

# What terminals act on: CSI in UTF-8 and as an octet, ESC, DEL, a bidi
# override, an isolate, a line separator, BEL.
EVIL = ("\u009b31m", "\u202egnp", "\u2066x", "\u2028y", "\x1b[31m",
        "\x7fz", "\x07")
OCTETS = "".join(EVIL).encode() + b"\x9b31m"
MESSAGE = b"Subject: x\n\nbody\n"
HARMFUL = {0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f),
           *range(0x2066, 0x206a), *range(0x7f, 0xa0), *range(0x20)}


def raw(name, data, allowed=b"\n\t"):
    """What a terminal would act on."""
    text = data.decode("utf-8", "surrogateescape")
    found = sorted({c for c in text if (ord(c) in HARMFUL or
                    0xdc80 <= ord(c) <= 0xdcff) and
                    c not in allowed.decode()})
    if found:
        yield f"{name} has {found!r}: {data!r}"


def account(port, *lines):
    return ("account default", "host 127.0.0.1", f"port {port}", "tls off",
            "auth off", "from a@example.org", "timeout 5") + tuple(
                line for line in lines if line != "outbox")


class Scene:
    """A run's config, and a smarthost with faults."""

    def __init__(self, faults=None, lines=(), extensions=None):
        self.lines = lines

        def serve(connection):
            host = Smarthost()
            host.faults = faults or {}
            if extensions is not None:
                host.extensions = extensions
            host.serve(connection)
        self.server = smtpserver.Server(serve)
        self.run = onehop.Run()

    def __enter__(self):
        self.server.__enter__()
        self.run.write_config(account(self.server.port, *self.lines) +
                              (f"outbox {self.path('outbox')}",) *
                              ("outbox" in self.lines))
        return self

    def __exit__(self, *exception):
        self.server.__exit__(*exception)
        self.run.clean()

    def call(self, *args, stdin=MESSAGE):
        self.run.start(args, stdin)
        return self.run.finish(60)

    def path(self, name):
        return os.path.join(self.run.home, name)


def says(reply):
    """A fault: that reply, evil octets in its words."""
    return lambda host, good: host.say(reply + OCTETS + b"\r\n")


def of_run(what, result, status=None):
    if result.hung or status is not None and result.status != status:
        yield f"{what}: exit {result.status}: {result.stderr!r}"
    yield from raw(f"{what}, stdout", result.stdout)
    yield from raw(f"{what}, stderr", result.stderr)


def server_words(state, reply):
    """One state's reply in stderr, trace, JSON and log."""
    with Scene({state: says(reply)}, ("logfile log",)) as scene:
        yield from of_run("run", scene.call("-v", "--json", "b@example.org"))
        if os.path.exists(scene.path("log")):
            with open(scene.path("log"), "rb") as file:
                yield from raw("log", file.read())
        yield from of_run("--serverinfo", scene.call("--serverinfo"))
        yield from of_run("--serverinfo --json",
                          scene.call("--serverinfo", "--json"))


def extensions():
    evil = OCTETS.decode("latin-1")
    with Scene(extensions=[f"X{evil} {evil}", f"SIZE {evil}",
                           f"LIMITS RCPTMAX={evil}"]) as scene:
        yield from of_run("--serverinfo", scene.call("--serverinfo"))
        yield from of_run("--serverinfo --json",
                          scene.call("--serverinfo", "--json"))


def queued(recipient, sender, message=MESSAGE):
    """A message that waits, through all that shows it."""
    faults = {"rcpt": says(b"450 4.2.0 "), "mail": says(b"450 4.2.0 ")}
    with Scene(faults, ("outbox",), ["8BITMIME", "SMTPUTF8"]) as scene:
        result = scene.call("-f", sender, "-F", EVIL[0] + EVIL[1], recipient,
                            stdin=message)
        yield from of_run("enqueue", result)
        for args in (("-bp",), ("--outbox", "list"),
                     ("--outbox", "list", "--json"), ("-q", "-v")):
            yield from of_run(" ".join(args), scene.call(*args, stdin=b""))
        new = scene.path("outbox/new")
        for name in os.listdir(new) if result.status == 0 else ():
            shown = scene.call("--outbox", "show", name, stdin=b"")
            head = shown.stdout.split(b"\n\n")[0]
            yield from raw("--outbox show", head)
            yield from raw("--outbox show, terminal",
                           at_terminal(scene, "--outbox", "show", name),
                           b"\n\t")
        if result.status not in (0, 65):
            yield f"exit {result.status}: {result.stderr!r}"


def at_terminal(scene, *args, stdin=b""):
    """What a terminal gets of stdout and stderr, CR of its own removed."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
            [onehop.PROGRAM, "-C", scene.run.config, *args],
            stdin=subprocess.PIPE, stdout=theirs, stderr=theirs,
            env=dict(scene.run.environment, TERM="dumb"),
            cwd=scene.run.home) as process:
        os.close(theirs)
        process.stdin.write(stdin)
        process.stdin.close()
        seen = b""
        try:
            while True:
                block = os.read(ours, 4096)
                if not block:
                    break
                seen += block
        except OSError:
            pass  # the other end is closed
    os.close(ours)
    return seen.replace(b"\r\n", b"\n")


def pretended():
    evil = b"From: " + EVIL[0].encode() + b" <a@example.org>\n" + \
        b"Subject: \x9b31m\n\n" + OCTETS + b"\n"
    with Scene() as scene:
        shown = scene.call("-P", "-f", f"a{EVIL[0]}@example.org",
                           f"b{EVIL[1]}@example.org", stdin=evil)
        yield from of_run("-P", onehop.Result(
            shown.status, shown.stdout.split(b"\n\n")[1], shown.stderr,
            0, False, shown.hung), 0)
        yield from raw("-P, account", shown.stdout.split(b"\n\n")[0])
        seen = at_terminal(scene, "-P", "b@example.org", stdin=evil)
        yield from raw("-P, terminal", seen)
        if b"body" in seen or b"\\x1B[31m" not in seen:
            yield f"-P, terminal: {seen!r}"


def config_values():
    name = "".join(EVIL[:4])
    with Scene(lines=(f"user {name}", f"domain {name}",
                      f"host {name}.example.org", "passwordeval exit 3",
                      f"account {name}", f"nonsense{name} {name}")) as scene:
        yield from of_run("errors of a config", scene.call("b@example.org"))
        yield from of_run("no such account",
                          scene.call("-a", name + "\x1b", "b@example.org"))
        yield from of_run("no such key",
                          scene.call(f"--{name}=x", "b@example.org"))
        yield from of_run("no such file", scene.call(
            "-C", scene.path(name + "\x1b[31m"), "b@example.org"))


def configured_name():
    name = "".join(EVIL[:4])
    with Scene(lines=(f"user {name}", f"from {name}@example.org")) as scene:
        yield from of_run("-P", scene.call("-P", "b@example.org"))
        yield from of_run("run", scene.call("-v", "b@example.org"))


def alias_names():
    name = "".join(EVIL[:4])
    with Scene(lines=("aliases aliases",)) as scene:
        for text in (f"{name}: |{name}\n", f"{name}: {name}\n",
                     f"x\n{name}\n", f"{name}: :include:/{name}\n",
                     f"{name}: a@{name}@x\n"):
            with open(scene.path("aliases"), "w", encoding="utf-8") as file:
                file.write(text)
            yield from of_run("alias", scene.call(name))
            yield from of_run("alias, -P", scene.call("-P", name))


def outbox_ids():
    """Files that others put into the outbox, and a damaged message."""
    with Scene({"mail": says(b"450 ")}, ("outbox",)) as scene:
        yield from of_run("enqueue", scene.call("b@example.org"), 0)
        new = scene.path("outbox/new")
        name = os.listdir(new)[0]
        with open(os.path.join(new, name), "r+b") as file:
            text = file.read()
            file.seek(0)
            file.write(text.replace(b"b@example.org", OCTETS[:13]))
        for evil in ("x\x1b[31m", "\u009b31m", "a\nb"):
            with open(os.path.join(new, evil), "wb") as file:
                file.write(text)
            yield from of_run(
                "show", scene.call("--outbox", "show", evil, stdin=b""))
        for args in (("-bp",), ("--outbox", "list"), ("-q", "-v")):
            yield from of_run(" ".join(args), scene.call(*args, stdin=b""))


def main():
    tap = Tap()
    for state, reply in (("greeting", b"554 "), ("greeting", b"220 "),
                         ("ehlo1", b"550 "), ("mail", b"550 5.1.0 "),
                         ("rcpt", b"550 5.1.1 "), ("data", b"554 "),
                         ("dot", b"550 5.7.1 "), ("dot", b"250 queued as "),
                         ("greeting", b"")):
        tap.run(f"words of the server at {state}, {reply.decode()}",
                server_words, state, reply)
    tap.run("extensions and limits of the server", extensions)
    for evil in EVIL:
        tap.run(f"a recipient with {evil!a} in the queue", queued,
                f"b{evil}@example.org", "a@example.org")
    tap.run("a sender with controls in the queue", queued, "b@example.org",
            f"a{EVIL[0]}{EVIL[1]}@example.org")
    tap.run("a message full of controls in the queue", queued,
            "b@example.org", "a@example.org",
            b"Subject: " + OCTETS + b"\n\n" + OCTETS + b"\n")
    tap.run("--pretend", pretended)
    tap.run("a config in error", config_values)
    tap.run("values of a config", configured_name)
    tap.run("names and targets of aliases", alias_names)
    tap.run("names and contents of files in the outbox", outbox_ids)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
