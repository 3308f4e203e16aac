# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Postfix and Dovecot, private to one test.

    with RealServer() as server:
        ... host 127.0.0.1, port server.ports["tls"], server.ca ...
        message = server.wait_for_mail(1)[0]

Everything - configuration, queue, sockets, certificates, mail - lives in one
scratch directory; ports are free ones on 127.0.0.1. Nothing of an installed
mail system is read or changed but the programs themselves. Needs root, since
both switch users; why_not() tells in words what is missing.

Services (names in server.ports):
    plain     no TLS, AUTH offered but not demanded
    starttls  STARTTLS demanded, AUTH offered
    tls       TLS from the start, AUTH offered
    strict    TLS from the start, AUTH demanded
    dovecot   Dovecot's own submission server, STARTTLS, AUTH demanded

Users: USER with PASSWORD, stored so that every mechanism works. Recipients at
DOMAIN land in one Maildir, but for these local parts: "refused" gets 550 at
RCPT, "later" 450, and "full" 552.
"""

import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time

DOMAIN = "example.net"
USER = "alice"
PASSWORD = "correct horse"
SERVICES = ("plain", "starttls", "tls", "strict", "dovecot")
MECHANISMS = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {scratch}/queue
data_directory = {scratch}/data
maillog_file = {scratch}/mail.log
maillog_file_prefixes = {scratch}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
local_header_rewrite_clients =
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_forbid_bare_newline = reject
in_flow_delay = 0
message_size_limit = 209715200
mailbox_size_limit = 0
virtual_mailbox_limit = 0
default_process_limit = 250
smtpd_recipient_limit = 20000
smtpd_recipient_overshoot_limit = 20000
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {scratch}
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_relay_restrictions = permit_sasl_authenticated, permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{refused@{domain} = 550 5.1.1 no such user here}},
    {{later@{domain} = 450 4.2.1 try again later}},
    {{full@{domain} = 552 5.2.2 mailbox is full}}}}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_authenticated_header = yes
smtpd_tls_received_header = yes
smtpd_tls_chain_files = {scratch}/server.key, {scratch}/server.pem
smtpd_tls_security_level = none
"""

# As Debian's, without chroot; only what a submission server needs.
MASTER_CF = """\
127.0.0.1:{plain} inet n - n - - smtpd
127.0.0.1:{starttls} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
127.0.0.1:{tls} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:{strict} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

DOVECOT_CONF = """\
base_dir = {scratch}/dovecot
state_dir = {scratch}/dovecot
log_path = {scratch}/dovecot.log
auth_verbose = yes
protocols = {protocols}
listen = 127.0.0.1
ssl = yes
ssl_cert = <{scratch}/server.pem
ssl_key = <{scratch}/server.key
auth_mechanisms = {mechanisms}
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {scratch}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={scratch}/home
}}
first_valid_uid = 1
mail_location = maildir:~/mail
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {scratch}/queue/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
"""

# The same for Dovecot 2.4, which renamed most of it.
DOVECOT_24_CONF = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {scratch}/dovecot
state_dir = {scratch}/dovecot
log_path = {scratch}/dovecot.log
auth_verbose = yes
protocols = {protocols}
listen = 127.0.0.1
ssl = yes
ssl_server_cert_file = {scratch}/server.pem
ssl_server_key_file = {scratch}/server.key
auth_mechanisms = {mechanisms}
auth_allow_cleartext = yes
auth_failure_delay = 0
passdb passwd-file {{
  passwd_file_path = {scratch}/users
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {scratch}/home
  }}
}}
first_valid_uid = 1
mail_driver = maildir
mail_path = ~/mail
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {scratch}/queue/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
"""

DOVECOT_SUBMISSION = """\
submission_relay_host = 127.0.0.1
submission_relay_port = {plain}
service submission-login {{
  inet_listener submission {{
    port = {dovecot}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
"""


def find_program(name):
    """Debian keeps sbin out of an ordinary PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/usr/local/sbin")


def is_dovecot_24():
    """Does Dovecot take the configuration of 2.4?"""
    said = subprocess.run([find_program("dovecot"), "--version"], check=True,
                          capture_output=True, text=True).stdout
    return tuple(map(int, said.split()[0].split(".")[:2])) >= (2, 4)


def why_not():
    """What keeps the servers from running here, or None."""
    if os.geteuid() != 0:
        return "real servers need root"
    for name in ("postfix", "dovecot", "openssl"):
        if find_program(name) is None:
            return f"{name} is not installed"
    for user in ("postfix", "dovecot", "dovenull"):
        try:
            pwd.getpwnam(user)
        except KeyError:
            return f"there is no user {user}"
    return None


def free_ports(count):
    """Ports that nobody listens on now; all held until all are known."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_until(ready, what, seconds=30):
    """Returns what ready() returns once that is true; fails after seconds."""
    end = time.monotonic() + seconds
    while True:
        result = ready()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def make_certificates(scratch):
    """A private authority and a server certificate that it signed."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=scratch, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)

    with open(os.path.join(scratch, "extensions"), "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                   "basicConstraints=critical,CA:FALSE\n"
                   "keyUsage=critical,digitalSignature\n"
                   "extendedKeyUsage=serverAuth\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    openssl("req", "-x509", *curve, "-nodes", "-days", "2", "-keyout",
            "ca.key", "-out", "ca.pem", "-subj", "/CN=onehop test CA",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *curve, "-nodes", "-days", "2", "-keyout",
            "other.key", "-out", "other.pem", "-subj", "/CN=another CA")
    openssl("req", *curve, "-nodes", "-keyout", "server.key", "-out",
            "server.csr", "-subj", "/CN=onehop test server")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            "extensions", "-out", "server.pem")


def signal_group(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


class RealServer:
    """Postfix with Dovecot's SASL; a context manager."""

    mechanisms = MECHANISMS

    def more_dovecot(self):
        """Further lines of Dovecot's configuration; the scratch directory
        and its certificates are there already."""
        return ""

    def more_postfix(self):
        """Further services, lines of master.cf."""
        return ""

    def __init__(self):
        self.scratch = None
        self.ports = {}
        self.processes = {}
        self.has_submission = False

    def __enter__(self):
        self.scratch = tempfile.mkdtemp(prefix="onehop-real-")
        try:
            self._configure()
            self.start_dovecot()
            self.start_postfix()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self._stop(name)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    @property
    def ca(self):
        """The authority's certificate, for tls_trust_file."""
        return self.path("ca.pem")

    @property
    def other_ca(self):
        """An authority that has signed nothing here."""
        return self.path("other.pem")

    def log(self):
        """What the servers had to say, for the report of a failure."""
        text = ""
        for name in ("mail.log", "dovecot.log"):
            try:
                with open(self.path(name), errors="replace") as file:
                    text += file.read()
            except FileNotFoundError:
                pass
        return text

    def saw(self, text, times):
        """Does the log come to have that text more often than that?"""
        try:
            return wait_until(lambda: self.log().count(text) > times, text, 5)
        except TimeoutError:
            return False

    # The servers.

    def start_postfix(self):
        self._start("postfix", [find_program("postfix"), "-c",
                                self.path("postfix"), "start-fg"])
        for service in ("plain", "starttls", "tls", "strict"):
            self._wait_for_port(service)
        with smtplib.SMTP("127.0.0.1", self.ports["plain"], timeout=30) as s:
            s.ehlo("ready.example")

    def stop_postfix(self):
        """As if the network were gone: nobody listens until the start."""
        self._stop("postfix")

    def start_dovecot(self):
        self._start("dovecot", [find_program("dovecot"), "-F", "-c",
                                self.path("dovecot.conf")])
        wait_until(lambda: os.path.exists(self.path("queue/private/auth")),
                   "dovecot's auth socket")

    def stop_dovecot(self):
        self._stop("dovecot")

    # The mail that was delivered.

    def mail_files(self):
        """Every file of the Maildir, oldest first."""
        folder = self.path("mail/new")
        if not os.path.isdir(folder):
            return []
        files = [os.path.join(folder, name) for name in os.listdir(folder)]
        return sorted(files, key=lambda name: os.stat(name).st_mtime_ns)

    def wait_for_mail(self, count, seconds=60):
        """Waits for that many messages and takes them out: raw bytes."""
        wait_until(lambda: len(self.mail_files()) >= count,
                   f"{count} messages", seconds)
        messages = []
        for name in self.mail_files():
            with open(name, "rb") as file:
                messages.append(file.read())
            os.unlink(name)
        return messages

    def queue_is_empty(self):
        """True if Postfix holds no message that is yet to be delivered."""
        return not any(files for folder in ("incoming", "active", "deferred")
                       for _, _, files in os.walk(self.path("queue", folder)))

    # How it is done.

    def _configure(self):
        user = pwd.getpwnam("nobody")
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES))))
        # Both programs drop root and must still reach what they serve.
        os.chmod(self.scratch, 0o755)
        make_certificates(self.scratch)
        for name, owner in (("postfix", 0), ("queue", 0), ("dovecot", 0),
                            ("data", pwd.getpwnam("postfix").pw_uid),
                            ("mail", user.pw_uid), ("home", user.pw_uid)):
            os.mkdir(self.path(name))
            os.chown(self.path(name), owner, -1)
        os.mkdir(self.path("queue/private"), 0o700)
        os.chown(self.path("queue/private"), pwd.getpwnam("postfix").pw_uid, 0)
        self.has_submission = os.path.exists(
            "/usr/lib/dovecot/submission-login")
        values = dict(self.ports, scratch=self.scratch, domain=DOMAIN,
                      mechanisms=" ".join(self.mechanisms).lower(),
                      uid=user.pw_uid, gid=user.pw_gid,
                      protocols="submission" if self.has_submission else "")
        dovecot = DOVECOT_24_CONF if is_dovecot_24() else DOVECOT_CONF
        if self.has_submission:
            dovecot += DOVECOT_SUBMISSION
        for name, text in (("postfix/main.cf", MAIN_CF),
                           ("postfix/master.cf", MASTER_CF),
                           ("dovecot.conf", dovecot)):
            with open(self.path(name), "w") as file:
                file.write(text.format(**values))
        with open(self.path("dovecot.conf"), "a") as file:
            file.write(self.more_dovecot())
        with open(self.path("postfix/master.cf"), "a") as file:
            file.write(self.more_postfix())
        with open(self.path("users"), "w") as file:
            file.write(f"{USER}:{{PLAIN}}{PASSWORD}\n")

    def _start(self, name, command):
        with open(self.path(f"{name}.out"), "ab") as out:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)

    def _stop(self, name):
        """Ends a server and all its children."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        groups = [process.pid]
        if name == "postfix":
            groups += self._master_group()
        signal_group(groups[-1], signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        for group in groups:
            signal_group(group, signal.SIGKILL)
        process.wait()

    def _master_group(self):
        """Postfix's start script has its master lead a group of its own."""
        try:
            with open(self.path("queue/pid/master.pid")) as file:
                return [int(file.read())]
        except (FileNotFoundError, ValueError):
            return []

    def _wait_for_port(self, service):
        def answers():
            if self.processes["postfix"].poll() is not None:
                with open(self.path("postfix.out")) as file:
                    raise RuntimeError("postfix ended: " + file.read() +
                                       self.log())
            try:
                socket.create_connection(
                    ("127.0.0.1", self.ports[service]), 1).close()
                return True
            except OSError:
                return False

        wait_until(answers, f"postfix's service {service}")


def strip_trace(message):
    """The message as it was submitted: without what Postfix put in front."""
    lines = message.split(b"\n")
    names = (b"return-path:", b"x-original-to:", b"delivered-to:",
             b"received:")
    at = 0
    while lines[at].lower().startswith(names) or lines[at][:1] in (b" ",
                                                                   b"\t"):
        at += 1
    return b"\n".join(lines[at:])
