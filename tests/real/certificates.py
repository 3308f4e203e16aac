#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers are trusted: certificates.csv, run."""

import base64
import concurrent.futures
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import staple
import tlsserver
from onehop import Run
from tap import Tap, skip_all

USER = "alice"
PASSWORD = "correct horse"
MESSAGE = b"From: alice@example.org\nSubject: x\n\nThe body.\n"
ADDRESS = "127.0.0.1"
SERVERS = (tlsserver.OpenSSL, tlsserver.GnuTLS)
MODES = ("file", "directory", "system", "fingerprint", "spki", "other pin",
         "first contact", "known key", "changed key", "off")
# Reason and advice where the server is not the one that is known.
UNKNOWN = {
    "other pin": ("fingerprint mismatch", "ask the server's operator"),
    "changed key": ("the key of .* has changed: expected .*, server has",
                    "the connection may be intercepted"),
}
NO_NAME = ("needs a host name and a port", "")
STRANGE_PIN = "AB:" * 31 + "CD"

# The group of Oakley that RFC 8247 2.4 no longer wants.
MODP_1024 = """
    FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74
    020BBEA6 3B139B22 514A0879 8E3404DD EF9519B3 CD3A431B 302B0A6D F25F1437
    4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
    EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE65381 FFFFFFFF FFFFFFFF"""

# The wrapper's own mounts end with it.
SYSTEM_STORE = ("unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/ssl/certs && exec "$@"')


class Papers:
    """All the certificates that the table names, each made once."""

    def __init__(self, scratch):
        self.scratch = scratch
        self._lock = threading.RLock()
        self._made = {}
        self.ours = self._authority("ours", "Test")
        self.others = self._authority("others", "Other")
        self.impostors = self._authority("impostors", "Test")
        self.store = os.path.join(scratch, "store")
        os.mkdir(self.store)
        with open(os.path.join(self.store, "ca-certificates.crt"),
                  "w", encoding="ascii") as out:
            for root in (self._authority("more", "More").root,
                         self.ours.root):
                with open(root, encoding="ascii") as file:
                    out.write(file.read())
        with open(os.path.join(self.store, "README"), "w",
                  encoding="ascii") as file:
            file.write("no certificate\n")

    def _authority(self, name, title):
        folder = os.path.join(self.scratch, name)
        os.mkdir(folder)
        return certs.Authority(folder, title)

    def _once(self, what, make):
        with self._lock:
            if what not in self._made:
                self._made[what] = make()
            return self._made[what]

    def shown(self, name):
        """(chain, key) that a server is to show."""
        special = {
            "self-signed": self.ours.self_signed,
            "stranger": lambda: self.others.chain("good"),
            "impostor": lambda: self._behind(
                self.impostors.make("good"), self.ours, "impostor"),
            "mismatched": lambda: self._behind(
                self.ours.make("good"), self.others, "mismatched"),
            "by-server": self.ours.by_server,
            "by-root": self.ours.by_root,
            "deep 16": lambda: self.ours.deep(16),
            "deep 17": lambda: self.ours.deep(17),
        }
        if name.startswith("alone "):
            make = lambda: self.ours.make(name[6:])
        else:
            make = special.get(name, lambda: self.ours.chain(name))
        return self._once("shown " + name, make)

    def _behind(self, server, authority, name):
        """A chain with an issuer that has not signed the server."""
        leaf, key = server
        chain = os.path.join(self.scratch, name + ".pem")
        with open(chain, "wb") as out:
            for part in (leaf, authority.issuer("good")):
                with open(part, "rb") as file:
                    out.write(file.read())
        return chain, key

    def prime(self):
        """A file with the Diffie-Hellman parameters MODP_1024 and 2."""
        return self._once("prime", self._prime)

    def _prime(self):
        path = os.path.join(self.scratch, "dh.pem")
        octets = staple.element(
            staple.SEQUENCE,
            staple.element(staple.INTEGER, b"\0", bytes.fromhex(MODP_1024)),
            staple.element(staple.INTEGER, b"\2"))
        with open(path, "w", encoding="ascii") as file:
            file.write("-----BEGIN DH PARAMETERS-----\n"
                       f"{base64.encodebytes(octets).decode()}"
                       "-----END DH PARAMETERS-----\n")
        return path

    def crl(self, which):
        """A list of revoked certificates."""
        old = ("-crl_lastupdate", "20200101000000Z",
               "-crl_nextupdate", "20200201000000Z")
        lists = {
            "crl": lambda: self.ours.crl("revoked"),
            "root crl": lambda: self.ours.crl("intermediate", "root.crl"),
            "old crl": lambda: self.ours.crl("revoked", "old.crl", old),
            "strange crl": lambda: self.others.crl("revoked"),
        }
        return self._once(which, lists[which])

    def staple(self, kind, name):
        """An OCSP response of that kind for what is shown by that name."""
        return self._once(f"staple {kind} {name}",
                          lambda: self._staple(kind, name))

    def _staple(self, kind, name):
        path = os.path.join(self.scratch, f"{kind}-{name}.ocsp")
        certificate, _ = self.ours.make(name)
        issuer = self.ours.issuer(name)
        signer = (issuer, issuer[:-3] + "key")
        if kind == "later":
            return staple.unsuccessful(path)
        if kind == "delegated":
            signer = self.ours.make("responder")
        if kind == "forged":
            signer = self.others.make("responder")
        if kind == "another":
            certificate, _ = self.ours.make("revoked")
        status = {"revoked": staple.REVOKED, "unknown": staple.UNKNOWN}
        days = {"outdated": (-9, -1), "early": (3, 9)}
        return staple.response(path, certificate, issuer, signer,
                               status.get(kind, staple.GOOD),
                               days.get(kind, (-1, 7)))


def offer(row, papers):
    """What the row's server shows and asks."""
    chain, key = papers.shown(row["shown"])
    result = tlsserver.Offer(chain, key)
    special = {
        "version": lambda value: {"version": value},
        "cut": lambda value: {"cut": int(value)},
        "asks": lambda value: {"authority": papers.ours.root},
        "short-prime": lambda value: {"dh": True, "prime": papers.prime()},
        "dh": lambda value: {"dh": True},
        "staple": lambda value: {
            "staple": papers.staple(value, row["shown"])},
    }
    for word in row["server"].removeprefix("openssl ").split():
        what, _, value = word.partition("=")
        result = result._replace(**special[what](value))
    return result


def trust(mode, row, papers):
    """The lines of the config for that way to trust."""
    chain, _ = papers.shown(row["shown"])
    return {
        "file": lambda: [f"tls_trust_file {papers.ours.root}"],
        "directory": lambda: [f"tls_trust_file {papers.store}"],
        "system": lambda: ["tls_trust_file system"],
        "fingerprint": lambda: [
            f"tls_fingerprint {papers.ours.fingerprint(chain)}"],
        "spki": lambda: [
            f"tls_fingerprint spki:{papers.ours.key_fingerprint(chain)}"],
        "other pin": lambda: [f"tls_fingerprint {STRANGE_PIN}",
                              f"tls_fingerprint spki:{STRANGE_PIN}"],
        "first contact": lambda: ["tls_trust tofu"],
        "known key": lambda: ["tls_trust tofu"],
        "changed key": lambda: ["tls_trust tofu"],
        "off": lambda: ["tls_certcheck off"],
        "dane-ee": lambda: ["tls_trust dane"],
        "dane-ta": lambda: ["tls_trust dane"],
    }[mode]()


def remember(run, row, mode, server, papers):
    """What tls_trust tofu knows from an earlier contact."""
    if mode not in ("known key", "changed key"):
        return
    chain, _ = papers.shown(row["shown"])
    key = (papers.ours.key_fingerprint(chain) if mode == "known key"
           else STRANGE_PIN)
    folder = os.path.join(run.home, ".local", "state", "onehop", "pins")
    os.makedirs(folder, 0o700)
    name = f"{wire_name(row['name'] or ADDRESS)}:{server.port}"
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write(f"spki:{key}\n")


def wire_name(name):
    """As the certificate has it."""
    return name.rstrip(".").lower().encode("idna").decode()


def config(row, mode, server, papers):
    lines = [f"host {ADDRESS}", f"port {server.port}", "tls on",
             f"tls_starttls {'on' if server.starttls else 'off'}",
             "auth plain", f"user {USER}", f"password {PASSWORD}",
             "from alice@example.org", *trust(mode, row, papers)]
    if row["name"]:
        lines.append(f"tls_host_override {row['name']}")
    if row["client"].endswith("crl"):
        lines.append(f"tls_crl_file {papers.crl(row['client'])}")
    if row["client"].startswith("tls_"):
        lines.append(row["client"])
    if row["client"].endswith("key"):
        by = papers.others if "strange" in row["client"] else papers.ours
        certificate, key = by.chain("client-only")
        lines += [f"tls_cert_file {certificate}", f"tls_key_file {key}"]
    return lines


def accepted(mode, server, result):
    """What shows that the server was not trusted."""
    told = result.stderr.startswith(b"onehop: first connection to ")
    if told != (mode == "first contact"):
        yield f"it tells: {result.stderr.decode()}"
    if server.starttls:
        # It returned EHLO, which is no reply.
        if result.status != 76 or b"EHLO" not in result.stderr:
            yield f"exit {result.status}: {result.stderr.decode()}"
        if b"command: EHLO" not in server.seen:
            yield "the server saw no EHLO"
        return
    if result.status != 0 or result.stderr.count(b"\n") > told:
        yield f"exit {result.status}: {result.stderr.decode()}"
    for words in (tlsserver.plain(USER, PASSWORD), b"The body."):
        if words not in server.seen:
            yield f"the server saw no {words!r}"


def refused(row, mode, server, result):
    """What shows that the server was trusted, or was refused in silence."""
    words = result.stderr.decode()
    reason, advice = row["reason"], row["advice"]
    if row[mode] == "p":
        reason, advice = UNKNOWN[mode]
    if row[mode] == "8":
        reason, advice = NO_NAME
    status = {"5": 75, "8": 78}.get(row[mode], 76)
    if result.status != status:
        yield f"exit {result.status}, not {status}"
    if not re.search(reason, words):
        yield f"{words!r} does not say {reason!r}"
    if advice and not re.search(rf"^.*hint.*{advice}", words, re.MULTILINE):
        yield f"{words!r} does not advise {advice!r}"
    if mode.startswith("dane") and re.search("set tls_(trust|finger)", words):
        yield f"what it advises has no place with DANE: {words!r}"
    for octets in (b"EHLO", b"AUTH", tlsserver.plain(USER, PASSWORD),
                   PASSWORD.encode()):
        if octets in server.seen:
            yield f"the server saw {octets!r}"


def judge(row, mode, server, result):
    """All that is wrong with a run."""
    if row[mode] == "+":
        return list(accepted(mode, server, result))
    return list(refused(row, mode, server, result))


def check(row, mode, kind, papers):
    """All that is wrong in one cell of the table with one server."""
    wrapper = SYSTEM_STORE + (papers.store,) if mode == "system" else ()
    with kind(offer(row, papers)) as server:
        run = Run(config(row, mode, server, papers))
        try:
            remember(run, row, mode, server, papers)
            run.start(["bob@example.net"], MESSAGE, wrapper)
            result = run.finish(tlsserver.PATIENCE)
        finally:
            run.clean()
    return judge(row, mode, server, result)


def servers(row):
    """Those that can do what the row wants."""
    return SERVERS[:1] if "openssl" in row["server"] else SERVERS


def rows():
    path = os.path.join(os.path.dirname(__file__), "certificates.csv")
    with open(path, encoding="utf-8") as file:
        yield from csv.DictReader(
            (line for line in file if not line.startswith("#")),
            delimiter=";", strict=True)


def can_mount(store):
    """May we have mounts of our own?"""
    try:
        return subprocess.run(SYSTEM_STORE + (store, "true"), check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def title(row, mode, kind):
    """What the table says of a cell, in words."""
    verdicts = {"+": "accepted", "-": "refused", "p": "refused",
                "5": "failed for now", "8": "refused by the configuration"}
    return f"{kind.name}: {row['case']}, {mode}: {verdicts[row[mode]]}"


def run_all(tap, papers):
    modes = MODES
    if not can_mount(papers.store):
        modes = [mode for mode in MODES if mode != "system"]
        tap.skip("system", "need root to mount a store of our own")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = [(title(row, mode, kind),
                 pool.submit(check, row, mode, kind, papers))
                for row in rows() for kind in servers(row) for mode in modes]
        for name, future in runs:
            tap.run(name, future.result)


def main():
    reason = tlsserver.why_not()
    if reason:
        skip_all(reason)
    tap = Tap()
    scratch = tempfile.mkdtemp(prefix="onehop-certificates-")
    try:
        run_all(tap, Papers(scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
