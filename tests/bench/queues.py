# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that queue messages and send them later: onehop's outbox beside
nullmailer, dma and Postfix.

nullmailer and dma are Debian's packages, unpacked below the bench's home with
the libraries they need, and run there by chroot(2): nothing is installed.
Postfix is a private instance. All queues lie on one disk. A context manager
each; enqueue() and drain() return seconds, and fill() puts copies of a message
into the queue."""

import glob
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import threading
import time

import realserver

SENDER = "alice@example.org"
RECIPIENT = "bob@example.net"
SECONDS = 600


class CountingSink:
    """smtp-sink, which tells how many messages it has taken."""

    def __enter__(self):
        self.messages = 0
        self.port, = realserver.free_ports(1)
        self._process = subprocess.Popen(
            [realserver.find_program("smtp-sink"), "-c", "-u", "nobody",
             "127.0.0.1:%d" % self.port, "256"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        threading.Thread(target=self._count, daemon=True).start()
        return self

    def _count(self):
        said = b""
        while True:
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                return
            said = (said + more)[-200:]
            found = re.findall(rb"mesg=(\d+)\D", said)
            if found:
                self.messages = int(found[-1])

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def spend(ready):
    """Waits until that is true."""
    end = time.monotonic() + SECONDS
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("a queue is not sent")
        time.sleep(0.005)


def repeat(command, times, stdin, environment, root=None):
    """Runs a command again and again, in a root directory of its own if one
    is given; seconds, or None if it failed."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if root:
                os.chroot(root)
                os.chdir("/")
            status = 0
            for _ in range(times):
                os.lseek(stdin.fileno(), 0, os.SEEK_SET)
                run = os.posix_spawn(command[0], command, environment,
                                     file_actions=[(os.POSIX_SPAWN_DUP2,
                                                    stdin.fileno(), 0)])
                status |= os.waitpid(run, 0)[1] != 0
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1] != 0:
        return None
    return time.monotonic() - began


def timed(command, environment, root=None):
    """Seconds of one run whose output nobody reads, or None if it failed."""
    with open(os.devnull, "r+b") as null:
        began = time.monotonic()
        run = subprocess.run(
            (["chroot", root] if root else []) + command, stdin=null,
            stdout=null, stderr=null, env=environment, check=False)
        return time.monotonic() - began if run.returncode == 0 else None


class Queue:
    """What all have in common."""

    root = None  # of chroot(2)

    def __init__(self, home):
        self.home = home
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                            "LC_ALL": "C"}

    def path(self, *names):
        return os.path.join(self.home, *names)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)

    def __enter__(self):
        os.makedirs(self.home, mode=0o755)
        self.prepare()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self):
        """Ends what drain() has left."""

    def enqueue(self, message, n):
        with open(message, "rb") as file:
            return repeat(self.command, n, file, self.environment, self.root)

    def drain(self, n):
        """Sends the n messages of the queue."""
        with CountingSink() as sink:
            began = time.monotonic()
            self.send(sink.port)
            spend(lambda: sink.messages >= n and self.is_empty())
            seconds = time.monotonic() - began
            self.stop()
        return seconds

    def list(self):
        return timed(self.list_command, self.environment, self.root)


def make_file(path, octets, mode=0o600, owner=None):
    with open(path, "xb", opener=lambda name, flags: os.open(
            name, flags, mode)) as file:
        file.write(octets)
    if owner is not None:
        os.chown(path, owner.pw_uid, owner.pw_gid)


class Onehop(Queue):
    """The outbox of an account whose smarthost is not there."""

    def __init__(self, home, program):
        super().__init__(home)
        self.environment["HOME"] = home
        self.program = program

    def prepare(self):
        self.lead_to(1)
        self.command = [self.program, "-C", self.path("config"), "--",
                        RECIPIENT]
        self.list_command = [self.program, "-C", self.path("config"), "-bp"]

    def lead_to(self, port):
        self.write("config", "host 127.0.0.1\nport %d\ntls off\n"
                   "from %s\ndomain localhost\noutbox on\n"
                   "outbox_max_messages 1000000\n" % (port, SENDER), 0o600)

    def new(self):
        return self.path(".local/state/onehop/outbox/new")

    def fill(self, message, n):
        self.enqueue(message, 1)
        first, = glob.glob(self.new() + "/*")
        with open(first, "rb") as file:
            octets = file.read()
        for i in range(n - 1):
            make_file("%s/20261123T125500Z-%016x" % (self.new(), i), octets)

    def send(self, port):
        self.lead_to(port)
        subprocess.run([self.program, "-C", self.path("config"), "-q"],
                       env=self.environment, check=True)

    def is_empty(self):
        return not os.listdir(self.new())


class Unpacked(Queue):
    """A Debian package in a root directory of its own."""

    def prepare(self):
        self.root = self.home
        with tempfile.TemporaryDirectory(dir=self.home) as scratch:
            subprocess.run(["apt-get", "-q", "download", self.package],
                           cwd=scratch, check=True, capture_output=True)
            archive, = glob.glob(scratch + "/*.deb")
            subprocess.run(["dpkg", "-x", archive, self.home], check=True)
        for program in self.programs:
            said = subprocess.run(["ldd", self.path(program)], check=True,
                                  capture_output=True, text=True).stdout
            for library in re.findall(r"(/\S+) \(", said):
                os.makedirs(self.path(os.path.dirname(library)[1:]),
                            exist_ok=True)
                shutil.copy(library, self.path(library[1:]))
        for name in ("etc/passwd", "etc/group"):
            os.makedirs(self.path("etc"), exist_ok=True)
            shutil.copy("/" + name, self.path(name))
        for name, numbers in (("null", (1, 3)), ("urandom", (1, 9))):
            os.makedirs(self.path("dev"), exist_ok=True)
            os.mknod(self.path("dev", name), 0o20666, os.makedev(*numbers))
            os.chmod(self.path("dev", name), 0o666)
        self.configure()

    def spool(self, *names):
        """Makes directories that belong to "mail"."""
        owner = pwd.getpwnam("mail")
        for name in names:
            os.makedirs(self.path(name), exist_ok=True)
            os.chown(self.path(name), owner.pw_uid, owner.pw_gid)
            os.chmod(self.path(name), 0o2770)


class Nullmailer(Unpacked):
    """nullmailer-inject, nullmailer-send."""

    package = "nullmailer"
    programs = ("usr/sbin/nullmailer-send", "usr/sbin/nullmailer-queue",
                "usr/bin/nullmailer-inject", "usr/lib/nullmailer/smtp",
                "usr/bin/mailq")
    queue = "var/spool/nullmailer/queue"
    command = ["/usr/bin/nullmailer-inject", "-f", SENDER, RECIPIENT]
    list_command = ["/usr/bin/mailq"]

    def configure(self):
        self.spool("var/spool/nullmailer", self.queue,
                   "var/spool/nullmailer/tmp", "var/spool/nullmailer/failed")
        os.mkfifo(self.path("var/spool/nullmailer/trigger"), 0o622)
        self.write("etc/mailname", "localhost.example.org\n")
        self.daemon = None

    def fill(self, message, n):
        with open(message, "rb") as file:
            octets = b"%s\n%s\n\n%s" % (SENDER.encode(), RECIPIENT.encode(),
                                        file.read())
        for i in range(n):
            make_file(self.path(self.queue, "1764300000.%d" % i), octets)

    def send(self, port):
        self.write("etc/nullmailer/remotes",
                   "127.0.0.1 smtp --port=%d\n" % port, 0o600)
        self.daemon = subprocess.Popen(
            ["chroot", self.root, "/usr/sbin/nullmailer-send"],
            env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_empty(self):
        return not os.listdir(self.path(self.queue))

    def stop(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon = None


class Dma(Unpacked):
    """dma with DEFER."""

    package = "dma"
    programs = ("usr/sbin/dma",)
    queue = "var/spool/dma"
    command = ["/usr/sbin/dma", "-f", SENDER, RECIPIENT]
    list_command = ["/usr/sbin/dma", "-bp"]

    def configure(self):
        self.spool(self.queue)
        self.write("etc/mailname", "localhost.example.org\n")
        self.lead_to(1)

    def lead_to(self, port):
        self.write("etc/dma/dma.conf", "SMARTHOST 127.0.0.1\nPORT %d\n"
                   "MAILNAME /etc/mailname\nDEFER\n" % port)

    def fill(self, message, n):
        self.enqueue(message, 1)
        first, = glob.glob(self.path(self.queue, "Q*"))
        name = os.path.basename(first)[1:]
        parts = {}
        for kind in "QM":
            with open(self.path(self.queue, kind + name), "rb") as file:
                parts[kind] = file.read()
        for i in range(n - 1):
            copy = "f%x.f%x" % (i, i)
            for kind, octets in parts.items():
                make_file(self.path(self.queue, kind + copy),
                          octets.replace(name.encode(), copy.encode()),
                          0o660, pwd.getpwnam("mail"))

    def send(self, port):
        self.lead_to(port)
        subprocess.run(["chroot", self.root, "/usr/sbin/dma", "-q"],
                       env=self.environment, check=True)

    def is_empty(self):
        return not glob.glob(self.path(self.queue, "[QM]*"))


MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost.example.org
mydestination =
alias_maps =
alias_database =
relayhost = [127.0.0.1]:{port}
defer_transports = {deferred}
in_flow_delay = 0
"""

MASTER_CF = """\
127.0.0.1:{smtpd} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Queue):
    """A private instance that defers until it is flushed."""

    def prepare(self):
        for name in ("etc", "queue", "data"):
            os.mkdir(self.path(name))
        os.chown(self.path("data"), pwd.getpwnam("postfix").pw_uid, -1)
        self.smtpd, = realserver.free_ports(1)
        self.write("etc/master.cf", MASTER_CF.format(smtpd=self.smtpd))
        self.configure(1, "smtp")
        self.master = subprocess.Popen(
            self.postfix("start-fg"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        realserver.wait_until(
            lambda: subprocess.run(self.postfix("status"),
                                   capture_output=True,
                                   check=False).returncode == 0, "Postfix")
        self.command = [realserver.find_program("sendmail"), "-C",
                        self.path("etc"), "-i", "-f", SENDER, RECIPIENT]
        self.list_command = [realserver.find_program("postqueue"), "-c",
                             self.path("etc"), "-p"]

    def postfix(self, verb):
        return [realserver.find_program("postfix"), "-c", self.path("etc"),
                verb]

    def configure(self, port, deferred):
        self.write("etc/main.cf", MAIN_CF.format(
            home=self.home, port=port, deferred=deferred))

    def number(self, *names):
        return sum(len(files) for name in names
                   for _, _, files in os.walk(self.path("queue", name)))

    def enqueue(self, message, n):
        seconds = super().enqueue(message, n)
        self.settle(n)
        return seconds

    def settle(self, n):
        """Waits until all are deferred."""
        spend(lambda: self.number("deferred") >= n and
              not self.number("maildrop", "incoming", "active"))

    def fill(self, message, n):
        subprocess.run(
            [realserver.find_program("smtp-source"), "-s", "8", "-l",
             str(os.path.getsize(message)), "-m", str(n), "-f", SENDER, "-t",
             RECIPIENT, "127.0.0.1:%d" % self.smtpd], check=True,
            capture_output=True)
        self.settle(n)

    def send(self, port):
        self.configure(port, "")
        subprocess.run(self.postfix("reload"), check=True,
                       capture_output=True)
        subprocess.run(self.list_command[:-1] + ["-f"], check=True)

    def is_empty(self):
        return not self.number("incoming", "active", "deferred")

    def stop(self):
        if self.master:
            subprocess.run(self.postfix("stop"), capture_output=True,
                           check=False)
            self.master.wait()
            self.master = None


def why_not(name):
    """What keeps a peer from running, or None."""
    if name == "Postfix":
        return None if all(map(realserver.find_program, (
            "postfix", "smtp-source"))) else "not installed"
    if not all(map(realserver.find_program, ("apt-get", "dpkg", "chroot"))):
        return "not installed"
    # without its package index apt-get knows no package
    known = subprocess.run(["apt-cache", "show", name.lower()],
                           capture_output=True, check=False)
    return None if known.returncode == 0 else "not installed"


PEERS = {"nullmailer": Nullmailer, "dma": Dma, "Postfix": Postfix}


def open_queue(name, home, program):
    """A fresh queue of that program below home."""
    home = tempfile.mkdtemp(prefix=name + "-", dir=home)
    os.chmod(home, 0o755)
    home = os.path.join(home, "root")
    return Onehop(home, program) if name == "onehop" else PEERS[name](home)
