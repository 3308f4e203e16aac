#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each loop that ends when its input does looks at the clock and at signals:
records of TLS without data, proxies, commands, the resolver and connect()."""

import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import smtpserver
from limits import LIMIT, PATIENCE, judge
from tap import Tap

CODES = (68, 75, 76)
# A network of its own, where packets for others are lost, and a name server
# that is there.
LOST = ("unshare", "--net", "--mount", "sh", "-ec",
        "ip link add name sink0 type veth peer name sink1;"
        "ip addr add 10.0.0.1/24 dev sink0; ip link set lo up;"
        "ip link set sink0 up; ip link set sink1 up;"
        "for last in 2 3; do ip neigh add 10.0.0.$last dev sink0 "
        "lladdr 02:00:00:00:00:01; done;"
        "mount --bind \"$0\" /etc/resolv.conf; exec \"$@\"")


def tickets(connection, pause):
    library, pointer = smtpserver.openssl_of(connection.tls)
    while True:
        for _ in range(1 if pause else 20):
            if library.SSL_new_session_ticket(pointer) != 1:
                raise RuntimeError("SSL_new_session_ticket failed")
            connection.tls.do_handshake()
        send_all(connection, pause)


def key_updates(connection, pause):
    while True:
        for _ in range(1 if pause else 20):
            connection.write_key_update()
            connection.tls.do_handshake()
        send_all(connection, pause)


def octets(connection, pause):
    """A reply without end, in records of one octet."""
    while True:
        connection.tls.write(b"2")
        send_all(connection, pause or 0.001)


def lines(connection, pause):
    while True:
        connection.tls.write(b"250-and\r\n")
        send_all(connection, pause)


def send_all(connection, pause):
    # pylint: disable=protected-access
    connection.send_raw(connection._outgoing.read())
    if connection.pull(pause) and connection.ended:
        raise smtpserver.Closed("by the client")


def server_of(torment, pause, context):
    def serve(connection):
        connection.start_tls(context)
        torment(connection, pause)
    return smtpserver.Server(serve)


def tls_lines(server, authority):
    return ["host 127.0.0.1", f"port {server.port}", "tls on",
            "tls_starttls off", f"tls_host_override {certs.NAME}",
            f"tls_trust_file {authority.root}", "auth off",
            "from me@example.org"]


def interim(connection, pause):
    """A proxy that is about to answer."""
    while True:
        connection.send_raw(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(pause)


def header_lines(connection, pause):
    connection.send_raw(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.send_raw(b"X: y\r\n")
        time.sleep(pause)


def drip(connection, pause):
    while True:
        connection.send_raw(b"H")
        time.sleep(pause or 0.01)


def silent(connection, _):
    connection.pull(PATIENCE)


def proxy_lines(server, kind):
    return ["host 192.0.2.1", "port 25", "tls off", "auth off",
            "from me@example.org", "proxy_host 127.0.0.1",
            f"proxy_port {server.port}", f"proxy_type {kind}"]


def in_tls(torment, pause, authority, how):
    with server_of(torment, pause, authority.context()) as server:
        yield from judge(tls_lines(server, authority), how, CODES)
        if server.failure:
            yield repr(server.failure)


def through_proxy(torment, pause, kind, how):
    with smtpserver.Server(
            lambda connection: torment(connection, pause)) as server:
        yield from judge(proxy_lines(server, kind), how, CODES)


def through_command(command, how):
    yield from judge(["host mail.test", "tls off", "auth off",
                      "from me@example.org", f"connect_command {command}"],
                     how, CODES)


def in_lost_network(host, how):
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as resolv:
        resolv.write("nameserver 10.0.0.2\n")
        resolv.flush()
        yield from judge([f"host {host}", "port 25", "tls off", "auth off",
                          "from me@example.org"], how, CODES,
                         LOST + (resolv.name,))


def can_lose():
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    return subprocess.run(
        ("unshare", "--net", "--mount", "sh", "-c",
         "ip link add name sink0 type veth"), check=False,
        stderr=subprocess.DEVNULL).returncode == 0


def name_of(how):
    return how if isinstance(how, str) else how.name


def cases(authority):
    """Name, test and arguments of each."""
    hows = (f"timeout {LIMIT}", f"deadline {LIMIT}", signal.SIGINT,
            signal.SIGTERM)
    for how in hows:
        end = f"{name_of(how)} ends "
        for torment in (tickets, key_updates, octets, lines):
            for pause in (0, 0.1):
                yield (f"{end}{torment.__name__}, a pause of {pause} s",
                       in_tls, torment, pause, authority, how)
        for kind, torment in (("http", interim), ("http", header_lines),
                              ("http", drip), ("http", silent),
                              ("socks5", drip), ("socks5", silent)):
            yield (f"{end}{torment.__name__} of a proxy, {kind}",
                   through_proxy, torment, 0.1, kind, how)
        for command in ("yes 250-and", "sleep 60", "exec sleep 60",
                        "while sleep 0.1; do printf 2; done"):
            yield (f"{end}the command {command}", through_command, command,
                   how)
        for host in ("10.0.0.3", "mail.example.org", "mx:example.org"):
            yield (f"{end}the search for {host}", in_lost_network, host, how)


def main():
    tap = Tap()
    lost = can_lose()
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        authority = certs.Authority(directory)
        authority.context()
        # they wait most of the time
        runs = [(name, pool.submit(lambda test, *args: list(test(*args)),
                                   test, *args))
                for name, test, *args in cases(authority)
                if lost or test is not in_lost_network]
        for name, run in runs:
            tap.run(name, run.result)
    if not lost:
        tap.skip("the search for a host",
                 "needs root, ip and veth interfaces")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
