#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""host A B: the next one is asked when one cannot be talked to, and only
then. The hosts are addresses of loopback with one port in common."""

import os
import shutil
import socket
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
from onehop import Run
from smarthost import PASSWORD, USER, Smarthost
from smtpserver import Server
from tap import Tap, skip_all

FIRST, SECOND, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3"
MESSAGE = b"Subject: x\n\nhello\n"


class Hosts:
    """Smarthosts at some of the addresses, on the same port."""

    def __init__(self, **smarthosts):
        self.smarthosts = smarthosts
        self.servers = []
        self.port = 0

    def __enter__(self):
        for name in ("first", "second", "third"):
            if name not in self.smarthosts:
                continue
            address = {"first": FIRST, "second": SECOND, "third": THIRD}[name]
            self.servers.append(Server(self.smarthosts[name].serve, address,
                                       self.port))
            self.port = self.servers[-1].port
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()


def submit(hosts, names, *lines, args=()):
    run = Run()
    run.write_config([f"host {names}", f"port {hosts.port}",
                      "from me@example.org", f"logfile {run.home}/log",
                      *lines])
    try:
        run.start(["-i", *args, "you@example.net"], MESSAGE)
        result = run.finish(60)
        with open(os.path.join(run.home, "log"), encoding="utf-8") as file:
            result.log = file.read()
        return result
    finally:
        run.clean()


def judge(result, status, *words):
    """What a run was to come to, and what it was to say."""
    if result.status != status:
        yield f"{result.status}: {result.stderr!r}"
    for word in words:
        if word.encode() not in result.stderr:
            yield f"{word!r} is not in {result.stderr!r}"


def a_dead_host_is_passed_over():
    second = Smarthost()
    with Hosts(second=second) as hosts:
        result = submit(hosts, f"{FIRST} {SECOND}", "tls off")
        yield from judge(result, 0)
    if result.stderr:
        yield f"stderr {result.stderr!r}"
    if not second.accepted:
        yield f"the second host heard {second.commands}"
    if f"host={SECOND} " not in result.log:
        yield f"the log says {result.log!r}"


def a_live_host_is_enough():
    first, second = Smarthost(), Smarthost()
    with Hosts(first=first, second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off"), 0)
    if not first.accepted or second.connection:
        yield f"{first.accepted}, {second.commands}"


def a_name_without_address_is_passed_over():
    first = Smarthost()
    with Hosts(first=first) as hosts:
        yield from judge(submit(hosts, f"no-such-host.invalid {FIRST}",
                                "tls off"), 0)


def the_trace_says_which_host_it_is():
    busy, second = Smarthost(), Smarthost()
    busy.faults["greeting"] = lambda self, good: self.say(b"421 busy\r\n")
    with Hosts(first=busy, second=second) as hosts:
        result = submit(hosts, f"{FIRST} {SECOND}", "tls off", args=("-d",))
        yield from judge(result, 0)
        wanted = [f"to {address}:{hosts.port} {address}".encode()
                  for address in (FIRST, SECOND)]
    lines = [line for line in result.stderr.splitlines()
             if not line.startswith(b"# ")]
    if [line for line in lines if line.startswith(b"to ")] != wanted or \
            lines[1:2] != [b"S: 421 busy"]:
        yield f"{lines}"


def faulty(state, reply):
    """A smarthost that says something else in the state."""
    host = Smarthost()
    host.faults[state] = lambda self, good: self.say(reply, state)
    return host


def trouble_before_the_session(state, reply):
    second = Smarthost()
    with Hosts(first=faulty(state, reply), second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off"), 0)
    if not second.accepted:
        yield "the second host was not asked"


def a_lost_connection_is_trouble():
    first, second = Smarthost(), Smarthost()
    first.faults["greeting"] = lambda self, good: self.connection.reset()
    with Hosts(first=first, second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off"), 0)


def a_refusal_is_final(state, reply, status, word):
    second = Smarthost()
    with Hosts(first=faulty(state, reply), second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off"),
                         status, word, f"server {FIRST}:")
    if second.connection:
        yield f"the second host heard {second.commands}"


def a_wrong_password_is_final():
    first, second = faulty("auth_final", b"535 5.7.8 no\r\n"), Smarthost()
    with Hosts(first=first, second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off",
                                f"user {USER}", f"password {PASSWORD}"),
                         77, "535 5.7.8 no", f"server {FIRST}:")
    if second.connection:
        yield f"the second host heard {second.commands}"


def every_host_that_was_tried_is_named():
    busy = faulty("greeting", b"421 4.3.2 too busy\r\n")
    with Hosts(second=busy) as hosts:
        result = submit(hosts, f"{FIRST} {SECOND} {THIRD}", "tls off")
        yield from judge(
            result, 75,
            f"cannot connect to {FIRST}:{hosts.port}: connection refused",
            f"{SECOND}:{hosts.port}: the greeting refused: 421 4.3.2 too busy",
            f"cannot connect to {THIRD}:{hosts.port}: connection refused",
            f"server {THIRD}:{hosts.port})")


def a_refusal_behind_trouble_names_both():
    last = faulty("greeting", b"554 5.3.2 go away\r\n")
    with Hosts(second=last) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off"), 69,
                         f"cannot connect to {FIRST}:{hosts.port}",
                         f"{SECOND}:{hosts.port}: the greeting refused: 554")


def hosts_that_do_not_exist_are_68():
    with Hosts(second=Smarthost()) as hosts:
        result = submit(hosts, "one.invalid two.invalid", "tls off")
    wanted = 75 if b"temporary" in result.stderr else 68
    yield from judge(result, wanted, "one.invalid", "two.invalid")


def the_deadline_holds_for_all():
    """Each host greets nobody; together they get no more time than one."""
    mute = [Smarthost() for _ in range(3)]
    for host in mute:
        host.faults["greeting"] = \
            lambda self, good: self.connection.drain(20)
    with Hosts(first=mute[0], second=mute[1], third=mute[2]) as hosts:
        result = submit(hosts, f"{FIRST} {SECOND} {THIRD}", "tls off",
                        "deadline 2")
        yield from judge(result, 75, "timed out", FIRST)
    if result.seconds > 15:
        yield f"it took {result.seconds} s"


def the_step_limit_leads_on():
    mute, second = Smarthost(), Smarthost()
    mute.faults["greeting"] = lambda self, good: self.connection.drain(20)
    with Hosts(first=mute, second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", "tls off",
                                "timeout 1"), 0)


def tls_hosts(authority, *kinds):
    return [Smarthost("tls", authority.context(kind)) for kind in kinds]


def the_certificate_is_for_the_host_that_is_tried(authority):
    """Both show a certificate for FIRST; SECOND is asked, and refused."""
    first, second = tls_hosts(authority, "ip", "ip")
    first.faults["greeting"] = \
        lambda self, good: self.say(b"421 4.3.2 busy\r\n")
    trust = ("tls on", "tls_starttls off", f"tls_trust_file {authority.root}",
             f"user {USER}", f"password {PASSWORD}")
    with Hosts(first=first, second=second) as hosts:
        yield from judge(submit(hosts, f"{FIRST} {SECOND}", *trust), 76,
                         f"{FIRST}:{hosts.port}: the greeting refused: 421",
                         f"server {SECOND}:")
    if second.commands:
        yield f"the second host heard {second.commands}"


def a_certificate_that_is_not_trusted_is_final(authority):
    first, second = tls_hosts(authority, "ip", "ip")
    trust = ("tls on", "tls_starttls off", f"tls_trust_file {authority.root}")
    with Hosts(first=first, second=second) as hosts:
        yield from judge(submit(hosts, f"{SECOND} {FIRST}", *trust), 76,
                         f"server {SECOND}:")
    if first.connection:
        yield "the other host was asked"


def a_broken_handshake_is_trouble(authority):
    first, second = tls_hosts(authority, "ip", "ip")
    second.faults["tls_handshake"] = \
        lambda self, good: self.connection.reset()
    trust = ("tls on", "tls_starttls off", f"tls_trust_file {authority.root}")
    with Hosts(first=first, second=second) as hosts:
        yield from judge(submit(hosts, f"{SECOND} {FIRST}", *trust), 0)
    if not first.accepted:
        yield "the other host was not asked"


TESTS = (
    (a_dead_host_is_passed_over,),
    (a_live_host_is_enough,),
    (a_name_without_address_is_passed_over,),
    (the_trace_says_which_host_it_is,),
    (trouble_before_the_session, "greeting", b"421 4.3.2 too busy\r\n"),
    (trouble_before_the_session, "greeting", b"450 4.3.2 later\r\n"),
    (trouble_before_the_session, "ehlo1", b"421 4.3.2 shutting down\r\n"),
    (a_lost_connection_is_trouble,),
    (a_refusal_is_final, "greeting", b"554 5.3.2 go away\r\n", 69, "554"),
    (a_refusal_is_final, "mail", b"451 4.3.0 later\r\n", 75, "451"),
    (a_refusal_is_final, "dot", b"554 5.3.0 no\r\n", 69, "554"),
    (a_wrong_password_is_final,),
    (every_host_that_was_tried_is_named,),
    (a_refusal_behind_trouble_names_both,),
    (hosts_that_do_not_exist_are_68,),
    (the_deadline_holds_for_all,),
    (the_step_limit_leads_on,),
)
TLS_TESTS = (
    the_certificate_is_for_the_host_that_is_tried,
    a_certificate_that_is_not_trusted_is_final,
    a_broken_handshake_is_trouble,
)


def main():
    try:
        socket.create_server((THIRD, 0)).close()
    except OSError:
        skip_all("loopback has only one address here")
    tap = Tap()
    for test, *values in TESTS:
        words = [v.decode()[:3] if isinstance(v, bytes) else str(v)
                 for v in values[:2]]
        name = " ".join([test.__name__.replace("_", " "), *words])
        tap.run(name, test, *values)
    if shutil.which("openssl") is None:
        for test in TLS_TESTS:
            tap.skip(test.__name__.replace("_", " "),
                     "openssl is not installed")
        return tap.done()
    scratch = tempfile.mkdtemp(prefix="onehop-hosts-")
    try:
        authority = certs.Authority(scratch)
        for test in TLS_TESTS:
            tap.run(test.__name__.replace("_", " "), test, authority)
    finally:
        shutil.rmtree(scratch)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
