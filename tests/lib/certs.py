# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made on the spot with the openssl command.

A root signs an intermediate, the intermediate signs the servers. Kinds of
server certificates are lines of KINDS; each is made when first asked for.
"""

import os
import ssl
import subprocess
import threading

NAME = "mail.test"

# kind: (subject alternative names, key, extra arguments, extensions)
EC = ("ec", "ec_paramgen_curve:P-256")
RSA1024 = ("rsa", "rsa_keygen_bits:1024")
SERVER = "extendedKeyUsage=serverAuth\n"
KINDS = {
    "good": ("DNS:" + NAME, EC, (), SERVER),
    "expired": ("DNS:" + NAME, EC, ("-days", "-1"), SERVER),
    "wrong-name": ("DNS:other.test", EC, (), SERVER),
    "no-names": (None, EC, (), SERVER),
    "wildcard-tld": ("DNS:*.test", EC, (), SERVER),
    "wildcard": ("DNS:*.mail.test", EC, (), SERVER),
    "ip": ("IP:127.0.0.1", EC, (), SERVER),
    "weak-key": ("DNS:" + NAME, RSA1024, (), SERVER),
    "sha1": ("DNS:" + NAME, EC, ("-sha1",), SERVER),
    "client-only": ("DNS:" + NAME, EC, (), "extendedKeyUsage=clientAuth\n"),
    "revoked": ("DNS:" + NAME, EC, (), SERVER),
}


class Authority:
    """A root and an intermediate in a directory, and what they sign."""

    def __init__(self, directory):
        self.directory = directory
        self._lock = threading.RLock()
        self._made = set()
        self._contexts = {}
        self._openssl("req", "-x509", "-new", "-nodes", "-days", "7000",
                      "-newkey", EC[0], "-pkeyopt", EC[1],
                      "-keyout", self._path("root.key"),
                      "-out", self._path("root.pem"),
                      "-subj", "/CN=Test Root",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._sign("intermediate", "Test Intermediate", "root", EC, (),
                   "basicConstraints=critical,CA:TRUE\n"
                   "keyUsage=critical,keyCertSign,cRLSign\n"
                   "subjectKeyIdentifier=hash\n"
                   "authorityKeyIdentifier=keyid\n")
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
        self._openssl("x509", "-req", "-in", self._path(name + ".csr"),
                      "-CA", self._path(issuer + ".pem"),
                      "-CAkey", self._path(issuer + ".key"),
                      "-CAcreateserial", "-out", self._path(name + ".pem"),
                      "-extfile", self._path(name + ".ext"),
                      *(extra if "-days" in extra
                        else ("-days", "6000") + extra))

    def make(self, kind):
        """(certificate file, key file) of a server of that kind."""
        with self._lock:
            if kind not in self._made:
                self._make(kind)
                self._made.add(kind)
        return self._path(kind + ".pem"), self._path(kind + ".key")

    def _make(self, kind):
        names, key, extra, extensions = KINDS[kind]
        if names:
            extensions += "subjectAltName=%s\n" % names
        self._sign(kind, NAME, "intermediate", key, extra, extensions)

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

    def crl(self, kind):
        """A revocation list of the intermediate that names the kind."""
        certificate, _ = self.make(kind)
        serial = self._openssl("x509", "-noout", "-serial", "-in", certificate)
        index = self._path("index.txt")
        with open(index, "w", encoding="ascii") as file:
            file.write("R\t351231000000Z\t250101000000Z\t%s\tunknown\t/CN=%s\n"
                       % (serial.decode().strip().split("=")[1], NAME))
        config = self._path("ca.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("[ca]\ndefault_ca=a\n[a]\ndatabase=%s\n"
                       "default_md=sha256\ndefault_crl_days=3000\n" % index)
        out = self._path("crl.pem")
        self._openssl("ca", "-gencrl", "-config", config, "-out", out,
                      "-cert", self._path("intermediate.pem"),
                      "-keyfile", self._path("intermediate.key"))
        return out

    def fingerprint(self, certificate):
        """Its SHA-256 as AA:BB:.."""
        out = self._openssl("x509", "-noout", "-fingerprint", "-sha256",
                            "-in", certificate)
        return out.decode().strip().split("=")[1]

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
