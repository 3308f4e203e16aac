# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos realm of one test: MIT's KDC in a scratch directory.

    with Realm(directory, port) as realm:
        realm.add_service("smtp/localhost")     # into realm.keytab
        realm.add_user("alice", "secret")
        realm.login("alice", "secret")          # a ticket in realm.cache

realm.environment is what programs need to see nothing but this realm.
"""

import os
import shutil
import subprocess
import time

NAME = "ONEHOP.TEST"
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin"

KRB5_CONF = """\
[libdefaults]
default_realm = {name}
dns_lookup_realm = false
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{name} = {{
    kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {name}
"""

KDC_CONF = """\
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{name} = {{
    database_name = {directory}/principal
    key_stash_file = {directory}/stash
}}
"""


def why_not():
    """What keeps a realm from running here, or None."""
    for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit"):
        if shutil.which(name, path=PATH) is None:
            return f"{name} is not installed"
    return None


class Realm:
    """A context manager; see above."""

    def __init__(self, directory, port):
        self.directory = directory
        self.keytab = os.path.join(directory, "keytab")
        self.cache = os.path.join(directory, "tickets")
        self.environment = {
            "KRB5_CONFIG": os.path.join(directory, "krb5.conf"),
            "KRB5_KDC_PROFILE": os.path.join(directory, "kdc.conf"),
            "KRB5CCNAME": "FILE:" + self.cache,
        }
        for name, text in (("krb5.conf", KRB5_CONF), ("kdc.conf", KDC_CONF)):
            with open(os.path.join(directory, name), "w",
                      encoding="ascii") as file:
                file.write(text.format(name=NAME, port=port,
                                       directory=directory))
        self._run(["kdb5_util", "create", "-s", "-W", "-r", NAME, "-P",
                   "master"])
        self.process = None

    def __enter__(self):
        with open(os.path.join(self.directory, "kdc.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["krb5kdc", "-n"], env=self._environment(), stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def _environment(self):
        return dict(os.environ, PATH=PATH, **self.environment)

    def _run(self, command, stdin=b""):
        done = subprocess.run(command, env=self._environment(), input=stdin,
                              capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr!r}")

    def add_service(self, principal):
        self._run(["kadmin.local", "-r", NAME, "addprinc", "-randkey",
                   principal])
        self._run(["kadmin.local", "-r", NAME, "ktadd", "-k", self.keytab,
                   principal])

    def add_user(self, principal, password):
        self._run(["kadmin.local", "-r", NAME, "addprinc", "-pw", password,
                   principal])

    def login(self, principal, password, seconds=30):
        """A ticket; the KDC may still be starting."""
        end = time.monotonic() + seconds
        while True:
            try:
                self._run(["kinit", principal], password.encode() + b"\n")
                return
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
