# SPDX-License-Identifier: GPL-3.0-or-later
"""--configure with a real resolver and a person at a terminal."""

import os
import pty
import select
import shutil
import stat
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
import certs
import nameserver
from mailserver import Mailserver
from onehop import PROGRAM, Run
from smarthost import PASSWORD
from tap import Tap, skip_all

LIMIT = 120  # seconds that a run may take on a busy machine

# Addresses of the mail servers.
HERE = "127.1.0.1"
THERE = "127.1.0.2"     # smtp.provider.test
LATE = "127.1.0.4"      # STARTTLS alone
DUMB = "127.1.0.3"      # no authentication, or a wrong certificate
CLOSED = "127.1.0.9"    # nobody listens

ZONES = {
    "example.org": f"""
smtp IN A {HERE}
_submissions._tcp IN SRV 0 0 465 down
_submissions._tcp IN SRV 1 0 465 smtp
down IN A {CLOSED}

$ORIGIN away.example.org.
_submissions._tcp IN SRV 0 0 465 smtp.provider.test.
_submission._tcp IN SRV 0 0 587 smtp.provider.test.

$ORIGIN none.example.org.
_submissions._tcp IN SRV 0 0 0 .
smtp IN A {HERE}

$ORIGIN guess.example.org.
smtp IN A {DUMB}
mail IN A {HERE}

$ORIGIN starttls.example.org.
mail IN A {LATE}

$ORIGIN wrong.example.org.
_submissions._tcp IN SRV 0 0 466 smtp
smtp IN A {DUMB}

$ORIGIN hosted.example.org.
@ IN MX 1 aspmx.l.google.com.

$ORIGIN tenant.example.org.
@ IN MX 10 tenant-example-org.mail.protection.outlook.com.

$ORIGIN own.example.org.
@ IN MX 10 box
@ IN MX 20 backup.provider.test.
box IN A {LATE}

$ORIGIN nothing.example.org.
www IN A {CLOSED}

$ORIGIN xn--mnchen-3ya.example.org.
_submissions._tcp IN SRV 0 0 465 smtp.xn--mnchen-3ya.example.org.
smtp IN A {HERE}
""",
    "provider.test": f"smtp IN A {THERE}\n",
    "gmail.com": f"smtp IN A {HERE}\n",
    "gmx.de": "\n",
    "gmx.net": f"mail IN A {HERE}\n",
    "outlook.com":
    f"_submission._tcp IN SRV 0 0 587 smtp-mail.outlook.com.\n"
    f"smtp-mail IN A {THERE}\n",
    "office365.com": f"smtp IN A {THERE}\n",
    "hotmail.com":
    "_submission._tcp IN SRV 0 0 587 smtp-mail.outlook.com.\n",
}

ADD, OVERWRITE, YOURS, TEST, SECRET = (
    b"Add an account to it? [y/N] ", b"Overwrite it? [y/N] ",
    b"provider's? [y/N] ",
    b"Test the password now? [y/N] ", b": ")


class World:
    """The mail servers and their authority."""

    def __init__(self, directory):
        self.authority = certs.Authority(directory)
        make = self.authority.context_for
        here = make("smtp.example.org", "mail.guess.example.org",
                    "mail.gmx.net", "smtp.gmail.com",
                    "smtp.xn--mnchen-3ya.example.org")
        there = make("smtp.provider.test", "mail.starttls.example.org",
                     "smtp-mail.outlook.com", "smtp.office365.com",
                     "box.own.example.org")
        dumb = make("smtp.guess.example.org")
        self.servers = [
            Mailserver(HERE, 465, "tls", here),
            Mailserver(HERE, 587, "starttls", here),
            Mailserver(HERE, 2465, "tls", here),
            Mailserver(THERE, 465, "tls", there),
            Mailserver(THERE, 587, "starttls", there),
            Mailserver(LATE, 587, "starttls", there),
            Mailserver(DUMB, 465, "tls", dumb, ""),
            Mailserver(DUMB, 466, "tls", dumb),
        ]

    def sent(self):
        """All that clients have sent since."""
        return b"".join(server.saw()[2] for server in self.servers)


class Attempt:
    """One --configure in a home of its own, and its file."""

    def __init__(self, world, address, *options):
        self.run = Run()
        os.unlink(self.run.config)
        self.args = ["--configure", address, "--tls-trust-file=" +
                     world.authority.root, *options]
        self.file = os.path.join(self.run.home, ".config/onehop/config")
        self.text = self.status = self.output = None

    def alone(self):
        """With nobody to ask."""
        environment = self.run.environment
        self._spawn(environment, ())
        return self

    def asked(self, *dialogue):
        """At a terminal: for each pair what is asked and what is typed."""
        self._spawn(self.run.environment, dialogue)
        return self

    def _spawn(self, environment, dialogue):
        if dialogue:
            pid, fd = pty.fork()
        else:
            reader, fd = os.pipe()
            pid = os.fork()
        if pid == 0:
            try:
                if not dialogue:
                    null = os.open("/dev/null", os.O_RDONLY)
                    os.setsid()
                    os.dup2(null, 0)
                    os.dup2(fd, 1)
                    os.dup2(fd, 2)
                os.chdir(self.run.home)
                os.execve(PROGRAM, [PROGRAM, *self.args], environment)
            finally:
                os._exit(127)
        if not dialogue:
            os.close(fd)
            fd = reader
        self._converse(pid, fd, list(dialogue))

    def _converse(self, pid, fd, dialogue):
        self.output = b""
        seen = 0
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            if not select.select([fd], [], [], 1)[0]:
                continue
            try:
                data = os.read(fd, 4096)
            except OSError:  # the terminal's other end is closed
                break
            if not data:
                break
            self.output += data
            if dialogue and dialogue[0][0] in self.output[seen:]:
                seen = len(self.output)
                os.write(fd, dialogue.pop(0)[1])
        else:
            os.kill(pid, 9)
        os.close(fd)
        self.status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.unasked = [question for question, _ in dialogue]
        if os.path.exists(self.file):
            with open(self.file, encoding="utf-8") as file:
                self.text = file.read()

    def faults(self, status, *words):
        """What is not as it should be."""
        if self.status != status:
            yield f"exit status {self.status}, not {status}"
        for question in self.unasked:
            yield f"never asked: {question!r}"
        for word in words:
            if word.encode() not in self.output:
                yield f"{word!r} is not told"
        if PASSWORD.encode() in self.output:
            yield "the password is shown"

    def settings(self):
        """The lines of the file that are no comments."""
        return [line for line in (self.text or "").splitlines()
                if line and not line.startswith("#")]

    def check(self, faults, *lines):
        """The faults, and how it came to them; cleans up."""
        faults = list(faults)
        missing = [line for line in lines if line not in self.settings()]
        if missing:
            faults.append(f"the file lacks {missing}")
        if faults:
            faults.append(f"told: {self.output!r}")
            faults.append(f"file: {self.text!r}")
        self.run.clean()
        return faults


def writes_what_works(world):
    """The file is private, and says what is needed to send."""
    attempt = Attempt(world, "you@example.org").alone()
    faults = list(attempt.faults(
        0, "Trying down.example.org, port 465", "connection refused",
        "Trying smtp.example.org, port 465, TLS from the start",
        "usable: TLS1.3, AUTH PLAIN",
        "Wrote " + attempt.file, "onehop --serverinfo --auth-test"))
    for path, mode in ((attempt.file, 0o600),
                       (os.path.dirname(attempt.file), 0o700),
                       (os.path.dirname(os.path.dirname(attempt.file)),
                        0o700)):
        if stat.S_IMODE(os.stat(path).st_mode) != mode:
            faults.append(f"{path} has another mode than {mode:o}")
    if os.listdir(os.path.dirname(attempt.file)) != ["config"]:
        faults.append("something else is left behind")
    if b"AUTH" in world.sent():
        faults.append("it tried to authenticate")
    if not any(line.startswith("# passwordeval ")
               for line in attempt.text.splitlines()):
        faults.append("no example of a password command")
    faults += sends(attempt)
    return attempt.check(
        faults, "host smtp.example.org", "port 465",
        "from you@example.org", "user you@example.org",
        "tls_trust_file " + world.authority.root)


def sends(attempt):
    """A message goes out by the file and a password command."""
    attempt.run.config = attempt.file
    with open(attempt.file, "a", encoding="utf-8") as file:
        file.write(f"passwordeval echo '{PASSWORD}'\n")
    attempt.run.start(["bob@example.net"], b"Subject: x\n\ny\n")
    result = attempt.run.finish(LIMIT)
    if result.status != 0:
        yield f"sending: exit {result.status}, {result.stderr!r}"


def finds(world, address, options, words, lines):
    """Nobody is asked, and the file has these lines."""
    attempt = Attempt(world, address, *options).alone()
    return attempt.check(attempt.faults(0, *words), *lines)


def finds_nothing(world, address, options, status, words):
    """No file is written."""
    attempt = Attempt(world, address, *options).alone()
    faults = list(attempt.faults(status, *words))
    if attempt.text is not None:
        faults.append("a file is written")
    return attempt.check(faults)


FOUND = (
    ("a guess, for want of records, if one can authenticate there",
     "you@guess.example.org", (),
     ("Trying smtp.guess.example.org, port 465", "no supported authentication"),
     ("host mail.guess.example.org", "port 465")),
    ("the key of a first contact is shown", "you@guess.example.org",
     ("--tls-trust=tofu",), ("first connection to mail.guess.example.org",),
     ("tls_trust tofu",)),
    ("a guess with STARTTLS comes last", "you@starttls.example.org", (),
     ("mail.starttls.example.org, port 587, STARTTLS",),
     ("host mail.starttls.example.org",)),
    ("the domain's own mail exchanger, for want of a better guess",
     "you@own.example.org", (),
     ("Trying mail.own.example.org, port 465",
      "Trying box.own.example.org, port 465"),
     ("host box.own.example.org",)),
    ("a provider that we know by its mail exchangers",
     "you@hosted.example.org", ("--srv-targets=gmail.com",), (),
     ("host smtp.gmail.com", "port 465", "user you@hosted.example.org")),
    ("a provider that we know", "you@gmx.de", (), (),
     ("host mail.gmx.net", "port 465", "user you@gmx.de")),
    ("a provider that we know vouches for its own name in the DNS",
     "you@hotmail.com", (), (),
     ("host smtp-mail.outlook.com",)),
    ("a provider that refuses passwords", "you@outlook.com", (),
     ("onehop-token --login you@outlook.com",),
     ("auth xoauth2", "passwordeval onehop-token you@outlook.com")),
    ("its customer's own domain: onehop-token is told the provider",
     "you@tenant.example.org", ("--srv-targets=office365.com",),
     ("onehop-token --login --provider smtp.office365.com "
      "you@tenant.example.org",),
     ("auth xoauth2",
      "passwordeval onehop-token you@tenant.example.org")),
    ("a provider of app passwords", "you@gmail.com", (),
     ("https://myaccount.google.com/apppasswords",),
     ("user you@gmail.com",)),
    ("an international domain", "you@m\u00fcnchen.example.org", (), (),
     ("host smtp.xn--mnchen-3ya.example.org",
      "from you@m\u00fcnchen.example.org")),
    ("a local part that needs quotes",
     '"a \\"b# c%%U"@example.org', (), (),
     ('user "\\"a \\\\\\"b# c%%U\\"@example.org"',)),
    ("a host of the user's own", "you@nothing.example.org",
     ("--host=smtp.example.org",), (),
     ("host smtp.example.org", "port 465", "from you@nothing.example.org")),
    ("a host and a port of the user's own", "you@nothing.example.org",
     ("--host=smtp.example.org", "--port=587"), (),
     ("host smtp.example.org",)),
    ("another port than the usual ones", "you@nothing.example.org",
     ("--host=smtp.example.org", "--port=2465"), ("port 2465, TLS",),
     ("port 2465", "tls_starttls off")),
    ("a name that the user vouches for", "you@away.example.org",
     ("--srv-targets=provider.test",), (), ("host smtp.provider.test",)),
    ("other keys of the command line", "you@example.org",
     ("--user=me", "--passwordeval=pass show x # y", "--timeout=20"), (),
     ("user me", "passwordeval pass show x # y", "timeout 20")),
)

NOT_FOUND = (
    ("a domain that refuses", "you@none.example.org", (), 68,
     ("has no submission server",)),
    ("a name that nobody vouches for", "you@away.example.org", (), 78,
     ("names smtp.provider.test", "--srv-targets=smtp.provider.test")),
    ("a provider that only forgeable mail exchangers lead to",
     "you@hosted.example.org", (), 78, ("--srv-targets=smtp.gmail.com",)),
    ("no host at all", "you@nothing.example.org", (), 68,
     ("mail.nothing.example.org", "--host=NAME")),
    ("a certificate for another name", "you@wrong.example.org", (), 76,
     ("smtp.wrong.example.org", "certificate")),
    ("an address literal", "you@[127.0.0.1]", (), 64, ("address literal",)),
    ("a provider that needs its bridge", "you@proton.me", (), 68,
     ("Bridge", "--host=127.0.0.1")),
    ("a provider without SMTP", "you@tuta.com", (), 68,
     ("no SMTP server",)),
    ("no address", "you", (), 64, ("expected an address",)),
    ("two addresses", "a@example.org, b@example.org", (), 64,
     ("expected an address",)),
    ("an impossible domain", "you@-\u00fc-.example.org", (), 64,
     ("is not a domain",)),
    ("an option that says nonsense", "you@example.org", ("--tls=perhaps",),
     64, ("--tls", "expected on, off or auto")),
    ("a port without a host", "you@example.org", ("--port=465",), 64,
     ("--host next to it",)),
    ("a directory as the file", "you@example.org", ("-C", "/tmp"), 73,
     ("/tmp is not a file",)),
    ("a test of a file that is translated", "you@example.org",
     ("--from-file=/etc/passwd", "--test-message"), 64, ("--from-file",)),
    ("a place that keeps no passwords", "you@example.org",
     ("--keep-password=attic",), 64, ("--keep-password: expected",)),
    ("a URL as the host", "you@example.org", ("--host=smtps://h",), 64,
     ("--host: expected a host name",)),
    ("srv: as the host", "you@example.org", ("--host=srv:example.org",), 64,
     ("expected a host name",)),
)


def overwrites(world, dialogue, status, changed):
    """What there was is kept unless the answer is yes."""
    attempt = Attempt(world, "you@example.org")
    os.makedirs(os.path.dirname(attempt.file))
    real = os.path.join(attempt.run.home, "elsewhere")
    with open(real, "w", encoding="ascii") as file:
        file.write("host old.example.org\n")
    os.symlink(real, attempt.file)
    if dialogue:
        attempt.asked(*dialogue)
    else:
        attempt.alone()
    faults = list(attempt.faults(status, attempt.file))
    if (attempt.text != "host old.example.org\n") != changed:
        faults.append("changed" if not changed else "not changed")
    if not os.path.islink(attempt.file):
        faults.append("the link is gone")
    return attempt.check(faults)


def adds(world):
    """-a adds an account to the file, which stays as it was before."""
    old = "host old.example.org\n"
    attempt = Attempt(world, "you@example.org", "-a", "work")
    os.makedirs(os.path.dirname(attempt.file))
    with open(attempt.file, "w", encoding="ascii") as file:
        file.write(old)
    os.chmod(attempt.file, 0o600)
    attempt.alone()
    faults = list(attempt.faults(0, "-a work --serverinfo"))
    if not attempt.text.startswith(old):
        faults.append("the file has lost its lines")
    return attempt.check(faults, "account work", "host smtp.example.org",
                         "from you@example.org")


def fills(world):
    """A file that has only comments gets its first account, unasked."""
    old = "# See onehop-config(5).\n"
    attempt = Attempt(world, "you@example.org")
    os.makedirs(os.path.dirname(attempt.file))
    with open(attempt.file, "w", encoding="ascii") as file:
        file.write(old)
    os.chmod(attempt.file, 0o644)
    attempt.alone()
    faults = list(attempt.faults(0, "Wrote"))
    if not attempt.text.startswith(old) or "account " in str(
            attempt.settings()):
        faults.append("it is not the default account")
    if stat.S_IMODE(os.stat(attempt.file).st_mode) != 0o644:
        faults.append("others can no longer read it")
    faults += sends(attempt)
    return attempt.check(faults, "host smtp.example.org")


def translates(world):
    """--from-file, without an address."""
    path = os.path.join(world.authority.directory, "ssmtp.conf")
    attempt = Attempt(world, "--from-file=" + path)
    with open(path, "w", encoding="ascii") as file:
        file.write("mailhub=smtp.example.org:465\nUseTLS=YES\nroot=x\n")
    attempt.alone()
    return attempt.check(attempt.faults(0, "no counterpart: root"),
                         "host smtp.example.org", "port 465", "tls on")


def names_a_login_that_is_lost(world):
    """Others can write the auth.conf beside dma.conf."""
    path = os.path.join(world.authority.directory, "dma.conf")
    attempt = Attempt(world, "--from-file=" + path)
    for name, mode in ((path, 0o600), (os.path.join(os.path.dirname(
            path), "auth.conf"), 0o666)):
        with open(name, "w", encoding="ascii") as file:
            file.write("me|smtp.example.org:pw\n" if mode == 0o666 else
                       "SMARTHOST smtp.example.org\n")
        os.chmod(name, mode)
    attempt.alone()
    return attempt.check(attempt.faults(
        0, "no counterpart: auth.conf, as it cannot be read"),
        "host smtp.example.org")


def ends(world, asked, typed, status, words):
    """What is typed in place of an answer; the file stays."""
    attempt = Attempt(world, "you@example.org")
    os.makedirs(os.path.dirname(attempt.file))
    with open(attempt.file, "w", encoding="ascii") as file:
        file.write("host old.example.org\n")
    attempt.asked(*((question, typed) for question in asked))
    faults = list(attempt.faults(status, *words))
    if attempt.text != "host old.example.org\n":
        faults.append("the file has changed")
    return attempt.check(faults)


def asks_whose_it_is(world, answer, status):
    """Asked once, though the DNS names it twice."""
    attempt = Attempt(world, "you@away.example.org")
    world.sent()
    dialogue = [(YOURS, answer)] + ([(TEST, b"n\n")] if status == 0 else [])
    attempt.asked(*dialogue)
    faults = list(attempt.faults(status, "smtp.provider.test"))
    if attempt.output.count(YOURS) != 1:
        faults.append("asked more than once")
    if status != 0 and world.sent():
        faults.append("a host that is not trusted was contacted")
    return attempt.check(faults, *(["host smtp.provider.test"]
                                   if status == 0 else []))


def tells_of_a_wrong_password(world):
    """The file stays all the same, and nothing is typed for no answer."""
    attempt = Attempt(world, "you@example.org")
    attempt.asked((TEST, b"y\n"), (SECRET, b"\n"))
    return attempt.check(attempt.faults(
        78, "the file is written, but", "not an empty line"),
        "host smtp.example.org")


def tests_the_password(world):
    attempt = Attempt(world, "you@example.org")
    world.sent()
    kept = [(f"in {name}? [y/N] ".encode(), b"\n")
            for name in ("secret-tool", "pass") if shutil.which(name)]
    attempt.asked((TEST, b"y\n"), (SECRET, PASSWORD.encode() + b"\n"),
                  *kept, (b"only you can read? [y/N] ", b"y\n"),
                  (b"Send a test message to you@example.org? [y/N] ",
                   b"y\n"))
    faults = list(attempt.faults(0, "The password was accepted.",
                                 "The server answered: 250",
                                 "password of you@example.org at "
                                 "smtp.example.org"))
    if b"AUTH PLAIN" not in world.sent():
        faults.append("it did not authenticate")
    return attempt.check(faults, "host smtp.example.org",
                         f"password {PASSWORD}")


def tests_alone(world, where, lines):
    """The same with options and nobody to ask; where: --keep-password."""
    secret = os.path.join(world.authority.directory, "secret")
    with open(secret, "w", encoding="ascii") as file:
        file.write(PASSWORD + "\n")
    options = ["--keep-password=" + where] if where else []
    attempt = Attempt(world, "you@example.org", "--auth-test", *options,
                      "--passwordeval=cat " + secret, "--test-message")
    attempt.run.environment["PATH"] = ":".join(
        (attempt.run.home, os.environ["PATH"]))
    keeper = os.path.join(attempt.run.home, "pass")
    with open(keeper, "w", encoding="ascii") as file:
        file.write('#!/bin/sh\necho "$*" >"$HOME/told"; cat >"$HOME/kept"\n')
    os.chmod(keeper, 0o700)
    world.sent()
    attempt.alone()
    faults = list(attempt.faults(0, "The password was accepted.",
                                 "Sent. The server answered: 250"))
    sent = world.sent()
    if b"RCPT TO:<you@example.org>" not in sent:
        faults.append("no message")
    if where == "pass":
        with open(os.path.join(attempt.run.home, "kept"),
                  encoding="ascii") as file:
            if file.read().strip() != PASSWORD:
                faults.append("pass was not given the password")
    return attempt.check(faults, *(line.format(secret) for line in lines))


def keeps_nothing_without_a_password(world):
    attempt = Attempt(world, "you@example.org", "--keep-password=file",
                      "--passwordeval=exit 3").alone()
    return attempt.check(attempt.faults(78, "the file is written, but"),
                         "passwordeval exit 3")


def main():
    reason = nameserver.enter(sys.argv)
    if reason:
        skip_all(reason)
    tap = Tap()
    directory = tempfile.mkdtemp(prefix="onehop-test-")
    try:
        with nameserver.Nameserver(ZONES) as dns:
            dns.use()
            world = World(directory)
            tap.run("what is written works", writes_what_works, world)
            for name, *rest in FOUND:
                tap.run("found: " + name, finds, world, *rest)
            for name, *rest in NOT_FOUND:
                tap.run("not found: " + name, finds_nothing, world, *rest)
            tap.run("a file is not overwritten with nobody to ask",
                    overwrites, world, (), 73, False)
            tap.run("a file is not overwritten if the answer is no",
                    overwrites, world,
                    ((ADD, b"\n"), (OVERWRITE, b"\n")), 73, False)
            tap.run("a file is overwritten if the answer is yes", overwrites,
                    world, ((ADD, b"\n"), (OVERWRITE, b"yes\n"),
                            (TEST, b"\n")), 0, True)
            tap.run("an account is added to a file", adds, world)
            tap.run("a file that has only comments is no question", fills,
                    world)
            tap.run("a file of another program is translated", translates,
                    world)
            tap.run("a login that cannot be read is named",
                    names_a_login_that_is_lost, world)
            tap.run("the end of input is no", ends, world, (ADD, OVERWRITE),
                    b"\x04", 73, ("not overwritten",))
            tap.run("an interrupt ends it", ends, world, (ADD,), b"\x03", -2,
                    ())
            tap.run("a name that the user knows is taken", asks_whose_it_is,
                    world, b"y\n", 0)
            tap.run("a name that the user does not know is not talked to",
                    asks_whose_it_is, world, b"no\n", 78)
            tap.run("the password is asked for, unseen, and tested",
                    tests_the_password, world)
            for where, line in (
                    ("", "passwordeval cat {}"),
                    ("nowhere", "passwordeval cat {}"),
                    ("file", f"password {PASSWORD}"),
                    ("pass", "passwordeval pass show "
                     "mail/smtp.example.org/you@example.org")):
                tap.run("options test it and send a message, keep: " + where,
                        tests_alone, world, where, [line])
            tap.run("a command that fails leaves the file as it was",
                    keeps_nothing_without_a_password, world)
            tap.run("no password is no success", tells_of_a_wrong_password,
                    world)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
