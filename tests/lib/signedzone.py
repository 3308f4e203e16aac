# SPDX-License-Identifier: GPL-3.0-or-later
"""TLSA records in zones signed by ldnsutils and served by NSD, for a machine
of our own.

    reason = signedzone.why_not() or signedzone.enter()
    zones = signedzone.Zones(scratch)
    zones.add_signed("dane.example", [(port, "mail", "3 1 1 ...")])
    with zones: ...

enter() moves this process into network and mount namespaces, where port 53 is
free and where /etc/resolv.conf and the root key can be replaced.
"""

import ctypes
import fcntl
import glob
import os
import socket
import struct
import subprocess

from onehop import Run
from realserver import find_program, wait_until

ROOT_KEY = "/usr/share/dns/root.key"
PROGRAMS = ("nsd", "ldns-keygen", "ldns-signzone", "drill", "openssl")
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
NSD_CONF = """\
server:
  ip-address: 127.0.0.1
  username: ""
  chroot: ""
  zonesdir: "{scratch}"
  pidfile: "{scratch}/nsd.pid"
  database: ""
  xfrdfile: "{scratch}/xfrd"
  zonelistfile: "{scratch}/zones"
  xfrdir: "{scratch}"
  server-count: 1
remote-control:
  control-enable: no
"""


def libraries():
    """Every libgnutls-dane, without symbolic links."""
    return {os.path.realpath(path)
            for pattern in ("/usr/lib*/", "/usr/lib/*/")
            for path in glob.glob(pattern + "libgnutls-dane.so.0")}


def why_not():
    """What keeps the test from running here, or None."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for name in PROGRAMS:
        if find_program(name) is None:
            return f"{name} is not installed"
    if not os.path.exists(ROOT_KEY):
        return "dns-root-data is not installed"
    if not libraries():
        return "libgnutls-dane0 is not installed"
    return None


def enter():
    """Into a network with nothing but a loopback, mounts that are ours; the
    reason why not, or None."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        return "no namespaces here"
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
    return None


def put_over(path, target):
    subprocess.run(["mount", "--bind", path, target], check=True)


def make_run(config):
    """A Run that forgives libgnutls-dane what it leaks."""
    run = Run(config, {"LSAN_OPTIONS": "suppressions=leaks"})
    with open(os.path.join(run.home, "leaks"), "w", encoding="ascii") as file:
        file.write("leak:libgnutls-dane\n")  # 3.7.9: records not to trust
    return run


class Zones:
    """Zones in a scratch directory, one of them signed; while it is entered,
    NSD serves them and the system asks it."""

    def __init__(self, scratch):
        self.scratch = scratch
        self._files = {}
        self._anchor = None
        self._nsd = None

    def _path(self, name):
        return os.path.join(self.scratch, name)

    def add(self, zone, records, hosts=()):
        """records: (port, host in the zone, TLSA record); hosts are those
        that get an address."""
        lines = [f"$ORIGIN {zone}.", "$TTL 60",
                 "@ IN SOA ns hostmaster 1 60 60 60 60", "@ IN NS ns",
                 "ns IN A 127.0.0.1"]
        lines += [f"{host} IN A 127.0.0.1" for host in hosts]
        lines += [f"_{port}._tcp.{host} IN TLSA {record}"
                  for port, host, record in records]
        with open(self._path(zone), "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        self._files[zone] = self._path(zone)

    def add_signed(self, zone, records, hosts=()):
        """As add(); the file that is served."""
        def tool(*args):
            return subprocess.run(args, cwd=self.scratch, check=True,
                                  stdout=subprocess.PIPE).stdout.decode()

        self.add(zone, records, hosts)
        key = tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k",
                   zone).strip()
        tool("ldns-signzone", zone, key)
        self._anchor = self._path(key + ".ds")
        self._files[zone] = self._path(zone + ".signed")
        return self._files[zone]

    def __enter__(self):
        with open(self._path("resolv.conf"), "w", encoding="ascii") as file:
            file.write("nameserver 127.0.0.1\n")
        put_over(file.name, "/etc/resolv.conf")
        put_over(self._anchor, ROOT_KEY)
        with open(self._path("nsd.conf"), "w", encoding="ascii") as config:
            config.write(NSD_CONF.format(scratch=self.scratch))
            for zone, path in self._files.items():
                config.write(f'zone:\n  name: {zone}\n  zonefile: "{path}"\n')
        with open(self._path("nsd.log"), "wb") as log:
            self._nsd = subprocess.Popen(["nsd", "-d", "-c", config.name],
                                         stdout=log, stderr=log)
        try:
            wait_until(self._answers, "nsd")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _answers(self):
        return all(subprocess.run(
            ["drill", "@127.0.0.1", zone, "SOA"], check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0
            for zone in self._files)

    def __exit__(self, *_):
        self._nsd.terminate()
        self._nsd.wait()
