#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's cron has no HOME in its environment when it mails what a job says.
The password comes all the same from commands that need one: a file below ~
and pass."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import realserver
from callers import PATH, SECONDS, House, enter_namespace, with_daemon
from onehop import SANITIZER_OPTIONS
from tap import Tap

HOME = "/root"
ADDRESS = f"{realserver.USER}@{realserver.DOMAIN}"
CONFIG = """\
host 127.0.0.1
port {port}
tls on
tls_starttls off
tls_trust_file {ca}
auth on
user {user}
from {address}
maildomain {domain}
passwordeval {command}
logfile ~/log
"""


def as_root(*command, stdin=b""):
    subprocess.run(command, input=stdin, check=True, capture_output=True,
                   env=dict(SANITIZER_OPTIONS, PATH=PATH, HOME=HOME))


def prepare(house):
    """A home for root, of whose account cron's sendmail is, and one job."""
    house.cover("root", HOME)
    os.chmod(HOME, 0o700)
    house.write("spool/crontabs/root", "@reboot echo cron says hello\n", 0o600)


def cron_delivers(house, command):
    server = house.server
    house.write("root/.config/onehop/config", CONFIG.format(
        port=server.ports["strict"], ca=server.ca, user=realserver.USER,
        address=ADDRESS, domain=realserver.DOMAIN, command=command), 0o600)
    if os.path.exists("/run/crond.reboot"):
        os.remove("/run/crond.reboot")

    def wait(house):
        mails = house.server.wait_for_mail(1, SECONDS)
        if len(mails) != 1 or b"\ncron says hello\n" not in mails[0]:
            yield f"delivered: {mails}"

    yield from with_daemon(house, ["cron", "-f"], wait)


def from_a_file(house):
    house.write("root/password", f"{realserver.PASSWORD}\n", 0o600)
    yield from cron_delivers(house, "cat ~/password")


def from_pass(house):
    try:
        as_root("gpg", "--batch", "--passphrase", "", "--quick-gen-key",
                ADDRESS, "default", "default", "never")
        as_root("pass", "init", ADDRESS)
        as_root("pass", "insert", "-m", "mail/work",
                stdin=f"{realserver.PASSWORD}\nlogin: alice\n".encode())
        yield from cron_delivers(house, "pass show mail/work")
    finally:
        as_root("gpgconf", "--kill", "all")


def main():
    enter_namespace(__file__, ["cron"])
    missing = [name for name in ("pass", "gpg")
               if not shutil.which(name, path=PATH)]
    tap = Tap()
    with realserver.RealServer() as server:
        with House(server) as house:
            prepare(house)
            tap.run("cron without HOME: cat ~/password", from_a_file, house)
            if missing:
                tap.skip("cron without HOME: pass",
                         f"{' '.join(missing)}: not installed")
            else:
                tap.run("cron without HOME: pass", from_pass, house)
            subprocess.run(["umount", "--lazy", HOME], check=True)
            said = server.log().splitlines()[-40:]
            if os.path.exists(os.path.join(house.home, "root/log")):
                with open(os.path.join(house.home, "root/log"),
                          encoding="utf-8") as file:
                    said += file.read().splitlines()
        if tap.failed:
            for line in said:
                print(f"# {line}")
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
