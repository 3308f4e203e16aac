# SPDX-License-Identifier: GPL-3.0-or-later
"""A gnome-keyring on a bus of its own."""

import os
import subprocess
import time

PROGRAMS = ("secret-tool", "gnome-keyring-daemon", "dbus-daemon")
SECONDS = 90

# A session bus that starts nothing by itself.
BUS = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


class Keyring:
    """Runs below a directory. variables: for the programs that use it."""

    def __init__(self, directory):
        self.run = os.path.join(directory, "run")
        self.config = os.path.join(directory, "bus.conf")
        path = os.path.join(self.run, "bus")
        self.variables = {"XDG_RUNTIME_DIR": self.run,
                          "DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
        os.mkdir(self.run, 0o700)
        with open(self.config, "w", encoding="ascii") as file:
            file.write(BUS.format(path=path))
        environment = {**os.environ, "HOME": directory, **self.variables}
        self.started = [subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.config}", "--nofork"],
            env=environment, stderr=subprocess.DEVNULL)]
        daemon = subprocess.Popen(
            ["/bin/sh", "-c", "until [ -S \"$1\" ]; do sleep 0.1; done; "
             "exec gnome-keyring-daemon --foreground --unlock "
             "--components=secrets", "sh", path],
            env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started.append(daemon)
        daemon.stdin.write(b"of the keyring")
        daemon.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.terminate()
            process.wait()

    @staticmethod
    def store(command, secret, environment):
        """Waits until the keyring is there to store it."""
        end = time.monotonic() + SECONDS
        while subprocess.run(command, env=environment, input=secret.encode(),
                             capture_output=True, check=False).returncode:
            if time.monotonic() > end:
                raise TimeoutError("no keyring")
            time.sleep(0.2)
