#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tls_trust dane against real signed zones, served by nsd.

The test moves into network and mount namespaces of its own, where port 53 is
free and where /etc/resolv.conf and the root key can be replaced.
"""

import ctypes
import fcntl
import glob
import os
import shutil
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
from onehop import Run
from realserver import find_program, wait_until
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap, skip_all

SIGNED, UNSIGNED = "dane.example", "plain.example"
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
zone:
  name: {signed}
  zonefile: {signed}.signed
zone:
  name: {unsigned}
  zonefile: {unsigned}
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


def enter_namespaces():
    """Into a network with nothing but a loopback, mounts that are ours."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        skip_all("no namespaces here")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def put_over(path, target):
    subprocess.run(["mount", "--bind", path, target], check=True)


def run_openssl(*args, given=None):
    return subprocess.run(["openssl", *args], input=given, check=True,
                          stdout=subprocess.PIPE).stdout


def key_hash(certificate):
    """SHA-256 of the certificate's public key."""
    pem = run_openssl("x509", "-in", certificate, "-noout", "-pubkey")
    der = run_openssl("pkey", "-pubin", "-outform", "DER", given=pem)
    return run_openssl("dgst", "-sha256", given=der).split()[-1].decode()


class Zones:
    """The two zones in a scratch directory, and nsd, which serves them."""

    def __init__(self, scratch, port, keys):
        self.scratch = scratch
        self.port = port
        self.nsd = None
        ours, authority = keys
        self._write(UNSIGNED, {"mail": ["3 1 1 " + ours]})
        self._write(SIGNED, {
            "mail": ["3 1 1 " + ours],
            "several": ["3 1 1 " + "00" * 32, "3 1 1 " + ours],
            "other": ["3 1 1 " + "11" * 32],
            "authority": ["2 1 1 " + authority],
            "wrong-name": ["2 1 1 " + authority],
            "public": ["1 1 1 " + ours],
            "forged": ["3 1 1 " + "22" * 32],
            "none": [],
        })
        self._sign(ours)

    def _write(self, zone, hosts):
        lines = [f"$ORIGIN {zone}.", "$TTL 60",
                 "@ IN SOA ns hostmaster 1 60 60 60 60", "@ IN NS ns",
                 "ns IN A 127.0.0.1"]
        for host, records in hosts.items():
            lines.append(f"{host} IN A 127.0.0.1")
            lines += [f"_{self.port}._tcp.{host} IN TLSA {record}"
                      for record in records]
        with open(os.path.join(self.scratch, zone), "w",
                  encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

    def _sign(self, ours):
        def tool(*args):
            return subprocess.run(args, cwd=self.scratch, check=True,
                                  stdout=subprocess.PIPE).stdout.decode()

        key = tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k",
                   SIGNED).strip()
        tool("ldns-signzone", SIGNED, key)
        self.anchor = os.path.join(self.scratch, key + ".ds")
        # A forger has no key: the signature stays that of another record.
        path = os.path.join(self.scratch, SIGNED + ".signed")
        with open(path, encoding="ascii") as file:
            text = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(text.replace("22" * 32, ours))

    def serve(self):
        """Starts nsd; it is up when it answers."""
        config = os.path.join(self.scratch, "nsd.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(NSD_CONF.format(scratch=self.scratch, signed=SIGNED,
                                       unsigned=UNSIGNED))
        with open(os.path.join(self.scratch, "nsd.log"), "wb") as log:
            self.nsd = subprocess.Popen(["nsd", "-d", "-c", config],
                                        stdout=log, stderr=log)
        wait_until(lambda: subprocess.run(
            ["drill", "@127.0.0.1", SIGNED, "SOA"], check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0, "nsd")

    def stop(self):
        if self.nsd is not None:
            self.nsd.terminate()
            self.nsd.wait()
            self.nsd = None


class Deaf:
    """A resolver that takes questions and says nothing, or SERVFAIL."""

    def __init__(self, answers):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        self.answers = answers
        self.ended = False
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        self.sock.settimeout(0.1)
        while not self.ended:
            try:
                question, sender = self.sock.recvfrom(4096)
            except socket.timeout:
                continue
            if self.answers:
                # QR RD RA, SERVFAIL; the question alone comes back
                end = question.index(b"\0", 12) + 5
                self.sock.sendto(question[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" +
                                 question[12:end], sender)

    def stop(self):
        self.ended = True
        self.thread.join()
        self.sock.close()


def submit(port, host, *more, context):
    """One message to the host; the run's result and what the server got."""
    smarthost = Smarthost("tls", context)
    run = Run([f"host {host}", f"port {port}", "tls on", "tls_starttls off",
               "tls_trust dane", f"user {USER}", f"password {PASSWORD}",
               "auth plain", "from alice@example.org", *more],
              {"LSAN_OPTIONS": "suppressions=leaks"})
    with open(os.path.join(run.home, "leaks"), "w", encoding="ascii") as file:
        file.write("leak:libgnutls-dane\n")  # 3.7.9: records not to trust
    try:
        with Server(smarthost.serve, port=port) as server:
            run.start(["bob@example.net"], b"Subject: x\n\nx\n")
            result = run.finish(120)
        received = b"".join(r.received(tls=True) for r in server.records)
        return result, smarthost, received
    finally:
        run.clean()


def accepted(port, host, context):
    result, smarthost, _ = submit(port, host, context=context)
    if result.status != 0 or result.stderr or not smarthost.accepted:
        yield f"{result.status}: {result.stderr!r}"


def refused(port, host, verdict, context, *more):
    """verdict: exit status and words."""
    result, smarthost, received = submit(port, host, *more, context=context)
    if result.status != verdict[0] or verdict[1] not in result.stderr:
        yield f"{result.status}: {result.stderr!r}"
    if received or smarthost.accepted:
        yield f"the server was told something: {received!r}"
    if result.hung or result.seconds > 60:
        yield f"it took {result.seconds:.1f} s"


REFUSED = {
    "another key": ("other." + SIGNED, 76,
                    b"certificate matches none of 1 TLSA records"),
    "an authority, but another name": (
        "wrong-name." + SIGNED, 76, b"name mismatch"),
    "no record": ("none." + SIGNED, 76, b"to trust: there is none"),
    "a record that is of no use": (
        "public." + SIGNED, 76, b"none of 1 TLSA records is of use"),
    "an unsigned zone": ("mail." + UNSIGNED, 76, b"to trust: not signed"),
    "a forged record": ("forged." + SIGNED, 75,
                        b"the signatures in the DNS do not hold"),
    "an address": ("127.0.0.1", 78, b"needs a host name"),
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def try_zones(tap, zones, context):
    for name in ("mail", "several", "authority"):
        tap.run(f"{name}: what the DNS vouches for is trusted",
                accepted, zones.port, f"{name}.{SIGNED}", context)
    for title, (host, *verdict) in REFUSED.items():
        tap.run(f"{title} is refused before anything is said",
                refused, zones.port, host, verdict, context)


def try_troubles(tap, zones, context):
    """The DNS has gone; then the library as well."""
    host = "mail." + SIGNED
    for title, answers, words in (
            ("a DNS that is silent does not hang us", False, b"timed out"),
            ("a DNS in trouble is not a missing record", True,
             b"the DNS does not answer")):
        deaf = Deaf(answers)
        try:
            tap.run(title, refused, zones.port, host, (75, words), context,
                    f"timeout {20 if answers else 2}")
        finally:
            deaf.stop()
    for library in libraries():
        put_over("/dev/null", library)
    tap.run("without the library it is the configuration's fault",
            refused, zones.port, host, (78, b"libgnutls-dane"), context)


def play(tap, scratch):
    certs.KINDS["dane"] = (f"DNS:authority.{SIGNED}", certs.EC, (),
                           certs.SERVER)
    authority = certs.Authority(scratch)
    chain, key = authority.chain("dane")
    context = certs.context(chain, key)
    zones = Zones(scratch, free_port(), (
        key_hash(chain), key_hash(os.path.join(scratch, "intermediate.pem"))))
    resolver = os.path.join(scratch, "resolv.conf")
    with open(resolver, "w", encoding="ascii") as file:
        file.write("nameserver 127.0.0.1\n")
    put_over(resolver, "/etc/resolv.conf")
    put_over(zones.anchor, ROOT_KEY)
    zones.serve()
    try:
        try_zones(tap, zones, context)
    finally:
        zones.stop()
    try_troubles(tap, zones, context)


def main():
    reason = why_not()
    if reason:
        skip_all(reason)
    enter_namespaces()
    tap = Tap()
    scratch = tempfile.mkdtemp(prefix="onehop-dane-")
    try:
        play(tap, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
