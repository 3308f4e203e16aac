#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own programs call /usr/sbin/sendmail, which is onehop, and their
mail arrives at real Postfix. A private mount namespace makes it so: outside
of it nothing changes."""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import realserver
from onehop import SANITIZER_OPTIONS
from realserver import DOMAIN
from tap import Tap, skip_all

SENDMAIL = "/usr/sbin/sendmail"
CUPS = "/usr/lib/cups/notifier/mailto"
SYMFONY_MAILER = "/usr/share/php/Symfony/Component/Mailer/autoload.php"
INSIDE = "ONEHOP_IN_NAMESPACE"
SECONDS = 120
PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
PROGRAMS = ("cron", "atd", "at", "mutt", "s-nail", "bsd-mailx", "git", "php",
            "perl", "sudo")

HEADER = """\
To: bob@example.net
From: Me <me@example.net>
Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=

"""

MIME_LITE = """
use MIME::Lite;
MIME::Lite->new(From => 'me@example.net', To => 'bob@example.net',
    Cc => 'carol@example.net', Subject => 'x', Data => "perl\\n")->send
    or die;
"""

MAIL_MAILER = """
use Mail::Mailer;
my $m = Mail::Mailer->new('sendmail');
$m->open({ From => 'me@example.net',
    To => ['bob@example.net', 'carol@example.net'], Subject => 'x' });
print $m "perl\\n";
$m->close or die;
"""

EMAIL_SENDER = """
use Email::Sender::Simple qw(sendmail);
use Email::Sender::Transport::Sendmail;
sendmail("From: me\\@example.net\\nTo: bob\\@example.net\\nSubject: x\\n\\n" .
    "perl\\n.\\nend\\n", { from => 'me@example.net',
    to => ['bob@example.net', 'carol@example.net'],
    transport => Email::Sender::Transport::Sendmail->new });
"""

PHP = r"""
$sent = mail('bob@example.net', 'x', "one\n.\ntwo\n",
    "From: me@example.net\r\nBcc: carol@example.net\r\nX-A: b");
exit($sent ? 0 : 1);
"""

SYMFONY = r"""
require '%s';
use Symfony\Component\Mailer\Transport\SendmailTransport;
use Symfony\Component\Mime\Email;
$mail = (new Email())->from('me@example.net')->to('bob@example.net')
    ->bcc('carol@example.net')->subject('x')->text("one\n.\n..two");
(new SendmailTransport('%s'))->send($mail);
"""

PYTHON = """
import email.message, subprocess
m = email.message.EmailMessage()
m["From"], m["To"], m["Subject"] = "me@example.net", "bob@example.net", "x"
m.set_content("python\\n.\\n")
subprocess.run(["/usr/sbin/sendmail", "-oi", "-t"], input=m.as_bytes(),
               check=True)
"""


class House:
    """A scratch home, and the system as the callers shall find it."""

    def __init__(self, server):
        self.server = server
        self.home = tempfile.mkdtemp(prefix="onehop-callers-")
        os.chmod(self.home, 0o755)
        self.made = None

    def __enter__(self):
        version = subprocess.run(
            [os.environ["ONEHOP"], "--version"], check=True, text=True,
            capture_output=True, env=SANITIZER_OPTIONS).stdout
        config = re.search(r"^system config file: (.*)$", version, re.M)[1]
        etc = os.path.dirname(os.path.dirname(config))
        if not os.path.isdir(etc):
            os.makedirs(etc)
            self.made = etc
        self.write("etc/onehop/config", f"""\
account default
host 127.0.0.1
port {self.server.ports['plain']}
tls off
auth off
domain client.example
maildomain {DOMAIN}
""")
        self.cover("etc", etc)
        self.cover("run", "/run")
        self.cover("spool", "/var/spool/cron")
        self.cover("cron.d", "/etc/cron.d")
        self.cover("crontab", "/etc/crontab", "\n")
        self.cover("sudoers", "/etc/sudoers",
                   f"Defaults mail_no_user, mailto=bob@{DOMAIN}\n")
        subprocess.run(["mount", "--bind", os.environ["ONEHOP"], SENDMAIL],
                       check=True)
        return self

    def __exit__(self, *_):
        # The mounts go with the namespace.
        if self.made:
            subprocess.run(["umount", "--lazy", self.made], check=True)
            os.removedirs(self.made)
        for name in ("/run", "/var/spool/cron", "/etc/cron.d", "/etc/crontab",
                     "/etc/sudoers", SENDMAIL):
            subprocess.run(["umount", name], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def cover(self, name, target, text=None):
        """A file or directory of ours in the place of the system's."""
        path = os.path.join(self.home, name)
        if text is None:
            os.makedirs(path, exist_ok=True)
        else:
            self.write(name, text, 0o440)
        subprocess.run(["mount", "--bind", path, target], check=True)

    def call(self, *command, stdin=b"", env=None, cwd=None):
        """Runs a caller; what it had to say if that was not nothing."""
        environment = {"HOME": self.home, "PATH": PATH, "LC_ALL": "C.UTF-8",
                       "USER": "root", "LOGNAME": "root"}
        environment.update(SANITIZER_OPTIONS)
        ended = subprocess.run(
            command, input=stdin, capture_output=True, timeout=SECONDS,
            env=environment if env is None else env, cwd=cwd or self.home,
            check=False)
        if ended.returncode:
            yield f"{command[0]}: exit status {ended.returncode}"
            yield (ended.stdout + ended.stderr).decode(errors="replace")

    def finds(self, to, sender, body=None, fields=()):
        """What is wrong with what arrived: one for each recipient, equal."""
        mails = self.server.wait_for_mail(len(to), SECONDS)
        names = sorted(re.search(rb"^Delivered-To: (.*)@", mail, re.M)[1]
                       .decode() for mail in mails)
        if names != sorted(to):
            yield f"delivered to {names}, not {sorted(to)}"
        for mail in mails:
            head, got = mail.split(b"\n\n", 1)
            if f"Return-Path: <{sender}>".encode() not in head.split(b"\n"):
                yield f"sender is not {sender}: {head!r}"
            if body is not None and got != body:
                yield f"body {got!r}, not {body!r}"
            for field in (*fields, rb"^Date: .", rb"^Message-I[Dd]: <",
                          rb"^From: .*@"):
                if not re.search(field, head, re.M):
                    yield f"no {field!r} in {head!r}"
            if re.search(rb"^bcc:", head, re.M | re.I):
                yield f"Bcc is shown: {head!r}"


def delivers(house, command, to, sender, body=None, fields=(), **how):
    yield from house.call(*command, **how)
    yield from house.finds(to, sender, body, fields)


def root_from_nowhere(house, *command):
    """No environment, cwd /."""
    yield from house.call(*command, stdin=b"hi\n", env={}, cwd="/")
    yield from house.finds(["root"], f"root@{DOMAIN}", b"hi\n")


def closed_stdin(house):
    ended = subprocess.run(["/bin/sh", "-c", f"exec {SENDMAIL} root <&-"],
                           env={}, cwd="/", check=False, timeout=SECONDS,
                           stderr=subprocess.DEVNULL)
    if ended.returncode != 66:
        yield f"exit status {ended.returncode}, not 66"
    realserver.wait_until(house.server.queue_is_empty, "the queue's end")
    if house.server.mail_files():
        yield "something was delivered"


def with_daemon(house, daemon, act):
    """act yields faults while the daemon runs in the foreground."""
    process = subprocess.Popen(daemon, env={"PATH": PATH}, cwd="/",
                               stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        yield from act(house)
    finally:
        process.terminate()
        process.wait()


def cron(house):
    """A job for a user; crond's environment is PATH and no HOME."""
    house.write("spool/crontabs/games",
                "@reboot echo cron says hello; echo .; echo end\n", 0o600)

    def wait(house):
        yield from house.finds(["games"], f"root@{DOMAIN}",
                               b"cron says hello\n.\nend\n",
                               [rb"^From: .*root@", rb"^Subject: Cron <",
                                rb"^X-Cron-Env: "])

    yield from with_daemon(house, ["cron", "-f"], wait)


def at(house):
    daemon = shutil.which("atd", path=PATH)
    for name in ("atjobs", "atspool"):
        path = os.path.join(house.home, "spool", name)
        os.makedirs(path)
        shutil.chown(path, "daemon", "daemon")
        os.chmod(path, 0o1770)
    house.write("spool/atjobs/.SEQ", "0")
    shutil.chown(os.path.join(house.home, "spool/atjobs/.SEQ"),
                 "daemon", "daemon")

    def queue(house):
        realserver.wait_until(lambda: os.path.exists("/run/atd.pid"), "atd")
        yield from house.call("at", "now", stdin=b"echo at says hello\n")
        yield from house.finds(["root"], f"root@{DOMAIN}",
                               b"at says hello\n", [rb"^Subject: Output from"])

    yield from with_daemon(house, [daemon, "-f"], queue)


def git(house):
    """Three patches, in order, each once."""
    work = os.path.join(house.home, "work")
    script = """
git init -q work && cd work
git config user.name Me && git config user.email me@example.net
for n in 1 2 3; do
    echo "line $n" >>file && git add file && git commit -qm "change $n"
done
git format-patch -q -3 -o patches
git send-email --quiet --confirm=never --suppress-cc=all \\
    --envelope-sender=auto --to=bob@example.net --bcc=carol@example.net \\
    patches/*.patch
"""
    yield from house.call("/bin/sh", "-ec", script)
    mails = house.server.wait_for_mail(6, SECONDS)
    for n in (1, 2, 3):
        with open(next(os.path.join(work, "patches", name) for name in
                       os.listdir(os.path.join(work, "patches"))
                       if name.startswith(f"000{n}-")), "rb") as file:
            body = file.read().split(b"\n\n", 1)[1]
        got = [mail for mail in mails
               if f"Subject: [PATCH {n}/3] change {n}".encode() in mail]
        if len(got) != 2:
            yield f"patch {n} arrived {len(got)} times"
        for mail in got:
            if mail.split(b"\n\n", 1)[1] != body:
                yield f"patch {n} differs: {mail!r}"
            if b"Return-Path: <me@example.net>" not in mail:
                yield f"patch {n}: {mail!r}"


def anacron(house):
    tab = house.write("anacrontab", f"MAILTO=bob@{DOMAIN}\n"
                      "1 0 job echo anacron says; echo .; echo end\n")
    spool = os.path.join(house.home, "anacron")
    os.makedirs(spool, exist_ok=True)
    yield from house.call("anacron", "-f", "-n", "-d", "-t", tab, "-S", spool)
    yield from house.finds(["bob"], f"root@{DOMAIN}",
                           b"anacron says\n.\nend\n",
                           [rb"^Subject: Anacron job 'job' on "])


def ipp_attribute(tag, name, value):
    octets = struct.pack(">i", value) if isinstance(value, int) \
        else value.encode()
    return struct.pack(">BH", tag, len(name)) + name.encode() + \
        struct.pack(">H", len(octets)) + octets


def cups(house):
    """The notifier of cupsd, fed with an event as cupsd does (RFC 3995)."""
    house.write("cups/mailto.conf", f"Sendmail {SENDMAIL}\n"
                "From me@example.net\n")
    event = struct.pack(">BBHI", 2, 0, 0, 1) + b"\x07" + b"".join(
        ipp_attribute(*attribute) for attribute in (
            (0x47, "notify-charset", "utf-8"),
            (0x48, "notify-natural-language", "en"),
            (0x21, "notify-job-id", 7),
            (0x42, "job-name", "letter"),
            (0x23, "job-state", 9),
            (0x42, "printer-name", "lp"),
            (0x23, "printer-state", 3),
            (0x45, "notify-printer-uri", "ipp://localhost/printers/lp"),
            (0x44, "notify-subscribed-event", "job-completed"),
            (0x41, "notify-text", "printed"))) + b"\x03"
    yield from house.call(CUPS, f"mailto:bob@{DOMAIN}", "", stdin=event, env={
        "CUPS_SERVERROOT": os.path.join(house.home, "cups"), "PATH": PATH,
        **SANITIZER_OPTIONS})
    yield from house.finds(["bob"], f"me@{DOMAIN}", b"printed\n",
                           [rb"^Subject: +Print Job: lp-7"])


def symfony(house, options):
    script = house.write("mailer.php", "<?php\n" + SYMFONY % (
        SYMFONY_MAILER, f"{SENDMAIL} {options}"))
    yield from house.call("php", script)
    yield from house.finds(BOTH, "me@example.net", b"one\n.\n..two\n")


def symfony_dialogue(house):
    """-bs with real Postfix behind it: its own queue id comes back."""
    client = subprocess.Popen([SENDMAIL, "-bs"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env={}, cwd="/")

    def say(text):
        client.stdin.write(text)
        client.stdin.flush()
        line = client.stdout.readline()
        while line[3:4] != b" ":
            line = client.stdout.readline()
        return line

    try:
        replies = [say(text) for text in (
            b"", b"HELO [127.0.0.1]\r\n", b"MAIL FROM:<me@example.net>\r\n",
            b"RCPT TO:<bob@example.net>\r\n", b"RCPT TO:<carol@example.net>"
            b"\r\n", b"DATA\r\n", b"From: me@example.net\r\n"
            b"To: bob@example.net\r\nSubject: x\r\n\r\nhello\r\n..\r\n.\r\n",
            b"NOOP\r\n", b"QUIT\r\n")]
    finally:
        client.communicate(timeout=SECONDS)
    codes = [int(reply[:3]) for reply in replies]
    if codes != [220, 250, 250, 250, 250, 354, 250, 250, 221]:
        yield f"replies {replies}"
    if not re.search(rb"^250 2\.0\.0 Ok: queued as \w+\r\n$", replies[6]):
        yield f"reply to the dot: {replies[6]!r}"
    yield from house.finds(["bob", "carol"], "me@example.net", b"hello\n.\n")


def mdadm(house):
    yield from house.call("mdadm", "--monitor", "--scan", "--test",
                          "--oneshot", f"--mail=bob@{DOMAIN}",
                          "--config=none")
    yield from house.finds(["bob"], f"root@{DOMAIN}")


def has_md_array():
    try:
        with open("/proc/mdstat", encoding="ascii") as file:
            return re.search(r"^md\w+ : ", file.read(), re.M)
    except FileNotFoundError:
        return None


ROOT = f"root@{DOMAIN}"
BOTH = ["bob", "carol"]
CALLS = {
    "mutt": (["mutt", "-n", "-F", "/dev/null", "-e", "set copy=no "
              "from=me@example.net use_envelope_from=yes "
              "send_charset=utf-8", "-s", "x", "-b",
              "carol@example.net", "bob@example.net"], BOTH, "me@example.net",
             "grüß\n.\nend\n".encode()),
    "s-nail": (["s-nail", "-:/", "-S", "sendwait", "-S", "mta="
                + SENDMAIL, "-r", "me@example.net", "-s", "x", "-b",
                "carol@example.net", "bob@example.net"], BOTH,
               "me@example.net", b"one\nend\n"),
    "bsd-mailx": (["bsd-mailx", "-s", "x", "-b", "carol@example.net",
                   "bob@example.net"], BOTH, ROOT, b"one\nend\n"),
    "PHP mail(): CRLF header, LF body": (
        ["php", "-n", "-r", PHP], BOTH, "me@example.net", b"one\n.\ntwo\n\n",
        [rb"^X-A: b$"]),
    "Perl, MIME::Lite": (["perl", "-e", MIME_LITE], BOTH, "me@example.net",
                         b"perl\n"),
    "Perl, Mail::Mailer": (["perl", "-e", MAIL_MAILER], BOTH,
                           "me@example.net", b"perl\n"),
    "Perl, Email::Sender": (["perl", "-e", EMAIL_SENDER], BOTH,
                            "me@example.net", b"perl\n.\nend\n"),
    "Python": ([sys.executable, "-c", PYTHON], ["bob"], "me@example.net",
               b"python\n.\n"),
    "sudo, to whom root is nobody": (
        ["/bin/sh", "-c", "! sudo -n true 2>&1"], ["bob"], ROOT),
}
STDIN = {"mutt": "grüß\n.\nend\n".encode(), "s-nail": b"one\nend\n",
         "bsd-mailx": b"one\nend\n"}
STREAMS = {"open": "", "without stdout": " >&-", "without stderr": " 2>&-",
           "with neither stdout nor stderr": " >&- 2>&-"}


def where_there(tap, name, is_there, *run):
    """A test with a caller that few machines have."""
    if is_there:
        tap.run(name, *run)
    else:
        tap.skip(name, f"no {name}")


def test(tap, house):
    tap.run("from an empty environment", root_from_nowhere, house, SENDMAIL,
            "root")
    tap.run("under env -i", root_from_nowhere, house, "/usr/bin/env", "-i",
            SENDMAIL, "root")
    for name, redirection in STREAMS.items():
        tap.run(f"from cwd /, {name}", root_from_nowhere, house, "/bin/sh",
                "-c", f"exec {SENDMAIL} root{redirection}")
    tap.run("stdin closed: 66, nothing sent", closed_stdin, house)
    for name, call in CALLS.items():
        tap.run(name, lambda call=call, name=name: delivers(
            house, *call, stdin=STDIN.get(name, b"")))
    tap.run("sudo's mailer: its environment, -t", lambda: delivers(
        house, [SENDMAIL, "-t"], ["bob"], "me@example.net", b"x\n",
        stdin=HEADER.encode() + b"x\n", cwd="/", env={
            "HOME": "/", "PATH": PATH, "LOGNAME": "root", "USER": "root"}))
    tap.run("git send-email, three patches", git, house)
    tap.run("Debian's cron, a user's job", cron, house)
    tap.run("at", at, house)
    tap.run("-bs as Symfony speaks it", symfony_dialogue, house)
    where_there(tap, "anacron", shutil.which("anacron", path=PATH), anacron,
                house)
    where_there(tap, "CUPS", os.path.exists(CUPS), cups, house)
    for options in ("-bs", "-t", "-t -i"):
        where_there(tap, f"Symfony's mailer {options}",
                    os.path.exists(SYMFONY_MAILER), symfony, house, options)
    if has_md_array():
        tap.run("mdadm --monitor --test", mdadm, house)


def enter_namespace(script, programs):
    """Goes on in a mount namespace of the script's own, or skips it all."""
    reason = realserver.why_not()
    missing = [name for name in programs if not shutil.which(name, path=PATH)]
    if not reason and missing:
        reason = f"{' '.join(missing)}: not installed"
    if not reason and not os.path.exists(SENDMAIL):
        reason = f"{SENDMAIL} is not there"
    namespace = ["unshare", "--mount", "--propagation", "private"]
    if not reason and subprocess.run([*namespace, "true"],
                                     check=False).returncode:
        reason = "no mount namespaces here"
    if reason:
        skip_all(reason)
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp(namespace[0], [*namespace, sys.executable, script])


def main():
    enter_namespace(__file__, PROGRAMS)
    tap = Tap()
    with realserver.RealServer() as server:
        with House(server) as house:
            test(tap, house)
        if tap.failed:
            for line in server.log().splitlines()[-60:]:
                print(f"# {line}")
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
