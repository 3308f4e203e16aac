# SPDX-License-Identifier: GPL-3.0-or-later
"""onehop and its peers: how each is told to submit, and how runs of them
are measured. A figure of a run that failed is None."""

import os
import re
import shutil
import subprocess
import tempfile
import time

import realserver

SENDER = "alice@example.org"
CLIENTS = ("onehop", "msmtp", "curl")


class Route:
    """One way to a server: port, TLS ("off", "starttls", "implicit"),
    authority, and mechanism ("off", "plain", "scram-sha-256")."""

    def __init__(self, port, tls="off", ca=None, auth="off"):
        self.port = port
        self.tls = tls
        self.ca = ca
        self.auth = auth

    def config(self):
        """For msmtp and onehop alike."""
        lines = ["host 127.0.0.1", "port %d" % self.port, "domain localhost",
                 "from " + SENDER, "auth " + self.auth,
                 "tls " + ("off" if self.tls == "off" else "on"),
                 "tls_starttls " + ("on" if self.tls == "starttls" else "off")]
        if self.ca:
            lines.append("tls_trust_file " + self.ca)
        if self.auth != "off":
            lines += ["user " + realserver.USER,
                      'password "%s"' % realserver.PASSWORD]
        return "\n".join(lines) + "\n"

    def curl(self):
        scheme = "smtps" if self.tls == "implicit" else "smtp"
        words = ["--disable", "--silent", "--show-error", "--upload-file", "-",
                 "--url", "%s://127.0.0.1:%d/localhost" % (scheme, self.port),
                 "--mail-from", SENDER]
        if self.tls == "starttls":
            words.append("--ssl-reqd")
        if self.ca:
            words += ["--cacert", self.ca]
        if self.auth != "off":
            words += ["--login-options", "AUTH=" + self.auth.upper(), "--user",
                      "%s:%s" % (realserver.USER, realserver.PASSWORD)]
        return words


class Run:
    """What one run took: seconds of wall and processor, when it ended."""

    def __init__(self, seconds, cpu, ended):
        self.seconds = seconds
        self.cpu = cpu
        self.ended = ended


class Bench:
    """Runs clients in a scratch home; a context manager."""

    def __init__(self, onehop):
        self.onehop = onehop
        self.failures = []  # words about each run of ours that failed

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="onehop-bench-")
        self._environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                             "HOME": self.home, "TMPDIR": self.home,
                             "LC_ALL": "C"}
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.home, name)

    def command(self, client, route, recipients):
        if client == "curl":
            words = ["curl"] + route.curl()
            for recipient in recipients:
                words += ["--mail-rcpt", recipient]
            return words
        config = self.path("config")
        with open(config, "w", encoding="ascii") as file:
            file.write(route.config())
        os.chmod(config, 0o600)
        program = self.onehop if client == "onehop" else client
        return [program, "-C", config, "--"] + list(recipients)

    def start(self, command, stdin):
        with open(self.path("stderr"), "ab") as stderr:
            return subprocess.Popen(command, stdin=stdin, stderr=stderr,
                                    stdout=subprocess.DEVNULL,
                                    env=self._environment, cwd=self.home)

    def run(self, command, message, pipe=False):
        """Runs it with the message, a file; a Run, or None if it failed."""
        with open(message, "rb") as file:
            feeder = None
            if pipe:
                feeder = subprocess.Popen(["cat"], stdin=file,
                                          stdout=subprocess.PIPE)
                stdin = feeder.stdout
            else:
                stdin = file
            began = time.monotonic()
            process = self.start(command, stdin)
            if feeder:
                feeder.stdout.close()
            _, status, usage = os.wait4(process.pid, 0)
            ended = time.monotonic()
            process.returncode = os.waitstatus_to_exitcode(status)
            if feeder:
                feeder.wait()
        if process.returncode != 0:
            self._note_failure(command, process.returncode)
            return None
        return Run(ended - began, usage.ru_utime + usage.ru_stime, ended)

    def _note_failure(self, command, code):
        if self.onehop in command:
            self.failures.append("%s: exit status %d" % (
                " ".join(command[:8]), code))

    def instructions(self, command, message):
        """Of user space, as callgrind counts them."""
        out = self.path("callgrind")
        done = self.run(["valgrind", "--quiet", "--tool=callgrind",
                         "--callgrind-out-file=" + out] + command, message)
        if done is None:
            return None
        with open(out, encoding="utf-8", errors="replace") as file:
            return int(re.search(r"^totals: (\d+)$", file.read(),
                                 re.MULTILINE).group(1))

    def peak_memory(self, command, message):
        """Octets resident at most. By way of time(1): a child of our own
        would inherit the size that we have."""
        out = self.path("peak")
        if self.run([realserver.find_program("time"), "-f", "%M", "-o",
                     out] + command, message) is None:
            return None
        with open(out, encoding="ascii") as file:
            return int(file.read().split()[-1]) * 1024
