#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said before a message is typed, and what a web form cannot do."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests/lib"))

# pylint: disable=wrong-import-position
from tap import Tap  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("ONEHOP", "onehop"))
NOTICE = b"onehop: reading the message from the terminal, end with ^D\n"
GOOD = "host smtp.example.org\nfrom me@example.org\n"


class Home:
    """A home directory with a config file."""

    def __init__(self, config):
        self.path = tempfile.mkdtemp()
        os.makedirs(self.name(".config/onehop"))
        with open(self.name(".config/onehop/config"), "w",
                  encoding="ascii") as file:
            file.write(config)
        os.chmod(self.name(".config/onehop/config"), 0o600)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        shutil.rmtree(self.path)

    def name(self, below):
        return os.path.join(self.path, below)

    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("XDG_")}
        return {**kept, "HOME": self.path}

    def type(self, arguments, typed):
        """Types at a terminal. Returns status and stderr."""
        ours, theirs = os.openpty()
        with subprocess.Popen([PROGRAM] + arguments, stdin=theirs,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment()) as process:
            os.close(theirs)
            if typed:
                os.write(ours, typed)
            try:
                _, errors = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                _, errors = process.communicate()
                errors += b"still waits for input"
        os.close(ours)
        return process.returncode, errors


def refuses_before_it_is_typed(config, arguments, status, words):
    """Nothing is typed: the run ends all the same."""
    with Home(config) as home:
        code, errors = home.type(arguments, None)
    if code != status or words not in errors or NOTICE in errors:
        yield f"exit {code}: {errors!r}"


def says_how_to_end_the_message():
    with Home(GOOD) as home:
        code, errors = home.type(["-P", "you@example.net"],
                                 b"Subject: x\n\nhi\n\x04")
    if code != 0 or errors != NOTICE:
        yield f"exit {code}: {errors!r}"


def a_pipe_brings_no_notice():
    with Home(GOOD) as home:
        result = subprocess.run([PROGRAM, "-P", "you@example.net"],
                                input=b"hi\n", capture_output=True,
                                env=home.environment(), check=False)
    if result.returncode != 0 or result.stderr:
        yield f"exit {result.returncode}: {result.stderr!r}"


def php_runs_nothing(option):
    """The fifth parameter of mail(), which PHP itself escapes."""
    with Home(GOOD) as home:
        os.symlink(PROGRAM, home.name("sendmail"))
        script = (f'mail("you@example.net", "s", "m", "", '
                  f'"-fme@example.org --host=localhost {option}");')
        result = subprocess.run(
            ["php", "-n", "-d", f"sendmail_path={home.name('sendmail')} -t",
             "-r", script.replace("PWNED", home.name("pwned"))],
            capture_output=True, env=home.environment(), check=False)
        said = result.stdout + result.stderr
        if b"not supported when called as sendmail" not in said:
            yield f"{said!r}"
        if os.path.exists(home.name("pwned")):
            yield "it was run"


tap = Tap()
for what, *case in (
        ("no recipient", GOOD, [], 64, b"no recipients"),
        ("a recipient that is none", GOOD, ["a b <"], 65, b"a b"),
        ("a faulty configuration", "prot 25\n", ["you@example.net"], 78,
         b"config:1: "),
        ("no such account", GOOD, ["-a", "work", "you@example.net"], 78,
         b"no account work")):
    tap.run(f"{what} is told before the message is typed",
            refuses_before_it_is_typed, *case)
tap.run("how to end the message", says_how_to_end_the_message)
tap.run("a pipe brings no notice", a_pipe_brings_no_notice)
for what in (r'--passwordeval=\"touch PWNED\"', "--logfile=PWNED",
             r'--connect-command=\"touch PWNED\"'):
    if shutil.which("php"):
        tap.run(f"PHP's mail() with {what.split('=')[0]}", php_runs_nothing,
                what)
    else:
        tap.skip(f"PHP's mail() with {what.split('=')[0]}", "no php")
sys.exit(tap.done())
