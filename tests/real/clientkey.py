#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's certificate: openssl s_server demands one; its key is a file,
plain or encrypted, or in a token of SoftHSM."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs
import tlsserver
from onehop import Run
from tap import Tap, skip_all

MESSAGE = b"From: alice@example.org\nSubject: x\n\nThe body.\n"
PASSWORD = "correct horse"
PIN = "5678"
TOKEN = "pkcs11:token=onehop;object=client"
SOFTHSM = "/usr/lib/*/softhsm/libsofthsm2.so"
# The wrapper's own mounts end with it.
OTHER_MODULES = ("unshare", "--mount", "sh", "-c",
                 'mount --bind "$0" /usr/share/p11-kit/modules && exec "$@"')
COMMAND = f"tls_key_passwordeval echo '{PASSWORD}'"
PIN_COMMAND = f"tls_key_passwordeval echo {PIN}"

# title; key; certificate; lines of the config; what stderr says: nothing if
# the server is to see the certificate
CASES = (
    ("a plain key", "plain", "chain", (), ()),
    ("a password that is not needed is not asked for", "plain", "chain",
     ("tls_key_passwordeval exit 1",), ()),
    ("an encrypted key", "pkcs8", "chain", (COMMAND,), ()),
    ("a key encrypted as of old", "old", "chain", (COMMAND,), ()),
    ("password opens the key where AUTH does not need it", "pkcs8", "chain",
     (f"password {PASSWORD}",), ()),
    ("and so does passwordeval", "pkcs8", "chain",
     (f"passwordeval echo '{PASSWORD}'",), ()),
    ("the password of AUTH is not tried", "pkcs8", "chain",
     ("auth plain", "user alice", f"password {PASSWORD}"),
     ("tls_key_file ", "no password or PIN configured",
      "hint: set tls_key_passwordeval")),
    ("AUTH and an encrypted key", "pkcs8", "chain",
     ("auth plain", "user alice", "password x", COMMAND), ()),
    ("a wrong password", "pkcs8", "chain", ("password wrong",),
     ("tls_key_file ", "the password or PIN is wrong")),
    ("a wrong password for one of old", "old", "chain", ("password wrong",),
     ("tls_key_file ", "the password or PIN is wrong")),
    ("a command that fails", "pkcs8", "chain",
     ("tls_key_passwordeval exit 3",),
     ("password of tls_key_file: ", "exit status 3")),
    ("no password", "pkcs8", "chain", (),
     ("no password or PIN configured",)),
    ("a missing key", "missing", "chain", (),
     ("tls_key_file ", "No such file")),
    ("a missing certificate", "plain", "missing", (),
     ("tls_cert_file ", "No such file")),
    ("a key that is none", "chain", "chain", (), ("tls_key_file ",)),
    ("a certificate that is none", "plain", "plain", (),
     ("tls_cert_file ",)),
    ("a certificate of another key", "plain", "other", (),
     ("tls_cert_file ", " does not match tls_key_file")),
    ("a key that others can read", "public", "chain", (),
     ("tls_key_file ", "others cannot read, not mode 644", "hint: chmod o-r ")),
    ("a key that others can write", "writable", "chain", (),
     ("tls_key_file ", "its owner can write, not mode 660",
      "hint: chmod go-w ")),
    ("a key that root shares with a group", "shared", "chain", (), ()),
    ("a key through a link", "linked", "chain", (), ()),
    ("a key that is a FIFO", "fifo", "chain", (),
     ("tls_key_file ", "expected a regular file")),
    ("a key that is a device", "/dev/zero", "chain", (),
     ("tls_key_file ", "expected a regular file")),
    ("a certificate that is a FIFO", "plain", "fifo", (),
     ("tls_cert_file ", "expected a regular file")),
    ("a token", "token", "chain", (PIN_COMMAND,), ()),
    ("a token and password as PIN", "token", "chain", (f"password {PIN}",),
     ()),
    ("a token whose PIN is in its URI", f"{TOKEN}?pin-value={PIN}", "chain",
     (), ()),
    ("a token that has the certificate too", "token", "token",
     (PIN_COMMAND,), ()),
    ("a wrong PIN", "token", "chain", ("password 1111",),
     ("tls_key_file ", "the password or PIN is wrong")),
    ("no PIN", "token", "chain", (),
     ("no password or PIN configured",
      "hint: set tls_key_passwordeval")),
    ("another token", "pkcs11:token=other;object=client", "chain",
     (PIN_COMMAND,), ("tls_key_file ", "hint: check that the module")),
)


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True,
                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Keys:
    """The client's key in all its forms."""

    def __init__(self, scratch):
        self.authority = certs.Authority(scratch)
        self.forms = {}
        chain, plain = self.authority.chain("client-only")
        self.forms["chain"], self.forms["plain"] = chain, plain
        self.forms["alone"], _ = self.authority.make("client-only")
        self.forms["other"], _ = self.authority.make("good")
        self.forms["missing"] = os.path.join(scratch, "nowhere")
        for form in ("pkcs8", "old", "fifo", "linked"):
            self.forms[form] = os.path.join(scratch, form + ".key")
        os.mkfifo(self.forms["fifo"])
        os.symlink(plain, self.forms["linked"])
        for form, mode in (("public", 0o644), ("writable", 0o660),
                           ("shared", 0o640)):
            self.forms[form] = os.path.join(scratch, form + ".key")
            shutil.copy(plain, self.forms[form])
            os.chmod(self.forms[form], mode)
        openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "1000",
                "-passout", f"pass:{PASSWORD}", "-in", plain,
                "-out", self.forms["pkcs8"])
        openssl("ec", "-aes128", "-passout", f"pass:{PASSWORD}",
                "-in", plain, "-out", self.forms["old"])
        self.environment = {}
        self.forms["token"] = TOKEN
        self._make_token(scratch, chain, plain)

    def _make_token(self, scratch, chain, plain):
        """A token of our own, known to nobody else."""
        module = (glob.glob(SOFTHSM) + [None])[0]
        tokens = os.path.join(scratch, "tokens")
        config = os.path.join(scratch, "softhsm2.conf")
        os.mkdir(tokens)
        with open(config, "w", encoding="ascii") as file:
            file.write(f"directories.tokendir = {tokens}\n"
                       "objectstore.backend = file\n")
        self.environment["SOFTHSM2_CONF"] = config
        tool = ["pkcs11-tool", "--module", module, "--token-label", "onehop",
                "--login", "--pin", PIN, "--type", "cert", "--write-object"]
        for command in (
                ["softhsm2-util", "--init-token", "--free", "--label",
                 "onehop", "--so-pin", "1234", "--pin", PIN],
                ["softhsm2-util", "--import", plain, "--token", "onehop",
                 "--label", "client", "--id", "01", "--pin", PIN],
                tool + [self._der(scratch, chain), "--label", "client",
                        "--id", "01"],
                tool + [self._der(scratch, self.authority.issuer("good")),
                        "--label", "issuer", "--id", "02"]):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL,
                           env=dict(os.environ, **self.environment))

    @staticmethod
    def _der(scratch, chain):
        path = os.path.join(scratch, os.path.basename(chain) + ".der")
        openssl("x509", "-in", chain, "-outform", "DER", "-out", path)
        return path

    def form(self, name):
        return self.forms.get(name, name)


def submit(keys, server, own, lines, wrapper):
    """Runs the program; own: the forms of key and certificate."""
    key, certificate = own
    run = Run(["host 127.0.0.1", f"port {server.port}", "tls on",
               "tls_starttls off", f"tls_host_override {certs.NAME}",
               f"tls_trust_file {keys.authority.root}",
               f"tls_key_file {keys.form(key)}",
               f"tls_cert_file {keys.form(certificate)}",
               "from alice@example.org", *lines], keys.environment)
    try:
        run.start(["bob@example.net"], MESSAGE, wrapper)
        return run.finish(tlsserver.PATIENCE)
    finally:
        run.clean()


def check(keys, key, certificate, lines, words, status=78, wrapper=()):
    """words: what stderr says of a failure of that status; with none the
    message gets through."""
    chain, server_key = keys.authority.chain("good")
    offer = tlsserver.Offer(chain, server_key, authority=keys.authority.root)
    with tlsserver.OpenSSL(offer) as server:
        result = submit(keys, server, (key, certificate), lines, wrapper)
    text = result.stderr.decode()
    if result.status != (status if words else 0):
        yield f"exit {result.status}: {text}"
    for word in words:
        if word not in text:
            yield f"{text!r} does not say {word!r}"
    shown = b"Client certificate\n" in server.seen
    if shown != (not words) or (b"The body." in server.seen) != (not words):
        yield f"the server saw {server.seen!r}"
    for secret in (PASSWORD, "wrong", PIN, "1111"):
        if secret in text.replace("PIN is wrong", ""):
            yield f"{text!r} tells a secret"


def without_issuer(keys):
    """The server wants one of its root's, and cannot know that ours is."""
    yield from check(keys, "plain", "alone", (),
                     ("server refused TLS: Certificate is required",
                      "hint: it requested a certificate of other issuers"), 76)


def missing_module(keys):
    """p11-kit is told of a module that is not there."""
    modules = os.path.join(os.path.dirname(keys.forms["plain"]), "modules")
    os.mkdir(modules)
    with open(os.path.join(modules, "none.module"), "w",
              encoding="ascii") as file:
        file.write("module: /nonexistent.so\n")
    yield from check(keys, "token", "chain", (PIN_COMMAND,),
                     ("tls_key_file ", "hint: check that the module"), 78,
                     OTHER_MODULES + (modules,))


def can_mount():
    try:
        return subprocess.run(OTHER_MODULES + ("/", "true"), check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def why_not():
    for program in ("openssl", "softhsm2-util", "pkcs11-tool"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None if glob.glob(SOFTHSM) else "SoftHSM's module is not there"


def main():
    reason = why_not()
    if reason:
        skip_all(reason)
    tap = Tap()
    scratch = tempfile.mkdtemp(prefix="onehop-clientkey-")
    try:
        keys = Keys(scratch)
        for title, *case in CASES:
            tap.run(title, check, keys, *case)
        tap.run("a certificate without its issuer", without_issuer, keys)
        if can_mount():
            tap.run("a module that is missing", missing_module, keys)
        else:
            tap.skip("a module that is missing", "need root to hide it")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
