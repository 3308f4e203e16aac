#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines of callers as their documentation gives them: who is named to
the smarthost, by which account, and what of the message arrives."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import onehop
import smarthost
import smtpserver
from tap import Tap

ME, WORK = "me@example.org", "me@work.example"
TO, CC, BCC = "b@example.net", "c@example.net", "d@example.net"
ROOT = "root@vm.example"
TEXT = "x\n.\n..y\n"
LETTER = f"From: Me <{ME}>\nTo: {TO}\nSubject: s\n\n{TEXT}"
AT_WORK = f"From: Me <{WORK}>\nTo: {TO}\nSubject: s\n\n{TEXT}"
COPIES = f"To: {TO}\nCc: {CC}\nBcc: {BCC}\nSubject: s\n\n{TEXT}"
CRON = f"From: root (Cron Daemon)\nTo: root\nSubject: s\n\n{TEXT}"
ADMIN = "admin@example.org"

# (the callers, name, words, message, account, sender, recipients)
LINES = (
    # msmtp's
    ("a pipe", "msmtp", TO, LETTER, "default", ME, [TO]),
    ("mutt, aerc, alot", "msmtp", f"-a work {TO}", LETTER, "work", WORK,
     [TO]),
    ("Emacs", "msmtp", f"-f {WORK} -oi -oem {TO}", LETTER, "work", WORK,
     [TO]),
    ("notmuch", "msmtp", "--read-envelope-from --read-recipients", AT_WORK,
     "work", WORK, [TO]),
    ("astroid", "msmtp", "-a work --read-envelope-from -t", LETTER, "work",
     ME, [TO]),
    ("himalaya", "msmtp", "--from=me@work.example -t", LETTER, "work", WORK,
     [TO]),
    ("git", "msmtp", f"-i -f {ME} -- {TO} {CC}", LETTER, "default", ME,
     [TO, CC]),
    ("PHP in containers", "msmtp", "-t -i", COPIES, "default", ME,
     [TO, CC, BCC]),
    ("WordPress", "msmtp", "-C {home}/rc -a work -t", COPIES, "work", WORK,
     [TO, CC, BCC]),
    ("Drupal", "msmtp", "--file={home}/rc --account work -t", COPIES, "work",
     WORK, [TO, CC, BCC]),
    ("a tutorial", "msmtp", "--debug --from=default -t", LETTER, "default",
     ME, [TO]),
    ("a script", "msmtp", f"{TO} -a work", LETTER, "work", WORK, [TO]),
    ("a wrapper", "msmtp", "-t --logfile={home}/log", LETTER, "default", ME,
     [TO]),
    ("a name for From", "msmtp", "-F 'Back up' -t", COPIES, "default", ME,
     [TO, CC, BCC]),
    ("monit, icinga", "msmtp", f"--timeout=30 -N failure {TO}", LETTER,
     "default", ME, [TO]),
    ("words and fields", "msmtp", f"-t {CC}", LETTER, "default", ME,
     [CC, TO]),
    ("a bare name", "msmtp", "root", LETTER, "default", ME, [ADMIN]),
    # sendmail's
    ("Debian's cron", "sendmail", "-i -FCronDaemon -B8BITMIME -oem root",
     CRON, "default", ME, [ADMIN]),
    ("cronie", "sendmail", "-FCronDaemon -i -odi -oem -oi -t -f root", CRON,
     "default", ROOT, [ADMIN]),
    ("anacron", "sendmail", "-FAnacron -odi root", CRON, "default", ME,
     [ADMIN]),
    ("etckeeper, mdadm, sudo, logwatch", "sendmail", "-t", CRON, "default",
     ME, [ADMIN]),
    ("unattended-upgrades", "sendmail", "-oi -t", CRON, "default", ME,
     [ADMIN]),
    ("fail2ban", "sendmail", f"-f fail2ban {TO}", LETTER, "default",
     "fail2ban@vm.example", [TO]),
    ("GitLab, Redmine", "sendmail", f"-i -f {ME} -- {TO}", LETTER, "default",
     ME, [TO]),
    ("Rails", "sendmail", "-i -t", COPIES, "default", ME, [TO, CC, BCC]),
    ("Nextcloud", "sendmail", f"-f{ME} -i -t", COPIES, "default", ME,
     [TO, CC, BCC]),
    ("PHPMailer", "sendmail", f"-oi -f{WORK} -t", COPIES, "work", WORK,
     [TO, CC, BCC]),
    ("Bugzilla", "sendmail", f"-i -f {ME} -- {TO} {CC}", LETTER, "default",
     ME, [TO, CC]),
    ("reportbug", "sendmail", f"-f {ME} -oi -oem {TO}", LETTER, "default",
     ME, [TO]),
    ("Sympa", "sendmail", "-oi -odi -oem -N success,delay,failure -Vid "
     f"-f {ME} -- {TO}", LETTER, "default", ME, [TO]),
    ("Pigeonhole", "sendmail", f"-i -f '<>' -- {TO}", LETTER, "default", "",
     [TO]),
    ("HylaFAX", "sendmail", "-ffax -oi -t", COPIES, "default",
     "fax@vm.example", [TO, CC, BCC]),
    ("Proxmox", "sendmail", f"-bm -N never -B 8BITMIME -f {ME} -- {TO}",
     LETTER, "default", ME, [TO]),
    ("nodemailer", "sendmail", f"-i -f {ME} {TO} {CC} {BCC}", COPIES,
     "default", ME, [TO, CC, BCC]),
    ("mailx of BSD", "sendmail", f"-r {ME} -oi -t", COPIES, "default", ME,
     [TO, CC, BCC]),
)
CONFIG = f"""defaults
host 127.0.0.1
port %d
tls off
maildomain vm.example
aliases ~/aliases
account default
from {ME}
domain default.example
account work
from {WORK}
domain work.example
"""


def run(line, port):
    """Exit status and what was said."""
    _, name, words, message, *_ = line
    home = tempfile.mkdtemp(prefix="onehop-lines-")
    try:
        for file, text in (("rc", CONFIG % port), (".msmtprc", CONFIG % port),
                           ("aliases", f"root: {ADMIN}\n")):
            with open(os.path.join(home, file), "w", encoding="ascii",
                      opener=lambda path, flags: os.open(path, flags, 0o600)
                      ) as written:
                written.write(text)
        program = os.path.join(home, name)
        os.symlink(os.path.abspath(onehop.PROGRAM), program)
        ended = subprocess.run(
            [program, *shlex.split(words.format(home=home))],
            input=message.encode(), capture_output=True, timeout=60,
            check=False, cwd=home, env={
                "HOME": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C",
                **onehop.SANITIZER_OPTIONS})
        return ended.returncode, ended.stderr
    finally:
        shutil.rmtree(home)


def is_understood(line):
    *_, account, sender, recipients = line
    host = smarthost.Smarthost()
    host.mechanisms = None
    with smtpserver.Server(host.serve) as server:
        status, said = run(line, server.port)
    if status or host.content is None:
        yield f"exit {status}, {said!r}"
        return
    heard = [command.decode() for command in host.commands]
    wanted = [f"EHLO {account}.example", f"MAIL FROM:<{sender}>"] + [
        f"RCPT TO:<{to}>" for to in recipients]
    for begin in wanted:
        if not any(command.startswith(begin) for command in heard):
            yield f"{begin} is not in {heard}"
    if len([c for c in heard if c.startswith("RCPT")]) != len(recipients):
        yield heard
    if not host.content.endswith(b"\r\n\r\nx\r\n.\r\n..y\r\n"):
        yield f"content {host.content!r}"
    if b"\r\nBcc:" in host.content:
        yield "a Bcc field has left"


def main():
    tap = Tap()
    for line in LINES:
        tap.run(f"{line[0]}: {line[1]} {line[2]}", is_understood, line)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
