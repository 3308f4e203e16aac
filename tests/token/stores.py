#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""onehop-token keeps its tokens in pass and in gnome-keyring: a login, a token,
two refreshes and a logout. No token is in the arguments or the environment of
any process."""

import os
import shutil
import subprocess
import sys
import time

# pylint: disable=wrong-import-position
from authserver import (ADDRESS, PROGRAM, AuthServer, Home, differs,
                        make_authority)
from tap import Tap, skip_all

SECONDS = 60

# A session bus that starts nothing by itself.
BUS = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


def told(home):
    """The tokens in what a tracer saw of execve()."""
    with open(os.path.join(home.path, "trace"), encoding="ascii",
              errors="replace") as file:
        text = file.read()
    if "execve(" not in text:
        yield "nothing is traced"
    for secret in ("access-", "refresh-"):
        if secret in text:
            yield f"{secret} in {text}"


def used(server, home):
    """From a login to a logout; each token lasts for no run."""
    server.expires = 100
    server.strict = True
    wrapper = ()
    if shutil.which("strace"):
        wrapper = ("strace", "-f", "-v", "-s", "65536", "-e", "trace=execve",
                   "-A", "-o", os.path.join(home.path, "trace"))
    for args, wanted in ((["--login", ADDRESS], ""), ([ADDRESS], "access-2-"),
                         ([ADDRESS], "access-3-"),
                         (["--logout", ADDRESS], "")):
        status, out, words = home.run(*args, wrapper=wrapper)
        yield from differs(f"{args}: {words}", (status, out[:9]),
                           (0, wanted))
    yield from differs("refreshes and polls", server.count("/token"), 4)
    yield from differs("revoked", server.refresh, {})
    if home.run(ADDRESS)[0] == 0:
        yield "a token after the logout"
    if os.path.exists(home.file()):
        yield "a file"
    if wrapper:
        yield from told(home)


def by_pass(authority):
    with AuthServer(authority) as server, Home(
            authority, server, "store pass") as home:
        home.environment.update(
            GNUPGHOME=home.path + "/gnupg",
            PASSWORD_STORE_DIR=home.path + "/store")
        os.mkdir(home.path + "/gnupg", 0o700)

        def call(*command):
            subprocess.run(command, env=home.environment, check=True,
                           stdin=subprocess.DEVNULL, capture_output=True)

        try:
            call("gpg", "--batch", "--passphrase", "", "--quick-gen-key",
                 ADDRESS, "default", "default", "never")
            call("pass", "init", ADDRESS)
            yield from used(server, home)
        finally:
            call("gpgconf", "--kill", "all")


def start_keyring(home, bus):
    """The bus and the keyring."""
    with open(home.path + "/bus.conf", "w", encoding="ascii") as file:
        file.write(BUS.format(path=bus))
    yield subprocess.Popen(
        ["dbus-daemon", f"--config-file={home.path}/bus.conf", "--nofork"],
        env=home.environment, stderr=subprocess.DEVNULL)
    end = time.monotonic() + SECONDS
    while not os.path.exists(bus) and time.monotonic() < end:
        time.sleep(0.05)
    keyring = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock",
         "--components=secrets"], env=home.environment,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    yield keyring
    keyring.stdin.write(b"of the keyring")
    keyring.stdin.close()
    while subprocess.run(
            ["secret-tool", "store", "--label=test", "is", "ready"],
            env=home.environment, input=b"yes", capture_output=True,
            check=False).returncode and time.monotonic() < end:
        time.sleep(0.2)


def by_keyring(authority):
    with AuthServer(authority) as server, Home(
            authority, server, "store secret-tool") as home:
        bus = home.path + "/run/bus"
        os.mkdir(home.path + "/run", 0o700)
        home.environment.update(
            XDG_RUNTIME_DIR=home.path + "/run",
            DBUS_SESSION_BUS_ADDRESS="unix:path=" + bus)
        started = []
        try:
            for process in start_keyring(home, bus):
                started.append(process)
            yield from used(server, home)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(SECONDS)


def main():
    if not os.path.exists(PROGRAM):
        skip_all("onehop-token is not built")
    authority, directory = make_authority()
    tap = Tap()
    for name, test, programs in (
            ("pass", by_pass, ("pass", "gpg")),
            ("secret-tool", by_keyring,
             ("secret-tool", "gnome-keyring-daemon", "dbus-daemon"))):
        missing = [program for program in programs
                   if not shutil.which(program)]
        if missing:
            tap.skip(name, f"{missing[0]} is not installed")
        else:
            tap.run(name, test, authority)
    shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
