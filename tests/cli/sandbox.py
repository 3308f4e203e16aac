#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sandbox: what the running program can still do once the server speaks."""

import ctypes
import os
import platform
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import onehop
import smarthost
import smtpserver
import tap

MESSAGE = "From: me@example.org\nSubject: x\n\nhello\n"
SHIM = os.path.join(os.environ.get("top_builddir", "build"),
                    "tests", "lib", "shim.so")
# The ways out that the shim tries, and since which ABI of Landlock each is
# shut.
WAYS = {"read": 1, "config": 1, "create": 1, "write": 1, "system": 1,
        "execute": 1, "connect": 4, "signal": 6, "agent": 99, "kept": 99,
        "trace": 99, "memory": 99, "namespace": 99, "namespace, clone3": 99,
        "kernel log": 99, "kexec": 99, "type": 99, "type, wide": 99,
        "paste": 99, "sendto": 99, "sendmsg": 99, "sendmmsg": 99, "sctp": 99}
ONLY_X86_64 = {"iopl": 99, "ioperm": 99}
if platform.machine() == "x86_64":
    WAYS.update(ONLY_X86_64)
# Those that the filter of system calls shuts, whatever Landlock can do: agent
# is a socket of another program, kept one that was made before.
FILTERED = ("execute", "connect", "agent", "kept", "trace", "memory",
            "namespace", "namespace, clone3", "kernel log", "kexec",
            "type", "type, wide", "paste", "sendto", "sendmsg", "sendmmsg",
            "sctp", *ONLY_X86_64)
# What a container may refuse, too.
PERHAPS = ("trace", "memory", "namespace", "kernel log", "kexec", *ONLY_X86_64)


def has_filter():
    """On other machines one system call does all that concerns sockets. On
    those a program of 32 bits has that call, too."""
    if platform.machine() not in ("x86_64", "aarch64", "riscv64") or \
            struct.calcsize("P") != 8:
        return False
    with open("/proc/self/status", encoding="ascii") as file:
        return "Seccomp:" in file.read()


def landlock():
    """The kernel's ABI of Landlock, 0 if it has none."""
    create_ruleset = 444
    return max(0, ctypes.CDLL(None).syscall(create_ruleset, None, 0, 1))


def config(server, *lines):
    return ["host 127.0.0.1", f"port {server.port}", "tls off",
            "from me@example.org", *lines]


class Scene:
    """A smarthost of its own, the program, and what it came to."""

    def __init__(self, *lines, host=None, environment=None, wait=None):
        self.host = host or smarthost.Smarthost()
        self.run = onehop.Run((), environment)
        os.mkdir(os.path.join(self.run.home, ".ssh"), 0o700)
        self.put(".ssh/id", "secret")
        self.put("message", MESSAGE)
        self.wait = wait
        self.lines = lines

    def path(self, name):
        return os.path.join(self.run.home, name)

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def play(self, args=("-i", "you@example.net"), wrapper=()):
        with smtpserver.Server(self.host.serve) as server:
            self.run.write_config(config(server, *self.lines))
            with open(self.path("message"), "rb") as message:
                self.run.start(list(args), message, wrapper)
            if self.wait:
                self.wait(self)
            result = self.run.finish(60)
        if server.failure:
            raise server.failure
        return result


# Sets a seccomp filter that does ACTION to Landlock's three calls, as a unit's
# SystemCallFilter=@system-service does, then becomes the program.
FILTER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte),
                ("no", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("n", ctypes.c_ushort), ("at", ctypes.POINTER(Step))]
steps = (Step * 5)(Step(0x20, 0, 0, 0), Step(0x35, 0, 2, 444),
                   Step(0x25, 1, 0, 446), Step(0x06, 0, 0, int(sys.argv[1])),
                   Step(0x06, 0, 0, 0x7fff0000))
program = Program(5, ctypes.cast(steps, ctypes.POINTER(Step)))
if libc.prctl(38, 1, 0, 0, 0) or \\
        libc.prctl(22, 2, ctypes.byref(program), 0, 0):
    sys.exit("no seccomp here")
os.execv(sys.argv[2], sys.argv[2:])
"""
ACTIONS = {"EPERM": 0x00050001, "ENOSYS": 0x00050026, "kill": 0x80000000}


def survives_a_filter(action):
    scene = Scene()
    try:
        result = scene.play(wrapper=(sys.executable, "-c", FILTER,
                                     str(ACTIONS[action])))
    finally:
        scene.run.clean()
    if result.status != 0 or not scene.host.accepted:
        yield f"exit {result.status}: {result.stderr!r}"


def escapes(result):
    """What the shim tells: way -> errno or "worked"."""
    told = [line.split(": ") for line in result.stderr.decode().splitlines()
            if line.startswith("escape: ")]
    return {line[1]: line[2] for line in told}


def escape_from(abi, *lines):
    scene = Scene(*lines, environment={"LD_PRELOAD": SHIM})
    scene.run.environment["SHIM_ESCAPE"] = scene.run.home
    if abi != landlock():
        scene.run.environment["SHIM_LANDLOCK"] = str(abi)
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.bind(scene.path("agent"))
            agent.listen()
            result = scene.play()
    finally:
        scene.run.clean()
    if result.status != 0 or not scene.host.accepted:
        yield f"exit {result.status}: {result.stderr!r}"
    found = escapes(result)
    for way, since in WAYS.items():
        shut = found.get(way) in ("EACCES", "EPERM") or (
            "clone3" in way and found.get(way) == "ENOSYS")
        able = abi >= since or (way in FILTERED and has_filter())
        able = able and "sandbox off" not in lines
        if way == "trace" and onehop.is_sanitized():
            continue  # the sanitizer needs it
        # a program that could be executed tells nothing
        if shut != able and (able or way not in PERHAPS):
            yield f"{way}: {found.get(way)}"


def tells_the_kernel_before_it_listens():
    """The server holds its greeting back until the program is confined."""
    confined = threading.Event()

    def hold(host, good):
        if not confined.wait(30):
            host.faults["greeting"] = None
        host.say(good)

    def look(scene):
        path = f"/proc/{scene.run.process.pid}/status"
        for _ in range(600):
            with open(path, encoding="ascii") as file:
                if "NoNewPrivs:\t1\n" in file.read():
                    confined.set()
                    return
            if scene.run.process.poll() is not None:
                return
            threading.Event().wait(0.05)

    host = smarthost.Smarthost()
    host.faults = {"greeting": hold}
    scene = Scene(host=host, wait=look)
    result = scene.play()
    scene.run.clean()
    if not confined.is_set():
        yield "not confined while the server was silent"
    if result.status != 0:
        yield f"exit {result.status}: {result.stderr!r}"


def writes_its_log(name, path):
    scene = Scene(f"logfile {name}")
    for count in (1, 2):
        scene.host = smarthost.Smarthost()
        result = scene.play()
        if result.status != 0 or result.stderr:
            yield f"exit {result.status}: {result.stderr!r}"
        if scene.read(path).count("outcome=accepted") != count:
            yield scene.read(path)
    scene.run.clean()


def loses_its_log(what):
    """what happens to the log while the server speaks."""
    scene = Scene("logfile ~/log")

    def rotate(host, good):
        os.rename(scene.path("log"), scene.path("log.1"))
        if what == "created":
            scene.put("log", "")
        elif what == "removed":
            os.remove(scene.path("log.1"))
        host.say(good)

    scene.host.faults = {"ehlo1": rotate}  # confined by then
    result = scene.play()
    lines = {name: scene.read(name) for name in ("log", "log.1")
             if os.path.exists(scene.path(name))}
    scene.run.clean()
    if result.status != 0:
        yield f"exit {result.status}: {result.stderr!r}"
    if what == "removed":
        if b"cannot write log" not in result.stderr:
            yield f"not told: {result.stderr!r}"
    elif result.stderr or "outcome=accepted" not in lines["log.1"]:
        yield f"{result.stderr!r}, {lines}"


def makes_no_log_for_a_question():
    scene = Scene("logfile ~/log")
    result = scene.play(["--serverinfo"])
    litter = scene.run.litter()
    scene.run.clean()
    if result.status != 0:
        yield f"exit {result.status}: {result.stderr!r}"
    if litter != [".ssh/id", "message"]:
        yield f"left {litter}"


def trusts(authority, mode, store):
    """store: the file, the directory or the link that is trusted."""
    host = smarthost.Smarthost(mode, authority.context())
    scene = Scene("tls on", "tls_starttls " + (
        "on" if mode == "starttls" else "off"),
                  f"tls_host_override {certs.NAME}",
                  f"tls_trust_file ~/{store}", host=host)
    os.makedirs(scene.path("elsewhere"))
    shutil.copy(authority.root, scene.path("elsewhere/root.pem"))
    os.mkdir(scene.path("links"))
    os.symlink("../elsewhere/root.pem", scene.path("links/0.pem"))
    os.symlink("elsewhere/root.pem", scene.path("link.pem"))
    result = scene.play()
    scene.run.clean()
    if result.status != 0 or result.stderr:
        yield f"exit {result.status}: {result.stderr!r}"


def keeps_a_pin(authority):
    """At first contact there is no state directory yet."""
    host = smarthost.Smarthost("tls", authority.context())
    scene = Scene("tls on", "tls_starttls off", "tls_trust tofu", host=host)
    result = scene.play()
    pins = [name for name in scene.run.litter() if "/pins/" in name]
    scene.run.clean()
    if result.status != 0:
        yield f"exit {result.status}: {result.stderr!r}"
    if not pins:
        yield "no pin was kept"


# A /dev of our own, with the system's log at the path in $0.
OWN_DEV = ("unshare", "--mount", "sh", "-ec",
           'mkdir "$0.dev"; mount -t tmpfs none "$0.dev"; cd "$0.dev"; '
           'cp -a /dev/null /dev/zero /dev/urandom /dev/random .; '
           'touch log; mount --bind "$0" log; mount --move "$0.dev" /dev; '
           'cd /; exec "$@"')


def writes_to_the_systems_log():
    """Its socket is connected before the sandbox shuts."""
    scene = Scene("syslog on")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(scene.path("log"))
        log.settimeout(20)
        result = scene.play(wrapper=OWN_DEV + (scene.path("log"),))
        if result.status != 0:
            yield f"exit {result.status}: {result.stderr!r}"
        else:
            record = log.recv(4096)
            if b"onehop" not in record or b"outcome=accepted" not in record:
                yield repr(record)
    scene.run.clean()


def converts():
    """A large message that has to be encoded anew takes a file."""
    host = smarthost.Smarthost()
    host.extensions = []
    scene = Scene(host=host)
    scene.put("message", MESSAGE + "\u00e4" * 30 + "\n" +
              ("\u00fc" * 30 + "\n") * 20000)
    result = scene.play()
    scene.run.clean()
    if result.status != 0 or not host.accepted:
        yield f"exit {result.status}: {result.stderr!r}"
    elif host.content.count(b"=C3=BC" * 10) < 20000:
        yield f"not encoded: {host.content[:300]!r}"


def queues(abi, outbox, place):
    """What the server does not take now goes to the outbox."""
    scene = Scene(f"outbox {outbox}", "logfile on",
                  environment={"LD_PRELOAD": SHIM,
                               "SHIM_LANDLOCK": str(abi)})
    scene.host.faults = {"dot": lambda host, good: host.say(
        b"451 4.3.0 later\r\n", "dot")}
    result = scene.play()
    kept = [name for name in scene.run.litter() if f"{place}/new/" in name]
    scene.run.clean()
    if result.status != 0 or len(kept) != 1:
        yield f"exit {result.status}: {result.stderr!r}, {kept}"
    if b"Permission denied" in result.stderr:
        yield repr(result.stderr)


def main():
    runner = tap.Tap()
    abi = landlock()
    if abi == 0:
        tap.skip_all("this kernel has no Landlock")
    runner.run("the process is confined before it listens",
               tells_the_kernel_before_it_listens)
    runner.run("nothing gets out of it", escape_from, abi)
    for older in range(1, abi):
        runner.run(f"as much as a kernel of ABI {older} can is shut",
                   escape_from, older)
    runner.run("without Landlock the filter alone is there", escape_from, 0)
    runner.run("sandbox off is obeyed", escape_from, abi, "sandbox off")
    for action in ACTIONS:
        runner.run(f"a seccomp filter on Landlock, {action}, harms nobody",
                   survives_a_filter, action)
    runner.run("the log is written", writes_its_log, "~/log", "log")
    runner.run("the log in the state directory is written", writes_its_log,
               "on", ".local/state/onehop/log")
    for what in ("renamed", "created", "removed"):
        runner.run(f"the log is {what} meanwhile", loses_its_log, what)
    if shutil.which("unshare") and subprocess.run(
            ["unshare", "--mount", "true"], check=False,
            stderr=subprocess.DEVNULL).returncode == 0:
        runner.run("the system's log is written", writes_to_the_systems_log)
    else:
        runner.skip("the system's log is written",
                    "needs unshare, and the right to mount")
    runner.run("--serverinfo leaves nothing behind",
               makes_no_log_for_a_question)
    for older in range(1, abi + 1):
        runner.run(f"the outbox is filled, ABI {older}", queues, older, "on",
                   ".local/state/onehop/outbox")
    runner.run("an outbox elsewhere is filled", queues, abi, "~/box", "box")
    runner.run("a large message can be encoded", converts)
    with tempfile.TemporaryDirectory() as directory:
        authority = certs.Authority(directory)
        runner.run("trust on first use is kept", keeps_a_pin, authority)
        for store in ("elsewhere/root.pem", "elsewhere", "link.pem", "links"):
            for mode in ("tls", "starttls"):
                runner.run(f"trust is read from {store}, {mode}", trusts,
                           authority, mode, store)
    return runner.done()


if __name__ == "__main__":
    sys.exit(main())
