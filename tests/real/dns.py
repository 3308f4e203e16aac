# SPDX-License-Identifier: GPL-3.0-or-later
"""host srv: and mx: with a real resolver (Unbound) and a real authority (NSD).

The mail servers are ours, on the addresses and ports that the zones name.
"""

import hashlib
import os
import shutil
import ssl
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
import certs
import nameserver
from mailserver import Mailserver
from onehop import Run
from smarthost import PASSWORD, USER
from tap import Tap, skip_all

LIMIT = 60  # seconds that a run may take on a busy machine
SECRETS = (PASSWORD.encode(), b"AHVzZXIAc2VjcmV0LXdvcmQ=")

# Addresses of the mail servers, and what their certificates are for.
HERE = "127.1.0.1"      # smtp.example.org
THERE = "127.1.0.2"     # smtp.provider.test
CLOSED = "127.1.0.9"    # nobody listens

HOSTS = f"""
smtp IN A {HERE}
down IN A {CLOSED}
"""

ZONES = {
    "example.org": HOSTS + f"""
@ IN A {HERE}
@ IN MX 20 smtp
@ IN MX 10 down
@ IN MX 30 smtp.provider.test.
_submissions._tcp IN SRV 0 0 465 smtp
_submission._tcp IN SRV 0 0 587 down

$ORIGIN starttls.example.org.
_submission._tcp IN SRV 0 0 587 smtp
smtp IN A {HERE}

$ORIGIN order.example.org.
_submissions._tcp IN SRV 30 0 465 smtp.provider.test.
_submissions._tcp IN SRV 20 0 465 smtp.example.org.
_submissions._tcp IN SRV 10 9 465 down
_submissions._tcp IN SRV 10 0 466 down
down IN A {CLOSED}

$ORIGIN alias.example.org.
_submissions._tcp IN CNAME _submissions._tcp.example.org.

$ORIGIN away.example.org.
_submissions._tcp IN SRV 0 0 465 smtp.provider.test.

$ORIGIN none.example.org.
@ IN A {HERE}
_submissions._tcp IN SRV 0 0 0 .
_submission._tcp IN SRV 0 0 0 .
@ IN MX 0 .

$ORIGIN nothing.example.org.
@ IN A {HERE}

$ORIGIN localhost.example.org.
_submissions._tcp IN SRV 0 0 465 localhost.

$ORIGIN many.example.org.
""" + "".join(f"_submissions._tcp IN SRV {20 + i} 0 465 "
              f"a-rather-long-name-that-fills-the-answer-{i}\n"
              for i in range(60)) +
    f"_submissions._tcp IN SRV 10 0 465 smtp\nsmtp IN A {HERE}\n",
    "provider.test": f"smtp IN A {THERE}\nnobody IN A {CLOSED}\n",
    "signed.test": f"""
_submissions._tcp IN SRV 0 0 465 smtp.provider.test.
""",
}


class World:
    """The mail servers, and runs that know their authority."""

    def __init__(self, directory, dns):
        self.dns = dns
        self.authority = certs.Authority(directory)
        make = self.authority.context_for
        here = make("smtp.example.org", "smtp.starttls.example.org",
                    "smtp.many.example.org", "nothing.example.org")
        there = make("smtp.provider.test", "customer.example.org")
        self.servers = {
            "here tls": Mailserver(HERE, 465, "tls", here),
            "here starttls": Mailserver(HERE, 587, "starttls", here),
            "here mx": Mailserver(HERE, 25, "starttls", here),
            "there tls": Mailserver(THERE, 465, "tls", there),
            "there mx": Mailserver(THERE, 25, "starttls", there),
        }

    def send(self, *lines, login=True):
        """One message by a config with these lines; the Result, and for each
        server that was talked to how many messages it has accepted."""
        run = Run(["tls_trust_file " + self.authority.root,
                   "from me@example.org", "deadline 50", *lines] +
                  ([f"user {USER}", f"password {PASSWORD}"] if login else []))
        try:
            run.start(["you@example.net"], b"Subject: x\n\ny\n")
            result = run.finish(LIMIT)
        finally:
            run.clean()
        accepted = {}
        for name, server in self.servers.items():
            count, took, _ = server.saw()
            if count:
                accepted[name] = took
        return result, accepted


def delivers(world, lines, wanted, login=True):
    """The message went to that server, and to no other."""
    result, accepted = world.send(*lines, login=login)
    if result.status != 0 or accepted != {wanted: 1}:
        yield f"exit {result.status}, {accepted}: {result.stderr!r}"


def refuses(world, lines, status, words, contacted=(), login=True):
    """It ends so, and no server but those named was talked to."""
    result, accepted = world.send(*lines, login=login)
    if result.status != status:
        yield f"exit status {result.status}, not {status}"
    if sorted(accepted) != sorted(contacted) or any(accepted.values()):
        yield f"servers: {accepted}"
    for word in words:
        if word.encode() not in result.stderr:
            yield f"{word!r} is not in {result.stderr!r}"
    if status != 75 and b"online" in result.stderr:
        yield f"it doubts the network: {result.stderr!r}"
    if any(secret in result.stderr for secret in SECRETS):
        yield "it shows the password"


def trusts_ad(world, options, status):
    """A signed answer needs no confirmation if the resolver is trusted."""
    world.dns.use(options=options)
    try:
        result, accepted = world.send("host srv:signed.test")
        if result.status != status or bool(accepted) != (status == 0):
            yield f"exit {result.status}, {accepted}: {result.stderr!r}"
    finally:
        world.dns.use()


def is_vouched_for_by_its_fingerprint(world):
    """The account names the certificate itself, besides its authority."""
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((THERE, 465)))
    for server in world.servers.values():
        server.saw()
    yield from delivers(world, [
        "host srv:away.example.org",
        f"tls_fingerprint {hashlib.sha256(der).hexdigest()}"], "there tls")


def hangs(world):
    """A resolver that never answers costs the deadline, no more."""
    with nameserver.silent():
        world.dns.use(nameserver.SILENCE)
        try:
            result, _ = world.send("host srv:example.org", "deadline 2")
        finally:
            world.dns.use()
    if result.status != 75 or b"timed out" not in result.stderr or \
            b"check that this machine is online" not in result.stderr:
        yield f"exit {result.status}: {result.stderr!r}"
    if not 1.5 < result.seconds < 25:
        yield f"it took {result.seconds} s"


class Nonsense:
    """A resolver whose answers announce more than there is."""

    def __init__(self):
        self.ended = False
        self.sock = nameserver.silent()
        self.sock.settimeout(0.2)
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while not self.ended:
            try:
                question, client = self.sock.recvfrom(4096)
            except OSError:  # nobody asks
                continue
            head = question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
            self.sock.sendto(head + question[12:] +
                             b"\xc0\x0c\0\x21\0\1\0\0\0\1\1\0\0\0", client)

    def stop(self):
        self.ended = True
        self.thread.join(15)
        self.sock.close()


def talks_nonsense(world):
    """That is trouble, not silence."""
    resolver = Nonsense()
    world.dns.use(nameserver.SILENCE)
    try:
        result, _ = world.send("host srv:example.org")
    finally:
        world.dns.use()
        resolver.stop()
    if result.status != 75 or b"malformed" not in result.stderr:
        yield f"exit {result.status}: {result.stderr!r}"


DELIVERED = (
    ("TLS from the start is preferred", ["host srv:example.org"],
     "here tls"),
    ("the prefix counts in any case", ["host SRV:Example.ORG"], "here tls"),
    ("_submission._tcp is STARTTLS", ["host srv:starttls.example.org"],
     "here starttls"),
    ("an alias is followed", ["host srv:alias.example.org",
                              "srv_targets example.org"], "here tls"),
    ("an answer too long for UDP is read", ["host srv:many.example.org"],
     "here tls"),
    ("priorities are tried in order", ["host srv:order.example.org",
                                       "srv_targets example.org"],
     "here tls"),
    ("srv_targets vouches for another domain",
     ["host srv:away.example.org", "srv_targets nowhere.test provider.test"],
     "there tls"),
    ("a certificate for a named domain vouches as well",
     ["host srv:away.example.org", "tls_host_override customer.example.org"],
     "there tls"),
    ("a host after one without records is tried",
     ["host srv:nothing.example.org srv:example.org"], "here tls"),
    ("a host after one that nobody vouches for is tried",
     ["host srv:away.example.org smtp.example.org", "port 465"], "here tls"),
)

REFUSED = (
    ("another domain needs confirmation", ["host srv:away.example.org"], 78,
     ["smtp.provider.test", "srv_targets smtp.provider.test"]),
    ("a name that only ends alike is another domain",
     ["host srv:away.example.org", "srv_targets rovider.test"], 78,
     ["another domain"]),
    ("an unchecked certificate vouches for nobody",
     ["host srv:away.example.org", "tls_host_override customer.example.org",
      "tls_certcheck off"], 78, ["another domain"]),
    ("localhost is another domain", ["host srv:localhost.example.org"], 78,
     ["points to localhost"]),
    ("a target of . is no service", ["host srv:none.example.org"], 68,
     ["says that none.example.org has no submission server"]),
    ("no record is no service", ["host srv:nothing.example.org"], 68,
     ["_submissions._tcp", "nothing.example.org"]),
    ("srv: wants tls", ["host srv:example.org", "tls off"], 78,
     ["expected tls on"]),
    ("srv: is no first contact", ["host srv:example.org", "tls_trust tofu"],
     78, ["expected tls_trust ca or dane"]),
    ("null MX is no relay", ["host mx:none.example.org", "auth off"], 68,
     ["null MX"]),
    ("mx: gets no password", ["host mx:example.org", "auth on"], 78,
     ["expected auth off"]),
    ("no domain after srv:", ["host srv:"], 78, ["expected a domain"]),
    ("an address after srv:", ["host srv:[::1]"], 78, ["expected a domain"]),
)


def check(tap, world):
    for name, lines, wanted in DELIVERED:
        tap.run(name, delivers, world, lines, wanted)
    for name, lines, status, words in REFUSED:
        tap.run(name, refuses, world, lines, status, words)
    tap.run("a wrong certificate of a target gets no password", refuses,
            world, ["host srv:away.example.org",
                    "tls_host_override away.example.org"], 76,
            ["smtp.provider.test", "certificate"], ["there tls"])
    tap.run("a certificate that the account names vouches as well",
            is_vouched_for_by_its_fingerprint, world)
    tap.run("mx: goes to the next exchanger of the list", delivers, world,
            ["host mx:example.org"], "here mx", False)
    tap.run("mx: leaves user and password aside", delivers, world,
            ["host mx:example.org"], "here mx")
    tap.run("no MX is the domain itself", delivers, world,
            ["host mx:nothing.example.org"], "here mx", False)
    tap.run("the resolver's word on DNSSEC counts if it is trusted",
            trusts_ad, world, "trust-ad", 0)
    tap.run("the resolver's word on DNSSEC does not count by itself",
            trusts_ad, world, "", 78)
    tap.run("a silent resolver ends at the deadline", hangs, world)
    tap.run("a malformed answer is temporary trouble", talks_nonsense, world)


def main():
    reason = nameserver.enter(sys.argv)
    if reason:
        skip_all(reason)
    tap = Tap()
    directory = tempfile.mkdtemp(prefix="onehop-test-")
    try:
        with nameserver.Nameserver(ZONES, signed=["signed.test"]) as dns:
            dns.use()
            check(tap, World(directory, dns))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
