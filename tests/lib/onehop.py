# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the program under test the way a caller would, in a scratch home."""

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import dispositions  # noqa: F401

PROGRAM = os.environ.get("ONEHOP", "onehop")
DATA_LIMIT = 32 << 10  # KiB of writable memory that a run may have

# A wrapper: runs the program after it under the name of sendmail.
AS_SENDMAIL = (sys.executable, "-c", "import os, sys; os.execv(sys.argv[1], "
               "['sendmail', *sys.argv[2:]])")

# The sanitizers need an address space of their own, and their run-time need
# not come before a preloaded library here.
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
}


def sanitizer_options(more):
    """The environment of a run for which AddressSanitizer has more options."""
    return {**SANITIZER_OPTIONS, "ASAN_OPTIONS":
            f"{SANITIZER_OPTIONS['ASAN_OPTIONS']}:{more}"}


@functools.lru_cache(maxsize=None)
def is_sanitized():
    """Was the program built with sanitizers? They want all memory."""
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


def patience(seconds):
    """So much a run may take; four times that with sanitizers: a slow machine
    is no fault of the program."""
    return seconds * 4 if is_sanitized() else seconds


class Result:
    """What a run came to."""

    def __init__(self, status, stdout, stderr, seconds, orphans, hung):
        self.status = status    # exit code, or minus the signal's number
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds
        self.orphans = orphans  # did it leave processes behind?
        self.hung = hung        # had we to kill it?


class Run:
    """One run of the program, with a home and a config of its own."""

    def __init__(self, config=(), environment=None):
        self.home = tempfile.mkdtemp(prefix="onehop-test-")
        self.config = os.path.join(self.home, "config")
        self.write_config(config)
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.home, "TMPDIR": self.home, "LC_ALL": "C",
        }
        self.environment.update(SANITIZER_OPTIONS)
        self.environment.update(environment or {})
        self.process = None
        self.data_limit = DATA_LIMIT

    def write_config(self, lines):
        """The config file, for our eyes only."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(self.config, 0o600)

    def start(self, args, stdin, wrapper=()):
        """Starts the program, under a wrapper like strace if one is given;
        stdin: octets, or an open file."""
        limits = "ulimit -c 0; "
        if not is_sanitized() and self.data_limit is not None:
            limits += "ulimit -d %d; " % self.data_limit
        self.began = time.monotonic()
        self.stdin = stdin if isinstance(stdin, bytes) else None
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", limits + 'exec "$@"', "sh",
             *wrapper, PROGRAM, "-C", self.config] + list(args),
            stdin=subprocess.PIPE if self.stdin is not None else stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment, cwd=self.home, start_new_session=True)

    def signal(self, number):
        self.process.send_signal(number)

    def finish(self, limit):
        """Waits up to limit seconds for the end; the Result."""
        hung = False
        try:
            out, err = self.process.communicate(self.stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            hung = True
            self.process.send_signal(signal.SIGKILL)
            out, err = self.process.communicate()
        return Result(self.process.returncode, out, err,
                      time.monotonic() - self.began, self._orphans(), hung)

    def _orphans(self):
        """The run led a session: is anybody left in its group?"""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        os.killpg(self.process.pid, signal.SIGKILL)
        return True

    def litter(self):
        """Files that the run left in its home, the config aside."""
        return sorted(os.path.relpath(os.path.join(path, name), self.home)
                      for path, _, names in os.walk(self.home)
                      for name in names
                      if os.path.join(path, name) != self.config)

    def clean(self):
        shutil.rmtree(self.home, ignore_errors=True)
