#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every SASL mechanism that Dovecot's submission server knows, against it, and
those of Cyrus SASL against Postfix: the right secret delivers, the wrong one
is 77 and says whose it was.

Tokens are JSON Web Tokens that Dovecot validates by itself, client
certificates are signed on the spot, and GSSAPI asks a KDC of MIT's.
"""

import base64
import functools
import glob
import hmac
import json
import os
import smtplib
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import kerberos
import messages
import realserver
import smtpserver
from authfaults import FAULTS, HARMLESS
from onehop import Run
from realserver import DOMAIN, PASSWORD, USER
from tap import Tap, skip_all

SECONDS = 90
KEY = b"the key of the tokens"
GSSAPI_MODULE = "/usr/lib/dovecot/modules/auth/libmech_gssapi.so"
PASSWORDS = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "CRAM-MD5",
             "DIGEST-MD5")
CYRUS = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "CRAM-MD5",
         "DIGEST-MD5", "NTLM")
TOKENS = ("OAUTHBEARER", "XOAUTH2")
# Dovecot 2.4 has them.
BOUND = ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS")

DOVECOT = """
auth_ssl_username_from_cert = yes
ssl_ca = <{ca}
ssl_require_crl = no
ssl_verify_client_cert = yes
ssl_cert_username_field = commonName
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {oauth}
}}
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=y
}}
"""

# The same for Dovecot 2.4.
DOVECOT_24 = """
auth_ssl_username_from_cert = yes
ssl_server_ca_file = {ca}
ssl_server_require_crl = no
ssl_server_request_client_cert = yes
ssl_server_cert_username_field = commonName
oauth2 {{
  introspection_mode = local
  username_attribute = sub
  oauth2_local_validation {{
    dict fs {{
      fs posix {{
        prefix = {keys}/
      }}
    }}
  }}
}}
passdb oauth2 {{
  mechanisms_filter = oauthbearer xoauth2
}}
passdb static {{
  mechanisms_filter = external
  fields {{
    nopassword = yes
  }}
}}
"""

GSSAPI_24 = """
auth_krb5_keytab = {keytab}
auth_gssapi_hostname = $ALL
import_environment {{
  KRB5_CONFIG = %{{env:KRB5_CONFIG}}
}}
"""

GSSAPI = """
auth_krb5_keytab = {keytab}
auth_gssapi_hostname = "$ALL"
import_environment = $import_environment KRB5_CONFIG
"""


CYRUS_SERVICE = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_type=cyrus
  -o smtpd_sasl_path=smtpd
  -o cyrus_sasl_config_path={directory}
  -o smtpd_sasl_local_domain={realm}
"""

CYRUS_CONF = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {directory}/users.db
mech_list: {mechanisms}
"""

REALM = "mail." + DOMAIN


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(filler=0, expires=3600, key=KEY):
    """A JSON Web Token for the user, of any length."""
    now = int(time.time())
    body = b".".join(encode(json.dumps(part).encode()) for part in (
        {"typ": "JWT", "alg": "HS256"},
        {"sub": USER, "iat": now - 60, "nbf": now - 60, "exp": now + expires,
         "filler": "x" * filler}))
    return (body + b"." + encode(hmac.digest(key, body, "sha256"))).decode()


class Server(realserver.RealServer):
    """All that Dovecot has, but for ANONYMOUS and one-time passwords."""

    mechanisms = PASSWORDS + TOKENS + ("EXTERNAL",)

    def __init__(self):
        super().__init__()
        self.realm = None
        self.has_binding = realserver.is_dovecot_24()
        if self.has_binding:
            self.mechanisms += BOUND
        self.has_gssapi = (kerberos.why_not() is None
                           and os.path.exists(GSSAPI_MODULE))
        if self.has_gssapi:
            self.mechanisms += ("GSSAPI",)
        self.has_cyrus = (
            realserver.find_program("saslpasswd2") is not None
            and bool(glob.glob("/usr/lib/*/sasl2/libscram.so")))

    def more_dovecot(self):
        keys = self.path("keys/default/HS256")
        os.makedirs(keys)
        self.write("keys/default/HS256/default", base64.b64encode(KEY))
        self.write("oauth.conf", (
            "introspection_mode = local\nusername_attribute = sub\n"
            "local_validation_key_dict = "
            f"fs:posix:prefix={self.path('keys')}/\n").encode())
        for name in (USER, "mallory"):
            self._certify(name)
        more, gssapi = DOVECOT, GSSAPI
        if realserver.is_dovecot_24():
            more, gssapi = DOVECOT_24, GSSAPI_24
        text = more.format(ca=self.ca, oauth=self.path("oauth.conf"),
                           keys=self.path("keys"))
        if self.has_gssapi:
            self._start_realm()
            text += gssapi.format(keytab=self.realm.keytab)
        return text

    def more_postfix(self):
        if not self.has_cyrus:
            return ""
        self.ports["cyrus"] = realserver.free_ports(1)[0]
        directory = self.path("postfix/sasl")
        os.mkdir(directory)
        self.write("postfix/sasl/smtpd.conf", CYRUS_CONF.format(
            directory=directory, mechanisms=" ".join(CYRUS)).encode())
        subprocess.run(
            [realserver.find_program("saslpasswd2"), "-c", "-p", "-f",
             f"{directory}/users.db", "-u", REALM, USER],
            input=PASSWORD.encode(), check=True, capture_output=True)
        os.chmod(f"{directory}/users.db", 0o644)
        return CYRUS_SERVICE.format(port=self.ports["cyrus"], realm=REALM,
                                    directory=directory)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def _certify(self, name):
        """A client certificate; mallory's own authority signs its."""
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.scratch, check=True,
                           stdin=subprocess.DEVNULL, capture_output=True)

        authority = "ca" if name == USER else "other"
        openssl("req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={USER}")
        self.write("client", b"extendedKeyUsage=clientAuth\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA",
                f"{authority}.pem", "-CAkey", f"{authority}.key",
                "-CAcreateserial", "-days", "2", "-extfile", "client",
                "-out", f"{name}.pem")

    def _start_realm(self):
        directory = self.path("realm")
        os.mkdir(directory, 0o755)
        self.realm = kerberos.Realm(directory, realserver.free_ports(1)[0])
        self.realm.__enter__()
        self.realm.add_service("smtp/localhost")
        os.chmod(self.realm.keytab, 0o644)
        self.realm.add_user(USER, PASSWORD)
        self.realm.login(USER, PASSWORD)
        # Dovecot takes it from its environment.
        os.environ["KRB5_CONFIG"] = self.realm.environment["KRB5_CONFIG"]

    def __exit__(self, *rest):
        if self.realm:
            self.realm.__exit__()
        super().__exit__(*rest)


def submit(server, mechanism, message, secret=None, **change):
    """Runs onehop against a service; the result of the run."""
    port = server.ports[change.get("service", "dovecot")]
    config = ["host localhost", f"port {port}",
              "domain client.example", "from alice@example.org",
              f"tls_trust_file {server.ca}", "tls on", "tls_starttls on",
              f"auth {mechanism.lower()}", *change.get("more", ())]
    if secret is not None:
        config += [f"user {USER}", f"password {secret}"]
    run = Run(config, change.get("environment"))
    try:
        run.start(["-d", "-i", "--", f"bob@{DOMAIN}"], message)
        return run.finish(SECONDS)
    finally:
        run.clean()


def faults_of_run(result, status, secret):
    if result.status != status:
        yield f"exit status {result.status}, not {status}"
        yield result.stderr.decode(errors="backslashreplace")
    for form in filter(None, (secret, secret and base64.b64encode(
            secret.encode())[:-4].decode())):
        if form.encode() in result.stderr:
            yield "the secret is on stderr"


def accepted(server, mechanism, secret=None, **change):
    message = messages.with_header(mechanism, b"x\n")
    result = submit(server, mechanism, message, secret, **change)
    faults = list(faults_of_run(result, 0, secret))
    yield from faults
    if not faults:
        if f"C: AUTH {mechanism}".encode() not in result.stderr:
            yield f"not by {mechanism}: {result.stderr!r}"
        arrived = server.wait_for_mail(1, SECONDS)
        if b"Subject: " + mechanism.encode() not in arrived[0]:
            yield f"it is another message: {arrived[0][:400]!r}"


def refused(server, mechanism, secret=None, words=(), **change):
    message = messages.with_header("refused", b"x\n")
    result = submit(server, mechanism, message, secret, **change)
    yield from faults_of_run(result, 77, secret)
    for word in words:
        if word.encode() not in result.stderr:
            yield f"no word of {word}: {result.stderr[-400:]!r}"
    realserver.wait_until(server.queue_is_empty, "the queue's end")
    if server.mail_files():
        yield "something was delivered"


def test_passwords(tap, server):
    for service, names in (("dovecot", PASSWORDS),
                           ("cyrus", CYRUS if server.has_cyrus else ())):
        for name in names:
            check = functools.partial(accepted, service=service)
            tap.run(f"{service}, {name}: delivered", check, server, name,
                    PASSWORD)
            check = functools.partial(refused, service=service, words=(
                f'user "{USER}"', "from the config file"))
            tap.run(f"{service}, {name}, a wrong password: 77", check,
                    server, name, "another one")


def test_tokens(tap, server):
    for name in TOKENS:
        for size in (0, 2000):
            good = token(size)
            tap.run(f"{name}, {len(good)} octets of token: delivered",
                    accepted, server, name, good)
            check = functools.partial(refused, words=(
                "token from the config file",))
            tap.run(f"{name}, the same expired: 77", check, server, name,
                    token(size, -60))
        # Dovecot 2.4 has "schemes" in front of it.
        check = functools.partial(refused, words=(
            "server says {", '"status":"'))
        tap.run(f"{name}, a forged token: 77, the server's JSON is shown",
                check, server, name, token(key=b"another key"))


def test_binding(tap, server):
    """The proof is bound to the TLS session, in both versions of TLS."""
    if not server.has_binding:
        skip(tap, "SCRAM-*-PLUS", "Dovecot is older than 2.4")
        return
    for name in BOUND:
        for version in ("1.2", "1.3"):
            more = [f"tls_priorities NORMAL:-VERS-ALL:+VERS-TLS{version}"]
            tap.run(f"{name}, TLS {version}: delivered", functools.partial(
                accepted, more=more), server, name, PASSWORD)
            tap.run(f"{name}, TLS {version}, a wrong password: 77",
                    functools.partial(refused, more=more, words=(
                        f'user "{USER}"', "from the config file")),
                    server, name, "another one")


def certificate(server, name):
    return [f"tls_cert_file {server.path(name + '.pem')}",
            f"tls_key_file {server.path(name + '.key')}"]


def test_external(tap, server):
    tap.run("EXTERNAL, a client certificate: delivered",
            functools.partial(accepted, more=certificate(server, USER)),
            server, "EXTERNAL")
    tap.run("EXTERNAL, a certificate of another authority: 77",
            functools.partial(refused, more=certificate(server, "mallory")),
            server, "EXTERNAL")
    tap.run("EXTERNAL, without a certificate: 77", refused, server,
            "EXTERNAL")


def skip(tap, what, reason):
    tap.number += 1
    print(f"ok {tap.number} - {what} # SKIP {reason}")


def test_gssapi(tap, server):
    if not server.has_gssapi:
        skip(tap, "GSSAPI", kerberos.why_not()
             or "dovecot-gssapi is not installed")
        return
    # MIT's library keeps 16 octets until the end.
    server.write("leaks", b"leak:libgssapi_krb5\n")
    environment = dict(server.realm.environment, LSAN_OPTIONS="suppressions="
                       + server.path("leaks") + ":print_suppressions=0")
    tap.run("GSSAPI, a ticket: delivered", functools.partial(
        accepted, environment=environment), server, "GSSAPI")
    tap.run("GSSAPI, every fault at every reply of Dovecot", gssapi_faults,
            server, environment)
    environment = dict(environment, KRB5CCNAME="FILE:/nonexistent")
    tap.run("GSSAPI, no ticket: 77", functools.partial(
        refused, environment=environment, words=("no Kerberos ticket",)),
            server, "GSSAPI")


class Middleman:
    """Stands between onehop and Dovecot, whose TLS ends here, and puts a fault
    in the place of the k-th reply to AUTH; counts these replies."""

    def __init__(self, server, k=None, fault=None):
        self.upstream = server.ports["dovecot"]
        self.context = ssl.create_default_context(cafile=server.ca)
        self.k, self.fault = k, fault
        self.replies = 0
        self.is_connected = False

    def serve(self, connection):
        """Handler for smtpserver.Server."""
        with smtplib.SMTP("127.0.0.1", self.upstream, "middle.example",
                          SECONDS) as real:
            real._host = "localhost"  # the name in its certificate
            real.starttls(context=self.context)
            self.is_connected = True
            connection.write(b"220 middle\r\n")
            while self.pass_on(connection, real):
                pass

    def pass_on(self, connection, real):
        """One line and its reply. 0 at the end."""
        line = connection.read_line(SECONDS).rstrip(b"\r\n")
        real.send(line + b"\r\n")
        code, text = real.getreply()
        if line.startswith(b"AUTH ") or self.replies:
            self.replies += 1
            if self.replies - 1 == self.k:
                return self.spoil(connection)
        lines = text.split(b"\n")
        connection.write(b"".join(
            b"%d%s%s\r\n" % (code, b" " if i == len(lines) - 1 else b"-",
                             part) for i, part in enumerate(lines)))
        return code not in (221, 235)

    def spoil(self, connection):
        """The fault, and no end but the client's."""
        reply = FAULTS[self.fault][0]
        if self.fault == "a reset":
            connection.reset()
        elif reply is not None:
            connection.write(reply + b"\r\n")
        elif self.fault == "the same for ever":
            for _ in range(40):
                connection.write(b"334 QUJD\r\n")
                connection.read_line(SECONDS)
        if reply is not None:
            connection.read_line(SECONDS)
        return 0


def through(server, environment, middleman):
    """A run by GSSAPI, in clear as far as the middleman. Dovecot may drop one
    of very many connections; then he tries again."""
    for _ in range(3):
        with smtpserver.Server(middleman.serve) as proxy:
            run = Run(["host localhost", f"port {proxy.port}", "tls off",
                       "from alice@example.org", "auth gssapi",
                       f"user {USER}"], environment)
            try:
                run.start(["-d", "-i", "--", f"bob@{DOMAIN}"],
                          b"Subject: x\n\nx\n")
                result = run.finish(SECONDS)
            finally:
                run.clean()
        if middleman.is_connected:
            return result
        print(f"# Dovecot: {proxy.failure!r}")
    raise RuntimeError("Dovecot does not answer")


def gssapi_faults(server, environment):
    """Every fault in the place of every reply."""
    honest = Middleman(server)
    through(server, environment, honest)
    if honest.replies < 3:
        yield f"only {honest.replies} replies to AUTH"
    for k in range(honest.replies):
        for fault, (_, codes) in FAULTS.items():
            if fault == "235 too early" and k == honest.replies - 1:
                continue  # it comes in time
            result = through(server, environment,
                             Middleman(server, k, fault))
            if fault == "a NUL":
                codes = {76, 77}  # a token that the library refuses
            if k == 0 and fault in HARMLESS:
                codes = {75}  # it answers, and nobody listens any more
            if result.hung or result.status not in codes:
                yield (f"{fault} at reply {k}: exit status {result.status}, "
                       f"not {codes}: {result.stderr[-300:]!r}")
            if b"C: MAIL" in result.stderr:
                yield f"{fault} at reply {k}: it went on"


def main():
    reason = realserver.why_not()
    if reason:
        skip_all(reason)
    tap = Tap()
    with Server() as server:
        if not server.has_submission:
            skip_all("dovecot's submission-login is not installed")
        if not server.has_cyrus:
            skip(tap, "Cyrus SASL", "its modules are not installed")
        test_passwords(tap, server)
        test_binding(tap, server)
        test_tokens(tap, server)
        test_external(tap, server)
        test_gssapi(tap, server)
        if tap.failed:
            for line in server.log().splitlines()[-80:]:
                print(f"# {line}")
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
