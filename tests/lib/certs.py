# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made on the spot with the openssl command.

A root signs an intermediate, the intermediate signs the servers. Kinds of
server certificates are lines of KINDS; each is made when first asked for.
"""

import base64
import hashlib
import os
import ssl
import subprocess
import threading

NAME = "mail.test"

# kind: (subject alternative names, key, extra arguments, extensions)
EC = ("ec", "ec_paramgen_curve:P-256")
RSA1024 = ("rsa", "rsa_keygen_bits:1024")
RSA2048 = ("rsa", "rsa_keygen_bits:2048")
SERVER = "extendedKeyUsage=serverAuth\n"
KINDS = {
    "good": ("DNS:" + NAME, EC, (), SERVER),
    "expired": ("DNS:" + NAME, EC, ("-startdate", "20200101000000Z",
                                   "-enddate", "20201231000000Z"), SERVER),
    "wrong-name": ("DNS:other.test", EC, (), SERVER),
    "no-names": (None, EC, (), SERVER),
    "wildcard-tld": ("DNS:*.test", EC, (), SERVER),
    "wildcard": ("DNS:*.mail.test", EC, (), SERVER),
    "ip": ("IP:127.0.0.1", EC, (), SERVER),
    "weak-key": ("DNS:" + NAME, RSA1024, (), SERVER),
    "rsa": ("DNS:" + NAME, RSA2048, (), SERVER),
    "sha1": ("DNS:" + NAME, EC, ("-sha1",), SERVER),
    "client-only": ("DNS:" + NAME, EC, (), "extendedKeyUsage=clientAuth\n"),
    "revoked": ("DNS:" + NAME, EC, (), SERVER),
    "early": ("DNS:" + NAME, EC, ("-startdate", "20900101000000Z",
                                 "-enddate", "20991231000000Z"), SERVER),
    "idn": ("DNS:xn--bcher-kva.test", EC, (), SERVER),
    "must-staple": ("DNS:" + NAME, EC, (),
                    SERVER + "tlsfeature=status_request\n"),
    "by-root": ("DNS:" + NAME, EC, (), SERVER),
    "responder": (None, EC, (), "extendedKeyUsage=OCSPSigning\n"),
}
# All others have the intermediate.
ISSUERS = {"by-root": "root", "intermediate": "root"}
AUTHORITY = ("basicConstraints=critical,CA:TRUE\n"
             "keyUsage=critical,keyCertSign,cRLSign\n"
             "subjectKeyIdentifier=hash\n"
             "authorityKeyIdentifier=keyid\n")
CA_CONF = """\
[ca]
default_ca = a
[a]
database = {0}/index.txt
new_certs_dir = {0}
serial = {0}/serial
default_md = sha256
default_crl_days = 3000
policy = p
[p]
commonName = supplied
"""


class Authority:
    """A root and an intermediate in a directory, and what they sign."""

    def __init__(self, directory, title="Test"):
        self.directory = directory
        self.title = title
        self._lock = threading.RLock()
        self._made = set()
        self._contexts = {}
        self._openssl("req", "-x509", "-new", "-nodes", "-days", "7000",
                      "-newkey", EC[0], "-pkeyopt", EC[1],
                      "-keyout", self._path("root.key"),
                      "-out", self._path("root.pem"),
                      "-subj", f"/CN={title} Root",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._sign("intermediate", f"{title} Intermediate", "root", EC, (),
                   AUTHORITY)
        self.root = self._path("root.pem")

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _openssl(self, *args):
        done = subprocess.run(("openssl",) + args, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (
                args[0], done.stderr.decode("utf-8", "replace")))
        return done.stdout

    def _sign(self, name, common_name, issuer, key, extra, extensions):
        with open(self._path(name + ".ext"), "w", encoding="ascii") as file:
            file.write(extensions)
        self._openssl("req", "-new", "-nodes", "-newkey", key[0],
                      "-pkeyopt", key[1], "-keyout", self._path(name + ".key"),
                      "-out", self._path(name + ".csr"),
                      "-subj", "/CN=" + common_name)
        if "-startdate" in extra:
            self._sign_from(name, issuer, extra)
            return
        self._openssl("x509", "-req", "-in", self._path(name + ".csr"),
                      "-CA", self._path(issuer + ".pem"),
                      "-CAkey", self._path(issuer + ".key"),
                      "-CAcreateserial", "-out", self._path(name + ".pem"),
                      "-extfile", self._path(name + ".ext"),
                      "-days", "6000", *extra)

    def _sign_from(self, name, issuer, dates):
        """As x509 -req, which cannot set the beginning of the validity and,
        since OpenSSL 3.5, refuses an end in the past."""
        with open(self._path("serial"), "w", encoding="ascii") as file:
            file.write("4d2c\n")
        self._openssl("ca", "-batch", "-notext", "-config",
                      self._ca_config(""),
                      "-in", self._path(name + ".csr"),
                      "-cert", self._path(issuer + ".pem"),
                      "-keyfile", self._path(issuer + ".key"),
                      "-extfile", self._path(name + ".ext"),
                      "-out", self._path(name + ".pem"), *dates)

    def _ca_config(self, index):
        """A configuration for openssl ca, which knows the certificates that
        the index lists."""
        with open(self._path("index.txt"), "w", encoding="ascii") as file:
            file.write(index)
        config = self._path("ca.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CA_CONF.format(self.directory))
        return config

    def make(self, kind):
        """(certificate file, key file) of a server of that kind."""
        with self._lock:
            if kind not in self._made:
                self._make(kind)
                self._made.add(kind)
        return self._path(kind + ".pem"), self._path(kind + ".key")

    def _make(self, kind):
        if kind == "intermediate":
            return
        names, key, extra, extensions = KINDS[kind]
        if names:
            extensions += "subjectAltName=%s\n" % names
        self._sign(kind, NAME, ISSUERS.get(kind, "intermediate"), key, extra,
                   extensions)

    def chain(self, kind):
        """A file with the certificate and its intermediate."""
        certificate, key = self.make(kind)
        return self._join(kind, certificate,
                          self._path("intermediate.pem")), key

    def _join(self, name, *parts):
        chain = self._path(name + ".chain.pem")
        with self._lock:
            if not os.path.exists(chain):
                with open(chain, "wb") as out:
                    for part in parts:
                        with open(part, "rb") as file:
                            out.write(file.read())
        return chain

    def by_root(self):
        """A server without an intermediate."""
        self.make("by-root")
        return self._path("by-root.pem"), self._path("by-root.key")

    def issuer(self, kind):
        """The certificate of who signs that kind; its key is next to it."""
        return self._path(ISSUERS.get(kind, "intermediate") + ".pem")

    def deep(self, count):
        """A chain of that many certificates, the server's among them."""
        issuer, chain = "root", []
        for i in range(1, count):
            name = f"deep{i}"
            if not os.path.exists(self._path(name + ".pem")):
                self._sign(name, name, issuer, EC, (), AUTHORITY)
            chain.insert(0, self._path(name + ".pem"))
            issuer = name
        leaf = f"deep{count}-server"
        self._sign(leaf, NAME, issuer, EC, (),
                   SERVER + "subjectAltName=DNS:" + NAME)
        return self._join(leaf, self._path(leaf + ".pem"), *chain), \
            self._path(leaf + ".key")

    def by_server(self):
        """A chain whose issuer is a server, not an authority."""
        issuer, _ = self.make("good")
        self._sign("by-server", NAME, "good", EC, (),
                   SERVER + "subjectAltName=DNS:" + NAME)
        return self._join("by-server", self._path("by-server.pem"), issuer,
                          self._path("intermediate.pem")), \
            self._path("by-server.key")

    def self_signed(self):
        """(certificate, key) that nobody else has signed."""
        path = self._path("self")
        with self._lock:
            if not os.path.exists(path + ".pem"):
                self._openssl("req", "-x509", "-new", "-nodes",
                              "-days", "6000", "-newkey", EC[0],
                              "-pkeyopt", EC[1], "-keyout", path + ".key",
                              "-out", path + ".pem", "-subj", "/CN=" + NAME,
                              "-addext", "subjectAltName=DNS:" + NAME)
        return path + ".pem", path + ".key"

    def constrained(self, count=3000):
        """A chain through an authority with that many name constraints."""
        with self._lock:
            if not os.path.exists(self._path("bomb.pem")):
                constraints = ",".join(
                    "excluded;DNS:x%d.test" % i for i in range(count))
                self._sign("bomb-authority", "Test Bomb", "root", EC, (),
                           "basicConstraints=critical,CA:TRUE\n"
                           "keyUsage=critical,keyCertSign\n"
                           "nameConstraints=%s\n" % constraints)
                names = ",".join(["DNS:" + NAME] + [
                    "DNS:y%d.test" % i for i in range(count)])
                self._sign("bomb", NAME, "bomb-authority", EC, (),
                           SERVER + "subjectAltName=%s,DNS:x7.test\n" % names)
        return self._join("bomb", self._path("bomb.pem"),
                          self._path("bomb-authority.pem")), \
            self._path("bomb.key")

    def crl(self, kind, name="crl.pem", dates=()):
        """A revocation list of the kind's issuer that names the kind."""
        certificate, _ = self.make(kind)
        issuer = self.issuer(kind)
        serial = self._openssl("x509", "-noout", "-serial", "-in", certificate)
        config = self._ca_config(
            "R\t351231000000Z\t250101000000Z\t%s\tunknown\t/CN=%s\n"
            % (serial.decode().strip().split("=")[1], NAME))
        out = self._path(name)
        self._openssl("ca", "-gencrl", "-config", config, "-out", out,
                      "-cert", issuer, "-keyfile", issuer[:-3] + "key",
                      *dates)
        return out

    def fingerprint(self, certificate):
        """Its SHA-256 as AA:BB:.."""
        out = self._openssl("x509", "-noout", "-fingerprint", "-sha256",
                            "-in", certificate)
        return out.decode().strip().split("=")[1]

    def key_fingerprint(self, certificate):
        """The SHA-256 of its public key, in hexadecimal."""
        pem = self._openssl("x509", "-noout", "-pubkey", "-in", certificate)
        der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
        return hashlib.sha256(der).hexdigest()

    def context(self, kind="good"):
        """A server's SSLContext with the chain of that kind."""
        with self._lock:
            if kind not in self._contexts:
                self._contexts[kind] = context(*self.chain(kind))
            return self._contexts[kind]

    def context_for(self, *names):
        """A server's SSLContext with a good certificate for these names."""
        kind = "for-" + names[0]
        with self._lock:
            if kind not in self._contexts:
                self._sign(kind, names[0], "intermediate", EC, (),
                           SERVER + "subjectAltName=%s\n" % ",".join(
                               "DNS:" + name for name in names))
                chain = self._join(kind, self._path(kind + ".pem"),
                                   self._path("intermediate.pem"))
                self._contexts[kind] = context(chain,
                                               self._path(kind + ".key"))
            return self._contexts[kind]


def context(chain, key):
    """An SSLContext that offers whatever it is told to, weak things too."""
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.set_ciphers("ALL:@SECLEVEL=0")
    result.load_cert_chain(chain, key)
    return result
