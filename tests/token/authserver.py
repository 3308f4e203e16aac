# SPDX-License-Identifier: GPL-3.0-or-later
"""An OAuth 2.0 authorization server over TLS, and a home for onehop-token.

The server has the endpoints of RFC 6749, 7009, 7636, 8414 and 8628. It rotates
refresh tokens: an old one is given up once its successor has been used, or, if
it is strict, before the successor is sent, but for grace more uses. faults maps
a path to functions that answer in place of the server, one a request.
"""

import base64
import hashlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."),
                                "tests", "lib"))
# pylint: disable=wrong-import-position
import certs  # noqa: E402
from onehop import SANITIZER_OPTIONS, sanitizer_options  # noqa: E402

PROGRAM = os.path.join(os.environ.get("top_builddir", "."), "onehop-token")
SECONDS = 60
ADDRESS = "you@example.org"
SECRET = "s3cret-of-the-client"


def reply(status, body, kind="application/json", **headers):
    """A fault that answers with these."""
    def fault(handler, _):
        handler.send(status, body if isinstance(body, bytes)
                     else json.dumps(body).encode(), kind, headers)
    return fault


def error(code, status=400, words="no"):
    return reply(status, {"error": code, "error_description": words})


def repeat(handler, form):
    """An error that has the whole request, in two forms."""
    handler.send(400, json.dumps(
        {"error": "invalid_request", "error_description":
         f"{urllib.parse.urlencode(form)} {form}"}).encode())


def hang_up(handler, _):
    handler.close_connection = True


def lose_reply(handler, form):
    """The request is answered, and the reply is lost."""
    with handler.server.state.lock:
        handler.server.state.token(form)
    handler.close_connection = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, body, kind="application/json", headers=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer(self, form):
        path = self.path.split("?")[0]
        state = self.server.state
        with state.lock:
            state.requests.append((path, form))
            faults = state.faults.get(path)
            fault = faults.pop(0) if faults else None
        if fault:
            fault(self, form)
            return
        with state.lock:
            status, body = state.ENDPOINTS.get(
                path, lambda *_: (404, {"error": "none"}))(state, form)
        self.send(status, json.dumps(body).encode())

    def do_GET(self):  # pylint: disable=invalid-name
        self.answer({})

    def do_POST(self):  # pylint: disable=invalid-name
        length = int(self.headers["Content-Length"])
        self.answer(dict(urllib.parse.parse_qsl(
            self.rfile.read(length).decode())))


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class AuthServer:
    """The server's state; start with `with`."""

    ADDRESS = "127.0.0.1"
    PORT = 0                  # a free one
    SECRET = SECRET           # of the client; None: a public client

    def __init__(self, authority):
        self.lock = threading.RLock()
        self.requests = []
        self.faults = {}
        self.number = 0
        self.refresh = {}     # token: its predecessor
        self.access = set()
        self.codes = {}       # code: challenge, redirect URI
        self.pending = 1      # polls before the user has answered
        self.rotates = True
        self.strict = False
        self.grace = 0
        self.expires = 3600
        self.server = Quiet((self.ADDRESS, self.PORT), Handler)
        self.server.state = self
        self.server.socket = self.context(authority).wrap_socket(
            self.server.socket, server_side=True,
            do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def context(authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.chain("ip"))
        return context

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def issue(self, predecessor=None):
        """Tokens as RFC 6749 5.1 has them."""
        self.number += 1
        tokens = {"access_token": f"access-{self.number}-" + "x" * 900,
                  "token_type": "bearer", "expires_in": self.expires,
                  "scope": "mail"}
        self.access.add(tokens["access_token"])
        if predecessor is None or self.rotates:
            tokens["refresh_token"] = f"refresh-{self.number}"
            self.refresh[tokens["refresh_token"]] = predecessor
        return tokens

    def device(self, form):
        if form.get("client_id") != "client":
            return 401, {"error": "invalid_client"}
        return 200, {"device_code": "device-1", "user_code": "WDJB-MJHT",
                     "verification_uri": self.url + "/device",
                     "verification_uri_complete": self.url + "/device?c=W",
                     "expires_in": 30, "interval": 1}

    def by_device(self, form):
        if form.get("device_code") != "device-1":
            return 400, {"error": "invalid_grant"}
        if self.pending > 0:
            self.pending -= 1
            return 400, {"error": "authorization_pending"}
        return 200, self.issue()

    def by_code(self, form):
        challenge, redirect = self.codes.pop(form.get("code"), (None, None))
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        if len(verifier) < 43 or form.get("redirect_uri") != redirect or \
                base64.urlsafe_b64encode(digest).rstrip(b"=").decode() \
                != challenge:
            return 400, {"error": "invalid_grant"}
        return 200, self.issue()

    def by_refresh(self, form):
        token = form.get("refresh_token")
        if token not in self.refresh:
            return 400, {"error": "invalid_grant",
                         "error_description": "Token has been revoked."}
        if self.strict and self.grace > 0:
            self.grace -= 1
        else:
            self.refresh.pop(token if self.strict else self.refresh[token],
                             None)
        return 200, self.issue(token)

    def token(self, form):
        if form.get("client_id") != "client" or \
                form.get("client_secret") != self.SECRET:
            return 401, {"error": "invalid_client"}
        kind = form.get("grant_type", "").rsplit(":", 1)[-1]
        grants = {"device_code": self.by_device,
                  "authorization_code": self.by_code,
                  "refresh_token": self.by_refresh}
        if kind not in grants:
            return 400, {"error": "unsupported_grant_type"}
        return grants[kind](form)

    def revoke(self, form):
        self.refresh.pop(form.get("token"), None)
        return 200, {}

    def metadata(self, _):
        return 200, {"issuer": self.url,
                     "authorization_endpoint": self.url + "/auth",
                     "device_authorization_endpoint": self.url + "/device",
                     "token_endpoint": self.url + "/token",
                     "revocation_endpoint": self.url + "/revoke"}

    ENDPOINTS = {"/device": device, "/token": token, "/revoke": revoke,
                 "/.well-known/openid-configuration": metadata}

    def authorize(self, url):
        """What a browser does once the user has agreed: the redirect."""
        query = dict(urllib.parse.parse_qsl(url.split("?", 1)[1]))
        if query["code_challenge_method"] != "S256":
            raise AssertionError(url)
        self.codes["code/1"] = (query["code_challenge"],
                                query["redirect_uri"])
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(
            {"state": query["state"], "code": "code/1"})

    def count(self, path):
        return sum(where == path for where, _ in self.requests)


class Home:
    """A home directory with a configuration for the server."""

    def __init__(self, authority, server, *lines, issuer=False):
        self.path = tempfile.mkdtemp(prefix="onehop-token-")
        self.server = server
        urls = [f"issuer {server.url}"] if issuer else [
            f"{name}_url {server.url}/{path}" for name, path in
            (("auth", "auth"), ("device", "device"), ("token", "token"),
             ("revoke", "revoke"))]
        self.configure("client_id client", f"client_secret {SECRET}",
                       f"ca_file {authority.root}", *urls, *lines)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.path,
                            "LC_ALL": "C", "NO_PROXY": "127.0.0.1",
                            "SSH_CONNECTION": "none", **SANITIZER_OPTIONS}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def configure(self, *lines):
        directory = os.path.join(self.path, ".config", "onehop")
        os.makedirs(directory, mode=0o700, exist_ok=True)
        with open(os.path.join(directory, "token"), "w", encoding="utf-8",
                  errors="surrogateescape") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(file.name, 0o600)

    def file(self, address=ADDRESS):
        return os.path.join(self.path, ".local", "state", "onehop", "token",
                            address)

    def start(self, *args, wrapper=(), **options):
        environment = self.environment
        if wrapper:  # a tracer, under which leaks cannot be looked for
            environment = {**environment,
                           **sanitizer_options("detect_leaks=0")}
        return subprocess.Popen(
            [*wrapper, PROGRAM, *args], env=environment,
            stdin=options.get("stdin", subprocess.DEVNULL),
            stdout=options.get("stdout", subprocess.PIPE), text=True,
            stderr=options.get("stderr", subprocess.PIPE),
            start_new_session=True)

    def run(self, *args, wrapper=()):
        """(status, stdout, stderr)"""
        process = self.start(*args, wrapper=wrapper)
        out, words = process.communicate(timeout=SECONDS)
        return process.returncode, out, words

    def log_in(self, address=ADDRESS, without=()):
        """Puts tokens of the server into the store, without some members."""
        tokens = self.server.issue()
        record = {"version": 1, "access_token": tokens["access_token"],
                  "refresh_token": tokens["refresh_token"],
                  "expires": int(time.time()) + self.server.expires,
                  "scope": "mail", "token_url": self.server.url + "/token",
                  "revoke_url": self.server.url + "/revoke"}
        for name in without:
            del record[name]
        os.makedirs(os.path.dirname(self.file()), mode=0o700, exist_ok=True)
        with open(self.file(address), "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.chmod(file.name, 0o600)
        return record

    def stored(self, address=ADDRESS):
        with open(self.file(address), encoding="utf-8") as file:
            return json.load(file)

    def expire(self, address=ADDRESS, seconds=0):
        """The access token has so many seconds left."""
        record = self.stored(address)
        record["expires"] = int(time.time()) + seconds
        with open(self.file(address), "w", encoding="utf-8") as file:
            json.dump(record, file)


def differs(what, got, wanted):
    if got != wanted:
        yield f"{what}: {got!r}, not {wanted!r}"


def make_authority():
    """An authority, and the directory to remove."""
    directory = tempfile.mkdtemp(prefix="onehop-token-ca-")
    return certs.Authority(directory), directory
