# SPDX-License-Identifier: GPL-3.0-or-later
"""Real name servers - NSD with the zones, Unbound as the resolver - and a
machine of our own to run them in.

    if nameserver.enter(sys.argv): ...   # False: nothing can be tested here
    with nameserver.Nameserver({"example.org": "smtp IN A 127.0.0.1"}) as dns:
        dns.use()

enter() starts the test anew in namespaces for mounts and for the network:
/etc/resolv.conf is ours there, every port of loopback is free, and nothing of
the machine is changed. A zone named in `signed` is signed, and the resolver
has its trust anchor.
"""

import fcntl
import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

RESOLVER = "127.53.0.53"
AUTHORITY = "127.53.0.54"
SILENCE = "127.53.0.55"     # silent() listens there and never answers

ZONE = """\
$ORIGIN {name}.
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
ns IN A {authority}
{text}
"""

NSD_CONF = """\
server:
    ip-address: {authority}
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{scratch}"
    pidfile: "{scratch}/nsd.pid"
    zonelistfile: "{scratch}/nsd.zones"
    xfrdfile: "{scratch}/nsd.xfrd"
    xfrdir: "{scratch}"
    server-count: 1
remote-control:
    control-enable: no
"""

UNBOUND_CONF = """\
server:
    interface: {resolver}
    access-control: 127.0.0.0/8 allow
    do-ip6: no
    do-daemonize: no
    do-not-query-localhost: no
    username: ""
    chroot: ""
    directory: "{scratch}"
    pidfile: "{scratch}/unbound.pid"
    use-syslog: no
    logfile: ""
    num-threads: 1
    module-config: "validator iterator"
    local-zone: "test." nodefault
{anchors}
remote-control:
    control-enable: no
"""


def find_program(name):
    """Debian keeps sbin out of an ordinary PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/sbin:/usr/local/sbin")


def why_not():
    """What keeps the test from running here, or None."""
    if os.geteuid() != 0:
        return "a resolver of our own: namespaces need root"
    for name in ("unshare", "mount", "nsd", "unbound", "ldns-keygen",
                 "ldns-signzone"):
        if find_program(name) is None:
            return f"{name} is not installed"
    if not os.path.exists("/etc/resolv.conf"):
        return "/etc/resolv.conf is not there"
    if subprocess.run(["unshare", "-mn", "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        return "namespaces are not permitted here"
    return None


def enter(argv):
    """Goes on in namespaces of our own; the reason why not, or None."""
    if os.environ.get("ONEHOP_NAMESPACE") == "1":
        # Who is told to end still ends what it has started.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        _raise_loopback()
        return None
    reason = why_not()
    if reason is None:
        environment = dict(os.environ, ONEHOP_NAMESPACE="1")
        sys.stdout.flush()
        os.execvpe("unshare", ["unshare", "-mn", "--", sys.executable] +
                   argv, environment)
    return reason


def _raise_loopback():
    """ip link set lo up"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh22x", b"lo", 0x49)  # IFF_UP, RUNNING
        fcntl.ioctl(sock, 0x8914, request)             # SIOCSIFFLAGS


def silent():
    """A resolver that never answers: a socket to be closed."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((SILENCE, 53))
    return sock


class Nameserver:
    """NSD and Unbound; zones maps names to records."""

    def __init__(self, zones, signed=()):
        self.scratch = tempfile.mkdtemp(prefix="onehop-dns-")
        self.processes = []
        self.resolv_conf = self._path("resolv.conf")
        self._write("resolv.conf", "")
        self._write("nsswitch.conf", "hosts: files dns\npasswd: files\n")
        anchors = []
        nsd = NSD_CONF
        unbound = UNBOUND_CONF
        for name, text in zones.items():
            path = self._write(name, ZONE.format(
                name=name, authority=AUTHORITY, text=text))
            if name in signed:
                path, anchor = self._sign(name)
                anchors.append(f'    trust-anchor-file: "{anchor}"')
            nsd += (f'zone:\n    name: "{name}"\n    zonefile: "{path}"\n')
            unbound += (f'stub-zone:\n    name: "{name}"\n'
                        f"    stub-addr: {AUTHORITY}\n")
        names = {"scratch": self.scratch, "authority": AUTHORITY,
                 "resolver": RESOLVER, "anchors": "\n".join(anchors)}
        self._write("nsd.conf", nsd.format(**names))
        self._write("unbound.conf", unbound.format(**names))
        for file in ("resolv.conf", "nsswitch.conf"):
            self._mount(file)

    def _path(self, name):
        return os.path.join(self.scratch, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self._path(name)

    def _mount(self, file):
        target = os.path.realpath("/etc/" + file)
        if os.path.exists(target):
            subprocess.run(["mount", "--bind", self._path(file), target],
                           check=True)

    def _sign(self, name):
        """(signed zone, file with its key)"""
        base = subprocess.run(
            ["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name],
            cwd=self.scratch, stdout=subprocess.PIPE,
            check=True).stdout.decode().strip()
        subprocess.run(["ldns-signzone", name, base], cwd=self.scratch,
                       check=True, stdout=subprocess.DEVNULL)
        return self._path(name + ".signed"), self._path(base + ".key")

    def use(self, resolver=RESOLVER, options=""):
        """Makes it the system's resolver, for us and our children."""
        self._write("resolv.conf", f"nameserver {resolver}\n" +
                    (f"options {options}\n" if options else ""))

    def __enter__(self):
        for name, arguments in (("nsd", ["-d", "-c"]),
                                ("unbound", ["-d", "-c"])):
            with open(self._path(name + ".out"), "wb") as out:
                self.processes.append(subprocess.Popen(
                    [find_program(name), *arguments,
                     self._path(name + ".conf")], cwd=self.scratch,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                    start_new_session=True))
        try:
            self._wait(AUTHORITY)
            self._wait(RESOLVER)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self, address):
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection((address, 53), 1).close()
                return
            except OSError:
                if time.monotonic() > end or any(
                        one.poll() is not None for one in self.processes):
                    raise RuntimeError(self.log()) from None
            time.sleep(0.1)

    def log(self):
        """What both had to say."""
        text = "no name server:\n"
        for path in glob.glob(self._path("*.out")):
            with open(path, encoding="utf-8", errors="replace") as file:
                text += file.read()
        return text

    def __exit__(self, *_):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(15)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)
