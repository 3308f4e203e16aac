#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""onehop-token with the authorization server of npm's oidc-provider, and with
Chromium as the browser. "npm ci" in tests/token/oidc installs the server."""

import fcntl
import html
import http.cookiejar
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

# pylint: disable=wrong-import-position
from authserver import ADDRESS, PROGRAM, Home, differs, make_authority
from tap import Tap, skip_all

HERE = os.path.join(os.environ.get("top_srcdir", "."), "tests", "token",
                    "oidc")
MODULES = os.path.join(HERE, "node_modules")
SECONDS = 60


class Provider:
    """The server."""

    def __init__(self, authority):
        self.authority = authority
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "server.mjs"),
             os.path.abspath(MODULES), *authority.chain("ip")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(SECONDS)


def fill(page, url):
    """The form of a page as it is sent: where to, and what."""
    form = re.search(r"<form([^>]*)>(.*?)</form>", page, re.S)
    if not form:
        raise AssertionError("no form: " + page)
    action = re.search(r'action="([^"]*)"', form[1])
    fields = {}
    for field in re.findall(r"<input([^>]*)>", form[2]):
        name = re.search(r'name="([^"]*)"', field)
        value = re.search(r'value="([^"]*)"', field)
        if name:
            fields[name[1]] = html.unescape(value[1]) if value else "me"
    return (urllib.parse.urljoin(url, html.unescape(action[1])),
            urllib.parse.urlencode(fields).encode())


def agree(provider, url):
    """A person who agrees to all, without a browser; the last page."""
    context = ssl.create_default_context(cafile=provider.authority.root)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(url, timeout=SECONDS)
    for _ in range(8):
        text = page.read().decode()
        if "<form" not in text or "Signed in" in text:
            return text
        page = opener.open(*fill(text, page.geturl()), timeout=SECONDS)
    raise AssertionError("still asked: " + text)


class Chromium:
    """A headless browser at a pipe (the DevTools protocol)."""

    def __init__(self, directory):
        commands, self.commands = os.pipe()
        self.events, events = os.pipe()
        # The browser wants 3 and 4, which one of the pipes may have.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10)
                for fd in (commands, events)]
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run",
             "--ignore-certificate-errors", "--remote-debugging-pipe",
             "--user-data-dir=" + os.path.join(directory, "profile")],
            env={"PATH": os.environ["PATH"], "HOME": directory,
                 "LC_ALL": "C"}, close_fds=False,
            preexec_fn=lambda: [os.dup2(fd, 3 + i)
                                for i, fd in enumerate(high)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        for fd in (commands, events, *high):
            os.close(fd)
        self.number = 0
        self.inbox = b""
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])["sessionId"]

    def call(self, method, session=None, **params):
        """Sends a command; its result."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            while b"\0" not in self.inbox:
                data = os.read(self.events, 65536)
                if not data:
                    raise AssertionError("the browser is gone")
                self.inbox += data
            message, self.inbox = self.inbox.split(b"\0", 1)
            message = json.loads(message)
            if message.get("id") == self.number:
                return message.get("result", {})

    def run(self, script):
        """What a script of the page comes to, or None while it loads."""
        return self.call("Runtime.evaluate", self.session, expression=script,
                         returnByValue=True).get("result", {}).get("value")

    def agree(self, url):
        """Opens the URL, fills in forms; the text of the last page."""
        self.call("Page.navigate", self.session, url=url)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            text = self.run("""(() => {
                const form = document.querySelector("form");
                if (document.readyState != "complete") return "";
                if (!form) return location.protocol == "http:"
                    ? document.body.innerText : "";
                if (window.sent) return "";  // the next page is on its way
                window.sent = true;
                for (const field of form.querySelectorAll("input"))
                    if (field.type != "hidden") field.value = "me";
                form.querySelector("button").click();
                return "";
            })()""")
            if text:
                return text
            time.sleep(0.1)
        raise AssertionError("no redirect: " + str(self.run(
            "document.body.innerText")))

    def close(self):
        """Ends the browser and its helpers, which write to the profile."""
        try:
            self.call("Browser.close")
        finally:
            end = time.monotonic() + SECONDS
            try:
                while time.monotonic() < end:
                    os.killpg(self.process.pid, signal.SIGKILL)
                    self.process.poll()
                    time.sleep(0.05)
            except ProcessLookupError:
                pass
            self.process.wait()
            os.close(self.commands)
            os.close(self.events)


def home_of(provider):
    return Home(provider.authority, provider, 'scope "openid offline_access"',
                "auth_query prompt=consent", issuer=True)


def refreshes(home):
    """Three rotations; then the first refresh token ends all of them."""
    first = home.stored()
    seen = {first["refresh_token"]}
    for _ in range(3):
        home.expire()
        status, out, words = home.run(ADDRESS)
        yield from differs(f"refresh: {words}", status, 0)
        yield from differs("printed", out.strip(),
                           home.stored()["access_token"])
        seen.add(home.stored()["refresh_token"])
    yield from differs("refresh tokens", len(seen), 4)
    last = home.stored()
    with open(home.file(), "w", encoding="utf-8") as file:
        json.dump({**first, "expires": 0}, file)
    status, _, words = home.run(ADDRESS)
    yield from differs("a used refresh token", status, 77)
    if "invalid_grant" not in words or "hint: log in" not in words:
        yield words
    with open(home.file(), "w", encoding="utf-8") as file:
        json.dump({**last, "expires": 0}, file)
    yield from differs("after its reuse", home.run(ADDRESS)[0], 77)


def device(provider):
    with home_of(provider) as home:
        process = home.start("--login", ADDRESS)
        process.stderr.readline()
        url = process.stderr.readline().split()[-1]
        text = agree(provider, url)
        words = process.communicate(timeout=SECONDS)[1]
        yield from differs(f"login: {text} {words}", process.returncode, 0)
        yield from refreshes(home)


def logout(provider):
    with home_of(provider) as home:
        process = home.start("--login", ADDRESS)
        process.stderr.readline()
        agree(provider, process.stderr.readline().split()[-1])
        process.communicate(timeout=SECONDS)
        record = home.stored()
        yield from differs("logout", home.run("--logout", ADDRESS)[0], 0)
        with open(home.file(), "w", encoding="utf-8") as file:
            json.dump({**record, "expires": 0}, file)
        os.chmod(home.file(), 0o600)
        yield from differs("revoked", home.run(ADDRESS)[0], 77)


def browser(provider):
    """xdg-open gives the URL to Chromium; the code comes back by itself."""
    with home_of(provider) as home:
        opened = os.path.join(home.path, "opened")
        with open(os.path.join(home.path, "xdg-open"), "w",
                  encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$1" >"$HOME/new" && '
                       'mv "$HOME/new" "$HOME/opened"\n')
        os.chmod(file.name, 0o755)
        home.environment["PATH"] = home.path + ":" + os.environ["PATH"]
        del home.environment["SSH_CONNECTION"]
        chromium = Chromium(home.path)
        try:
            process = home.start("--login", "--browser", ADDRESS)
            end = time.monotonic() + SECONDS
            while not os.path.exists(opened) and time.monotonic() < end:
                time.sleep(0.05)
            with open(opened, encoding="ascii") as file:
                text = chromium.agree(file.read().strip())
            words = process.communicate(timeout=SECONDS)[1]
        finally:
            chromium.close()
        yield from differs("page", text.strip(),
                           "Logged in. You can close this.")
        yield from differs(words, process.returncode, 0)
        yield from differs("token", home.run(ADDRESS)[1].strip(),
                           home.stored()["access_token"])


def main():
    if not os.path.exists(PROGRAM):
        skip_all("onehop-token is not built")
    if shutil.which("node") is None:
        skip_all("node is not installed")
    if not os.path.isdir(os.path.join(MODULES, "oidc-provider")):
        skip_all("npm's oidc-provider is not installed: "
                 "npm ci --prefix tests/token/oidc")
    authority, directory = make_authority()
    tap = Tap()
    with Provider(authority) as provider:
        tap.run("device login, rotation, reuse of a refresh token", device,
                provider)
        tap.run("--logout revokes", logout, provider)
        if shutil.which("chromium"):
            tap.run("browser login with Chromium", browser, provider)
        else:
            tap.skip("browser login", "chromium is not installed")
    shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
