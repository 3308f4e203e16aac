#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""onehop-token ADDRESS: a valid token, or an exit code that says what to do;
the refresh token is never lost."""

import fcntl
import json
import os
import shutil
import stat
import sys

# pylint: disable=wrong-import-position
from authserver import (ADDRESS, PROGRAM, SECRET, AuthServer, Home, differs,
                        error, hang_up, lose_reply, make_authority, repeat,
                        reply)
from tap import Tap, skip_all

RUNS = 20

# What the token endpoint answers, the exit status, a word of stderr.
FAULTS = [
    ("revoked", error("invalid_grant", 400, "Bad\x1b[31m grant"), 77,
     "Bad\\x1B[31m grant"),
    ("consent withdrawn", error("interaction_required"), 77, "--login"),
    ("unknown client", error("invalid_client", 401), 78, "invalid_client"),
    ("bad scope", error("invalid_scope"), 78, "invalid_scope"),
    ("temporarily unavailable", error("temporarily_unavailable"), 75,
     "temporarily_unavailable"),
    ("500", reply(500, b"<html>", "text/html"), 75, "HTTP status 500"),
    ("503 with JSON", error("invalid_grant", 503), 75, "HTTP status 503"),
    ("429", reply(429, {}), 75, "HTTP status 429"),
    ("a redirect", reply(302, b"", Location="https://127.0.0.1:1/"), 78,
     "redirect"),
    ("truncated JSON", reply(200, b'{"access_token": "a", "token'), 75,
     "JSON"),
    ("an array", reply(200, []), 75, "JSON"),
    ("wrong content type", reply(200, {"access_token": "a", "token_type":
                                       "bearer"}, "text/html"), 75,
     "content type"),
    ("a huge body", reply(200, b" " * (1 << 20)), 75, "octets"),
    ("no token", reply(200, {"token_type": "bearer"}), 75, "bearer token"),
    ("another kind of token", reply(200, {"access_token": "a",
                                          "token_type": "mac"}), 75,
     "bearer token"),
    ("a token with a line end", reply(200, {"access_token": "a\nb",
                                            "token_type": "bearer"}), 75,
     "printable"),
    ("a token with NUL", reply(200, {"access_token": "a\0b",
                                     "token_type": "bearer"}), 75, ""),
    ("the request repeated", repeat, 78, "<hidden>"),
    ("a refresh token of blanks", reply(200, {
        "access_token": "a", "token_type": "bearer",
        "refresh_token": "a b"}), 75, "printable"),
    ("the connection is closed twice", [hang_up, hang_up], 75,
     "hint: the next run uses the refresh token again"),
]

# A server that rotates strictly, but takes the old refresh token so many times
# more; the replies that are lost; for each run its exit status, the requests
# until then, and words of stderr.
LOST = [
    (0, 1, [(77, 2, ["a request of 20", "Z had no reply: authorization "
                     "server: invalid_grant", "hint: log in: onehop-token"]),
            (77, 3, ["Z had no reply", "hint: log in: onehop-token"])]),
    (1, 1, [(0, 2, [])]),
    (2, 2, [(75, 2, ["hint: the next run uses the refresh token again"]),
            (0, 3, [])]),
    (1, 2, [(75, 2, ["hint: the next run uses the refresh token again"]),
            (77, 3, ["a request of 20", "Z had no reply: authorization "
                     "server: invalid_grant", "hint: log in: onehop-token"]),
            (77, 4, ["Z had no reply"])]),
]


def valid(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        record = home.log_in()
        yield from differs("a token that is valid", home.run(ADDRESS),
                           (0, record["access_token"] + "\n", ""))
        home.expire(seconds=310)
        yield from differs("status", home.run(ADDRESS)[0], 0)
        yield from differs("requests", server.requests, [])


def refreshed(authority, rotates):
    with AuthServer(authority) as server, Home(authority, server) as home:
        server.rotates = rotates
        record = home.log_in()
        for n in range(2, 5):
            home.expire(seconds=290)
            status, out, words = home.run(ADDRESS)
            yield from differs("status and stderr", (status, words), (0, ""))
            yield from differs("token", out[:9], f"access-{n}-")
            wanted = f"refresh-{n}" if rotates else record["refresh_token"]
            yield from differs("stored", home.stored()["refresh_token"],
                               wanted)
        yield from differs("requests", server.count("/token"), 3)
        yield from differs("mode", stat.S_IMODE(os.stat(
            home.file()).st_mode), 0o600)
        yield from differs("files", sorted(os.listdir(os.path.dirname(
            home.file()))), [f".{ADDRESS}.lock", ADDRESS])


def refused(authority, fault, status, word):
    """The refresh token stays, and nothing secret is told."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        record = home.log_in()
        home.expire()
        server.faults["/token"] = fault if isinstance(fault, list) else [fault]
        got, out, words = home.run(ADDRESS)
        yield from differs("status", got, status)
        yield from differs("stdout", out, "")
        if word not in words or not words.startswith("onehop-token: "):
            yield f"stderr: {words!r}"
        for secret in (SECRET, record["refresh_token"],
                       record["access_token"]):
            if secret in words:
                yield f"{secret} is told"
        yield from differs("stored", home.stored()["refresh_token"],
                           record["refresh_token"])
        yield from differs("next run", home.run(ADDRESS)[0], 0)


def lost(authority, grace, count, runs):
    """That the token is used is on disk before the request is made."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        server.strict, server.grace = True, grace
        home.log_in()
        home.expire()
        server.faults["/token"] = [lose_reply] * count
        for n, (wanted, requests, sentences) in enumerate(runs):
            status, out, words = home.run(ADDRESS)
            yield from differs(f"run {n}: {words}", status, wanted)
            yield from differs(f"run {n}: requests", server.count("/token"),
                               requests)
            yield from differs(f"run {n}: token", out.strip() in
                               server.access, status == 0)
            for sentence in sentences:
                if sentence not in words:
                    yield f"run {n}: no {sentence!r} in {words!r}"
            yield from differs(f"run {n}: a use is stored", "used" in
                               home.stored(), status == 75 or "had no reply"
                               in words)


def at_once(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        runs = [home.start(ADDRESS) for _ in range(RUNS)]
        answers = [run.communicate(timeout=120) for run in runs]
        yield from differs("statuses", {run.returncode for run in runs}, {0})
        yield from differs("answers", {out[:9] for out, _ in answers},
                           {"access-2-"})
        yield from differs("requests", server.count("/token"), 1)


def two_users(authority):
    with AuthServer(authority) as server, Home(
            authority, server, "account me@example.net",
            "scope other") as home:
        home.log_in()
        other = home.log_in("me@example.net")
        home.expire()
        yield from differs("first", home.run(ADDRESS)[1][:9], "access-3-")
        yield from differs("second", home.run("ME@example.NET")[1].strip(),
                           other["access_token"])
        yield from differs("nobody", home.run("x@example.org")[0], 77)


def no_network(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        server.server.server_close()
        status, _, words = home.run(ADDRESS)
        yield from differs("status", status, 75)
        if "127.0.0.1" not in words:
            yield words


def not_trusted(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        home.configure("client_id client", f"client_secret {SECRET}",
                       f"token_url {server.url}/token")
        yield from differs("status", home.run(ADDRESS)[0], 75)
        yield from differs("requests", server.requests, [])


def disk_full(authority):
    """The space is reserved before the refresh token is used."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        record = home.log_in()
        home.expire()
        status, out, words = home.run(ADDRESS, wrapper=(
            "strace", "-o", os.devnull, "-e", "trace=fallocate", "-e",
            "inject=fallocate:error=ENOSPC"))
        yield from differs("status", (status, out), (75, ""))
        if "No space left" not in words:
            yield words
        yield from differs("requests", server.requests, [])
        yield from differs("stored", home.stored()["refresh_token"],
                           record["refresh_token"])


CONFIGS = [
    (["colour blue"], "token:1: unknown key \"colour\""),
    (["client_id"], "token:1: client_id: expected a value"),
    (["account"], "token:1: account: expected an address"),
    (["account a@b.example", "account A@b.example"], "token:2: account"),
    (["account a@b.example : c@d.example"], "token:1: account: no account"),
    (["provider nobody"], "unknown provider"),
    (["token_url http://example.org/"], "https://"),
    (["store nowhere"], "secret-tool or pass"),
    (["store_read true"], "store_write"),
    (["store_read echo x", "store_write true"], "damaged"),
    (["client_id=x"], "token:1: expected a blank"),
    (["client_id \udcff"], "token:1: client_id: expected UTF-8"),
    (["account \udcff@b.example"], "token:1: account: expected UTF-8"),
    (["defaults", "client_id a\0b"], "token:2: NUL in the file"),
]


def configuration(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        for lines, word in CONFIGS:
            home.configure(*lines)
            status, _, words = home.run(ADDRESS)
            yield from differs(f"{lines}: status", status, 78)
            if word not in words:
                yield f"{lines}: {words}"
        home.configure()
        status, _, words = home.run(ADDRESS)
        yield from differs("no client: status", status, 78)
        if "client_id" not in words or "hint: " not in words:
            yield words


def sections(authority):
    """An account has what it inherits: from its parent, or the defaults."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.configure(
            f"ca_file {authority.root}", "client_id none",
            "account work@example.org", "client_id client # a comment",
            f"client_secret {SECRET}", "defaults", "client_id later",
            f"account {ADDRESS} : work@example.org", "scope x")
        home.expire()
        yield from differs("token", home.run(ADDRESS)[1][:9], "access-2-")
        yield from differs("client", server.requests[-1][1]["client_id"],
                           "client")
        home.log_in("other@example.org")
        home.expire("other@example.org")
        yield from differs("another client", home.run(
            "other@example.org")[0], 78)
        yield from differs("client", server.requests[-1][1]["client_id"],
                           "later")


def no_refresh_token(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in(without=["refresh_token"])
        yield from differs("valid", home.run(ADDRESS)[0], 0)
        home.expire()
        status, _, words = home.run(ADDRESS)
        yield from differs("status", status, 77)
        if "no refresh token is stored" not in words or \
                "hint: log in" not in words:
            yield words
        yield from differs("requests", server.requests, [])


def locked(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        home.expire()
        path = os.path.join(os.path.dirname(home.file()), f".{ADDRESS}.lock")
        with open(path, "wb") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            status, _, words = home.run(ADDRESS)
        yield from differs("locked", status, 75)
        if "has held the lock for 20 seconds" not in words:
            yield words
        os.unlink(path)
        os.mkdir(path)
        status, _, words = home.run(ADDRESS)
        yield from differs("no lock", status, 75)
        if "cannot lock " + path not in words:
            yield words
        yield from differs("requests", server.requests, [])


def readable_secret(authority):
    with AuthServer(authority) as server, Home(authority, server) as home:
        for lines in (["account " + ADDRESS], []):
            home.configure(*lines, "client_secret x")
            os.chmod(os.path.join(home.path, ".config/onehop/token"), 0o640)
            yield from differs("secret for all", home.run(ADDRESS)[0], 78)
        home.configure()
        home.log_in()
        os.chmod(home.file(), 0o660)
        yield from differs("store for the group", home.run(ADDRESS)[0], 78)
        os.chmod(home.file(), 0o600)
        with open(home.file(), "w", encoding="ascii") as file:
            file.write("{")
        yield from differs("damaged store", home.run(ADDRESS)[0], 78)


def broken(config, kept):
    """The token has expired, and store_write fails."""
    with open(kept, encoding="utf-8") as file:
        record = json.load(file)
    with open(kept, "w", encoding="utf-8") as file:
        json.dump({**record, "expires": 0}, file)
    with open(config, "a", encoding="utf-8") as file:
        file.write("store_write cat >/dev/null; exit 3\n")


def by_commands(authority):
    """store_read and store_write get the token on stdin and stdout alone."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        kept = os.path.join(home.path, "kept-'")
        home.log_in()
        home.expire()
        os.rename(home.file(), kept)
        config = os.path.join(home.path, ".config", "onehop", "token")
        with open(config, "a", encoding="utf-8") as file:
            file.write(f'account {ADDRESS}\n'
                       'store_read cat "$HOME/kept-\'"\n'
                       'store_write cat >"$HOME/kept-\'"\n'
                       'store_remove rm "$HOME/kept-\'"\n')
        yield from differs("token", home.run(ADDRESS)[1][:9], "access-2-")
        yield from differs("again", home.run(ADDRESS)[1][:9], "access-2-")
        yield from differs("requests", server.count("/token"), 1)
        broken(config, kept)
        status, _, words = home.run(ADDRESS)
        yield from differs("a write fails", status, 78)
        if "store_write: exit status 3" not in words:
            yield words
        yield from differs("no request is made", server.count("/token"), 1)
        yield from differs("show", home.run("--show")[1].splitlines()[:1],
                           [ADDRESS])
        yield from differs("logout", home.run("--logout", ADDRESS)[0], 0)
        yield from differs("kept", os.path.exists(kept), False)


PASS = """#!/bin/sh
echo "$*" >>"$HOME/told"
case $1 in
show) cat "$HOME/kept" ;;
insert) cat >"$HOME/kept" ;;
rm) rm "$HOME/kept" ;;
esac
"""


def by_pass(authority):
    """store pass: a login, a token, a logout."""
    with AuthServer(authority) as server, Home(
            authority, server, "store pass") as home:
        program = os.path.join(home.path, "pass")
        with open(program, "w", encoding="ascii") as file:
            file.write(PASS)
        os.chmod(program, 0o755)
        home.environment["PATH"] = home.path + ":" + os.environ["PATH"]
        for args in (["--login", ADDRESS], [ADDRESS], ["--logout", ADDRESS]):
            status, out, words = home.run(*args)
            yield from differs(f"{args}: {words}", status, 0)
            yield from differs("printed", out[:9],
                               "access-1-" if args == [ADDRESS] else "")
        with open(os.path.join(home.path, "told"), encoding="ascii") as file:
            yield from differs("commands", file.read().splitlines(), [
                f"insert -m -f mail/onehop-token/{ADDRESS}",
                f"show mail/onehop-token/{ADDRESS}",
                f"show mail/onehop-token/{ADDRESS}",
                f"rm -f mail/onehop-token/{ADDRESS}"])


def key_log(authority):
    """TLS's keys go to no file that others can write."""
    with AuthServer(authority) as server, Home(authority, server) as home:
        home.log_in()
        place = os.path.join(home.path, "shared")
        os.mkdir(place)
        os.chmod(place, 0o777)
        for name, kept in (("shared/keys", False), ("keys", True)):
            path = os.path.join(home.path, name)
            home.expire()
            run = home.start(ADDRESS, wrapper=[
                "env", f"SSLKEYLOGFILE={path}"])
            run.communicate(timeout=60)
            yield from differs("status", run.returncode, 0)
            yield from differs(f"{name} was written", os.path.exists(path),
                               kept)


def usage(_):
    for args in ([], ["--nothing"], ["a", "b"], ["--login"], ["nobody"],
                 ["a@b'c"], ["--login", "--logout", ADDRESS],
                 ["--provider=google", ADDRESS],
                 ["../x@y"], ["-x@y"], ["--show", ADDRESS]):
        with AuthServer(_) as server, Home(_, server) as home:
            yield from differs(args, home.run(*args)[0], 64)
    with AuthServer(_) as server, Home(_, server) as home:
        home.log_in()
        for args, begin in ((["--help"], "usage: onehop-token "),
                            (["--version"], "onehop-token "),
                            ([ADDRESS], "access-1-")):
            status, out, words = home.run(*args)
            yield from differs(args, (status, out[:len(begin)], words),
                               (0, begin, ""))
            with open("/dev/full", "wb") as full:
                process = home.start(*args, stdout=full)
                words = process.communicate(timeout=30)[1]
            yield from differs(f"{args} to a full disk", process.returncode,
                               75)
            if "cannot write to standard output" not in words:
                yield words


def main():
    if not os.path.exists(PROGRAM):
        skip_all("onehop-token is not built")
    authority, directory = make_authority()
    tap = Tap()
    tap.run("a token that lasts five minutes is printed", valid, authority)
    tap.run("else it is refreshed, the same refresh token kept", refreshed,
            authority, False)
    tap.run("a rotated refresh token replaces the old one", refreshed,
            authority, True)
    for name, fault, status, word in FAULTS:
        tap.run(f"token endpoint: {name}: {status}", refused, authority,
                fault, status, word)
    for grace, count, runs in LOST:
        tap.run(f"{count} lost replies, {grace} uses in grace: " +
                ", then ".join(str(run[0]) for run in runs), lost, authority,
                grace, count, runs)
    tap.run("20 runs at once: one request, 20 answers", at_once, authority)
    tap.run("two users", two_users, authority)
    tap.run("no network: 75", no_network, authority)
    tap.run("an unknown CA: 75", not_trusted, authority)
    if shutil.which("strace"):
        tap.run("a full disk is found before the refresh", disk_full,
                authority)
    else:
        tap.skip("a full disk", "strace is not installed")
    tap.run("errors of the configuration: 78", configuration, authority)
    tap.run("sections of the configuration", sections, authority)
    tap.run("no refresh token: 77", no_refresh_token, authority)
    tap.run("the lock is held, or cannot be made: 75", locked, authority)
    tap.run("files that others may read or write: 78", readable_secret,
            authority)
    tap.run("commands as the store", by_commands, authority)
    tap.run("pass as the store", by_pass, authority)
    tap.run("TLS keys are written to a trusted file only", key_log, authority)
    tap.run("usage: 64", usage, authority)
    shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
