#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""onehop-token --login by device code and by browser, --logout, --show."""

import os
import pty
import re
import shutil
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

# pylint: disable=wrong-import-position
from authserver import (ADDRESS, PROGRAM, AuthServer, Home, differs, error,
                        hang_up, make_authority, reply)
from tap import Tap, skip_all


def device(authority, issuer):
    with AuthServer(authority) as server, \
            Home(authority, server, issuer=issuer) as home:
        status, out, words = home.run("--login", ADDRESS)
        yield from differs("status and stdout", (status, out), (0, ""))
        for word in (server.url + "/device ", "WDJB-MJHT", "/device?c=W"):
            if word not in words:
                yield f"no {word!r} in {words!r}"
        yield from differs("polls", server.count("/token"), 2)
        yield from differs("token", home.run(ADDRESS)[1][:9], "access-1-")
        home.expire()
        yield from differs("refreshed", home.run(ADDRESS)[1][:9], "access-2-")
        yield from differs(
            "metadata is read once",
            server.count("/.well-known/openid-configuration"), int(issuer))


def repaired(authority):
    """A login replaces a store that cannot be read."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        with open(home.file(), "w", encoding="ascii") as file:
            file.write("{")
        yield from differs("damaged", home.run(ADDRESS)[0], 78)
        yield from differs("login", home.run("--login", ADDRESS)[0], 0)
        yield from differs("repaired", home.run(ADDRESS)[0], 0)


def qr_code(authority):
    """qrencode gets the URI on its standard input, at a terminal alone."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        program = os.path.join(home.path, "qrencode")
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho \"[$* $(cat)]\"\n")
        os.chmod(program, 0o755)
        home.environment["PATH"] = home.path + ":" + os.environ["PATH"]
        if "ANSIUTF8" in home.run("--login", ADDRESS)[2]:
            yield "a QR code that no terminal shows"
        master, slave = pty.openpty()
        process = home.start("--login", ADDRESS, stderr=slave)
        os.close(slave)
        shown = b""
        while b"Logged in" not in shown:
            shown += os.read(master, 4096)
        yield from differs("status", process.wait(30), 0)
        os.close(master)
        wanted = f"[-t ANSIUTF8 {server.url}/device?c=W]"
        if wanted.encode() not in shown:
            yield f"{shown!r}"


PROVIDERS = [
    ("you@hotmail.co.uk", (), "login.microsoftonline.com/common/"),
    ("you@outlook.fr", (), "login.microsoftonline.com/common/"),
    ("you@Live.de", (), "login.microsoftonline.com/common/"),
    ("you@msn.com", (), "login.microsoftonline.com/common/"),
    ("you@gmail.com", (), "add --browser"),
    ("you@own.example", ("--provider", "microsoft"),
     "login.microsoftonline.com/common/"),
    ("you@own.example", ("--provider=smtp.office365.com",),
     "login.microsoftonline.com/common/"),
    ("you@own.example", ("--provider=nobody",), "unknown provider"),
    ("you@own.example", (), "no token_url for you@own.example"),
]


def provider(authority):
    """Where a login asks; nothing answers at the proxy."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.configure("client_id client")
        home.environment["https_proxy"] = "http://127.0.0.1:1"
        for address, args, word in PROVIDERS:
            status, _, words = home.run("--login", *args, address)
            yield from differs(f"{address} {args}", status,
                               75 if "common" in word else 78)
            if word not in words:
                yield words


def wrong_proxy(authority):
    """One whose variable libcurl cannot read, or not use: no password of it
    is shown."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.configure("client_id client")
        for url in ("http://me:secret-word@proxy.example:port",
                    "gopher://me:secret-word@proxy.example:1"):
            home.environment["https_proxy"] = url
            status, _, words = home.run(
                "--login", "--provider=smtp.office365.com", "you@own.example")
            yield from differs(f"status with {url}", status, 78)
            if "secret-word" in words or "https_proxy" not in words:
                yield words


DEVICE_FAULTS = [
    ("slow_down and a 500 are waited for", "/token",
     [error("slow_down"), reply(500, {})], 0, ""),
    ("a lost connection is tried again", "/token", [hang_up], 0, ""),
    ("denied", "/token", [error("access_denied")], 77, "access_denied"),
    ("expired", "/token", [error("expired_token")], 77, "expired_token"),
    ("a code without URI", "/device",
     [reply(200, {"device_code": "x", "user_code": "y"})], 75,
     "verification_uri"),
    ("the tenant blocks device codes", "/device",
     [error("unauthorized_client")], 78, "unauthorized_client"),
    ("the code runs out", "/device", [reply(200, {
        "device_code": "x", "user_code": "\x1b[2J", "expires_in": 2,
        "verification_uri": "https://x.example", "interval": 60})], 77,
     "expired"),
    ("metadata of another issuer", "/.well-known/openid-configuration",
     [reply(200, {"issuer": "https://evil.example",
                  "token_endpoint": "https://evil.example/t"})], 78,
     "issuer"),
]


def device_fault(authority, path, faults, status, word):
    with AuthServer(authority) as server, Home(
            authority, server, issuer=path.startswith("/.well")) as home:
        server.pending = 0
        server.faults[path] = list(faults)
        got, out, words = home.run("--login", ADDRESS)
        yield from differs("status and stdout", (got, out), (status, ""))
        if word not in words or "\x1b" in words:
            yield f"stderr: {words!r}"
        yield from differs("stored", os.path.exists(home.file()),
                           status == 0)


def interrupted(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        server.pending = 100
        process = home.start("--login", ADDRESS)
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        yield from differs("status", process.returncode, -signal.SIGINT)
        yield from differs("stored", os.path.exists(home.file()), False)


def browse(url):
    """The page's status and text."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as page:
        return page.code, page.read().decode()


def started(home):
    process = home.start("--login", "--browser", ADDRESS)
    process.stderr.readline()
    return process, process.stderr.readline().strip()


def browser(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        process, url = started(home)
        for part in ("response_type=code", "code_challenge_method=S256",
                     "client_id=client", "login_hint=you%40example.org"):
            if part not in url:
                yield f"no {part} in {url}"
        redirect = server.authorize(url)
        yield from differs("host", redirect[:17], "http://127.0.0.1:")
        base = redirect.split("?")[0]
        for other in (base, base + "favicon.ico", base + "?code=x",
                      base + "?code=x&state=forged"):
            yield from differs(other, browse(other)[0], 404)
        status, page = browse(redirect)
        yield from differs("page", (status, "close this" in page),
                           (200, True))
        process.communicate(timeout=30)
        yield from differs("status", process.returncode, 0)
        yield from differs("token", home.run(ADDRESS)[1][:9], "access-1-")
        yield from differs("stored mode",
                           oct(os.stat(home.file()).st_mode & 0o777), "0o600")


def browser_denied(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        process, url = started(home)
        redirect = server.authorize(url)
        browse(re.sub("code=.*", "error=access_denied&error_description=no%0A",
                      redirect))
        words = process.communicate(timeout=30)[1]
        yield from differs("status", process.returncode, 77)
        if "access_denied" not in words:
            yield words


def pasted(authority, redirect_url, answers, status):
    """Without a browser here, the URL of the redirect is pasted."""
    with AuthServer(authority) as server, Home(
            authority, server, *redirect_url) as home:
        master, slave = pty.openpty()
        process = home.start("--login", "--browser", ADDRESS, stdin=slave)
        os.close(slave)
        process.stderr.readline()
        redirect = server.authorize(process.stderr.readline().strip())
        if redirect_url and not redirect.startswith("https://own.example/cb?"):
            yield redirect
        if "paste the URL here" not in process.stderr.readline():
            yield "a paste is not asked for"
        for answer in answers:
            os.write(master, answer.encode())
            if status == 0 and "the whole URL" not in \
                    process.stderr.readline():
                yield f"{answer!r} is taken"
        if status == 0:
            os.write(master, redirect.encode() + b"\n")
        words = process.communicate(timeout=30)[1]
        os.close(master)
        yield from differs(words, process.returncode, status)
        yield from differs("stored", os.path.exists(home.file()),
                           status == 0)


# An account, lines of its configuration, and the beginning and some parameters
# of the URL that its user has to open.
URLS = [
    ("you@gmail.com", [], "https://accounts.google.com/o/oauth2/v2/auth?",
     {"scope": "https://mail.google.com/", "access_type": "offline",
      "redirect_uri": "http://127.0.0.1:"}),
    ("you@hotmail.com.mx", ["scope smtp imap"],
     "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?",
     {"scope": "https://outlook.office.com/SMTP.Send offline_access "
      "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
      "redirect_uri": "http://localhost:"}),
    ("you@own.example", ["provider microsoft", "tenant own.example"],
     "https://login.microsoftonline.com/own.example/oauth2/v2.0/authorize?",
     {"scope": "https://outlook.office.com/SMTP.Send offline_access",
      "login_hint": "you@own.example"}),
    ("you@yahoo.ca", ["scope imap x-own"],
     "https://api.login.yahoo.com/oauth2/request_auth?",
     {"scope": "mail-w x-own"}),
    ("you@aol.com", [], "https://api.login.aol.com/oauth2/request_auth?", {}),
    ("you@fastmail.fm", ["auth_query prompt=consent&a=b"],
     "https://api.fastmail.com/oauth/authorize?",
     {"scope": "urn:ietf:params:oauth:scope:mail offline_access",
      "prompt": "consent", "a": "b"}),
]


def opened(authority, address, lines, base, wanted):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.configure("client_id a&b=c", *lines)
        process = home.start("--login", "--browser", address)
        process.stderr.readline()
        url = process.stderr.readline().strip()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        yield from differs("URL", url[:len(base)], base)
        query = dict(urllib.parse.parse_qsl(url.split("?", 1)[1]))
        for name, value in {"client_id": "a&b=c", **wanted}.items():
            got = query.get(name, "")
            yield from differs(name, got.rstrip("0123456789/")
                               if name == "redirect_uri" else got, value)


def logout(authority, fault, status):
    with AuthServer(authority) as server, Home(authority, server) as home:
        record = home.log_in()
        if fault:
            server.faults["/revoke"] = [fault]
        yield from differs("status", home.run("--logout", ADDRESS)[0], status)
        yield from differs("revoked", record["refresh_token"] in
                           server.refresh, bool(fault))
        yield from differs("stored", os.path.exists(home.file()), False)
        yield from differs("print", home.run(ADDRESS)[0], 77)
        yield from differs("again", home.run("--logout", ADDRESS)[0], 77)


def logout_alone(authority):
    """Without a way to revoke, or without a refresh token."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in(without=["revoke_url"])
        status, _, words = home.run("--logout", ADDRESS)
        yield from differs("not revoked", (status, os.path.exists(
            home.file())), (0, False))
        if "use its account page" not in words:
            yield words
        record = home.log_in(without=["refresh_token"])
        yield from differs("logout", home.run("--logout", ADDRESS)[0], 0)
        yield from differs("revoked", server.requests[-1][1]["token"],
                           record["access_token"])


def show(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        yield from differs("nothing", home.run("--show"), (0, "", ""))
        record = home.log_in()
        home.log_in("other@example.org")
        home.expire("other@example.org")
        with open(os.path.join(home.path, ".config/onehop/token"), "a",
                  encoding="ascii") as file:
            file.write("account not.yet@example.org\nstore file\n")
        status, out, words = home.run("--show")
        yield from differs("status and stderr", (status, words), (0, ""))
        for word in (ADDRESS + "\n  access token   20", "other@example.org\n"
                     "  access token   expired\n  refresh token  yes\n"
                     "  scope          mail\n"):
            if word not in out:
                yield f"no {word!r} in {out!r}"
        yield from differs("lines", len(out.splitlines()), 8)
        if record["refresh_token"] in out or "access-" in out:
            yield "a secret is shown"


def main():
    if not os.path.exists(PROGRAM):
        skip_all("onehop-token is not built")
    authority, directory = make_authority()
    tap = Tap()
    tap.run("device login", device, authority, False)
    tap.run("device login with an issuer's metadata", device, authority, True)
    tap.run("device login: a damaged store is replaced", repaired, authority)
    tap.run("device login: a QR code at a terminal", qr_code, authority)
    tap.run("device login: the provider of a domain", provider, authority)
    tap.run("device login: a proxy that is none", wrong_proxy, authority)
    for name, *row in DEVICE_FAULTS:
        tap.run(f"device login: {name}", device_fault, authority, *row)
    tap.run("device login: interrupted", interrupted, authority)
    tap.run("browser login: PKCE, state, one redirect", browser, authority)
    tap.run("browser login: denied", browser_denied, authority)
    tap.run("browser login: a pasted URL", pasted, authority, [], [], 0)
    tap.run("browser login: a registered URL is pasted, after others", pasted,
            authority, ["redirect_url https://own.example/cb"],
            ["https://own.example/\n", "?state=x&code=y\n"], 0)
    tap.run("browser login: nothing is pasted", pasted, authority, [],
            ["\x04"], 77)
    for row in URLS:
        tap.run(f"browser login: the URL for {row[0]} {row[1]}", opened,
                authority, *row)
    tap.run("--logout revokes and removes", logout, authority, None, 0)
    tap.run("--logout removes what cannot be revoked", logout, authority,
            reply(503, {}), 75)
    tap.run("--logout of a token that cannot be revoked", logout_alone,
            authority)
    tap.run("--show tells no secret", show, authority)
    shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
