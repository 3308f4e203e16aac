#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a queued message goes: the account of the run that queued it counts,
not the environment of the flush."""

import os
import subprocess
import sys

# pylint: disable=wrong-import-position
from house import (SECONDS, House, Sink, differs, fault_of, message,
                   rewrite)
import onehop
from tap import Tap


def run_as_cron_does(house, *args, stdin=b"", **variables):
    """Without -C."""
    return subprocess.run(
        [onehop.PROGRAM, *args], input=stdin, stderr=subprocess.PIPE,
        env={**house.run_.environment, **variables}, cwd=house.home,
        timeout=SECONDS, check=False)


def configure(folder, port):
    """A config file for who has that XDG_CONFIG_HOME."""
    folder = os.path.join(folder, "onehop")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config"), "w", encoding="ascii") as file:
        file.write(f"host 127.0.0.1\nport {port}\ntls off\noutbox on\n"
                   "from me@example.org\n")


def queued(house, base):
    """A run of the user's, with that XDG_CONFIG_HOME, queues a message."""
    yield from differs("status", run_as_cron_does(
        house, "-i", "you@example.net", stdin=message("1@x"),
        XDG_CONFIG_HOME=base).returncode, 0)


def goes_to(house, wanted, other):
    """Cron's flush sends it there."""
    yield from differs("-q", run_as_cron_does(house, "-qf").returncode, 0)
    yield from differs("other", other.count(), {})
    yield from differs("wanted", wanted.count(), {"1@x": 1})


def the_configuration_of_the_environment_is_kept():
    """A flush that has another one sends the message where it was to go."""
    with House() as house, Sink() as wanted, Sink() as other:
        project = os.path.join(house.home, "project")
        configure(project, 1)
        configure(os.path.join(house.home, ".config"), other.port)
        yield from queued(house, project)
        configure(project, wanted.port)
        yield from goes_to(house, wanted, other)


def include(folder, name, port):
    """The config file there has defaults, and the accounts of another file."""
    with open(os.path.join(folder, "onehop", "config"), "w",
              encoding="ascii") as file:
        file.write("defaults\nhost 127.0.0.1\ntls off\noutbox on\n"
                   f"include {name}\n")
    with open(name, "w", encoding="ascii") as file:
        file.write(f"account default\nport {port}\nfrom me@example.org\n")


def an_included_account_is_kept_with_its_defaults():
    """Wherever the included file is."""
    for place in ("accounts", "project/onehop/accounts"):
        with House() as house, Sink() as wanted, Sink() as other:
            project = os.path.join(house.home, "project")
            accounts = os.path.join(house.home, place)
            configure(os.path.join(house.home, ".config"), other.port)
            configure(project, 1)
            include(project, accounts, 1)
            yield from queued(house, project)
            include(project, accounts, wanted.port)
            yield from goes_to(house, wanted, other)


def a_file_beside_the_environments_is_kept():
    """It is found because XDG_CONFIG_HOME leads to none."""
    with House() as house, Sink() as wanted, Sink() as other:
        configure(os.path.join(house.home, ".config"), other.port)
        configure(house.home, 1)
        rc, file = (os.path.join(house.home, name)
                    for name in (".msmtprc", "onehop/config"))
        os.rename(file, rc)
        yield from queued(house, os.path.join(house.home, "none"))
        configure(house.home, wanted.port)
        os.rename(file, rc)
        yield from goes_to(house, wanted, other)


def one_that_every_run_finds_is_not():
    """Alone it might lack an account of msmtp's other file."""
    with House() as house:
        configure(house.home, 1)
        os.rename(os.path.join(house.home, "onehop/config"),
                  os.path.join(house.home, ".msmtprc"))
        yield from queued(house, os.path.join(house.home, "none"))
        found = [path for directory, _, names in os.walk(house.home)
                 for path in (os.path.join(directory, name) for name in names)
                 if "/new/" in path]
        yield from differs("messages", len(found), 1)
        with open(found[0], "rb") as file:
            if b"config " in file.read():
                yield "the file is recorded"


def the_file_with_an_error_is_kept():
    """The message waits until the error is mended."""
    with House() as house, Sink() as wanted, Sink() as other:
        project = os.path.join(house.home, "project")
        configure(os.path.join(house.home, ".config"), other.port)
        configure(project, 1)
        with open(os.path.join(project, "onehop", "config"), "a",
                  encoding="ascii") as file:
            file.write("timeout soon\n")
        yield from queued(house, project)
        configure(project, wanted.port)
        yield from goes_to(house, wanted, other)


def the_server_of_the_environment_is_kept():
    with House() as house, Sink() as other:
        configure(os.path.join(house.home, ".config"), other.port)
        os.rename(os.path.join(house.home, ".config"),
                  os.path.join(house.home, "later"))
        yield from differs("status", run_as_cron_does(
            house, "-i", "--port=1", "--outbox=on", "you@example.net",
            stdin=message("1@x"), SMTPSERVER="127.0.0.1",
            EMAIL="me@example.org").returncode, 0)
        os.rename(os.path.join(house.home, "later"),
                  os.path.join(house.home, ".config"))
        run_as_cron_does(house, "-qf")
        yield from differs("other", other.count(), {})
        yield from differs("new", len(house.files("new")), 1)


def the_environment_of_a_flush_says_nothing():
    """It may have another configuration, or a server."""
    for configuration in (None, "# nothing\n", "from me@example.org\n"):
        with House() as house, Sink() as other, Sink() as wanted:
            own = os.path.join(house.home, ".config")
            foreign = os.path.join(house.home, "foreign")
            configure(foreign, other.port)
            configure(own, 1)
            yield from differs("status", run_as_cron_does(
                house, "-i", "you@example.net",
                stdin=message("1@x")).returncode, 0)
            file = os.path.join(own, "onehop", "config")
            os.rename(file, file + ".old")
            if configuration is not None:
                with open(file, "w", encoding="ascii") as out:
                    out.write(configuration)
            for variables in ({"SMTPSERVER": "127.0.0.1", "EMAIL": "a@b.c"},
                              {"XDG_CONFIG_HOME": foreign}):
                got = run_as_cron_does(house, "-qf", **variables)
                yield from differs(f"-q with {variables}", got.returncode, 78)
            yield from differs("other", other.count(), {})
            configure(own, wanted.port)
            yield from differs("-q", run_as_cron_does(
                house, "-qf", XDG_CONFIG_HOME=foreign,
                SMTPSERVER="127.0.0.1").returncode, 0)
            yield from differs("wanted", wanted.count(), {"1@x": 1})
            yield from differs("other", other.count(), {})


def a_relative_path_is_of_the_run_that_queued():
    """Of a flush in another directory it would be another file, or another
    command."""
    with House("tls_certcheck off") as house:
        for name in ("one", "two"):
            os.mkdir(os.path.join(house.home, name))
        result = subprocess.run(
            [onehop.PROGRAM, "-C", house.run_.config, "-i", "--socket=s",
             "--connect-command=./tunnel x", "you@example.net"],
            input=message("1@x"), capture_output=True, check=False,
            env=house.run_.environment, timeout=SECONDS,
            cwd=os.path.join(house.home, "one"))
        yield from differs("status", result.returncode, 0)
        with open(house.files("new")[0], encoding="ascii") as file:
            text = file.read()
        place = os.path.join(house.home, "one")
        for line in (f"set socket={place}/s\n",
                     f"set connect_command=cd '{place}' && ./tunnel x\n"):
            if line not in text:
                yield f"no {line!r} in {text!r}"


def lay_out(home, name, port):
    """A directory with a config file and what it includes, both by relative
    names; "..data" leads to it, as where Kubernetes mounts a secret."""
    os.makedirs(os.path.join(home, "onehop", name))
    for file, text in (("real", "defaults\nhost 127.0.0.1\ntls off\n"
                                "outbox on\ninclude accounts\n"),
                       ("accounts", "account default\n"
                                    f"port {port}\nfrom me@example.org\n")):
        with open(os.path.join(home, "onehop", name, file), "w",
                  encoding="ascii") as out:
            out.write(text)
    os.symlink(name, os.path.join(home, "onehop", "..new"))
    os.rename(os.path.join(home, "onehop", "..new"),
              os.path.join(home, "onehop", "..data"))


def a_link_leads_where_it_leads_later():
    """However the file was found; the file from which another one is included
    by a relative name is the link."""
    for args, cwd, variables in (
            (("-C", "{0}/onehop/config"), "/", {}),
            (("-C", "onehop/config"), "{0}", {}),
            ((), "/", {"XDG_CONFIG_HOME": "{0}"})):
        with House() as house, Sink() as new:
            project = os.path.join(house.home, "project")
            configure(os.path.join(house.home, ".config"), 1)
            lay_out(project, "..1", 1)
            for name, target in (("config", "..data/real"),
                                 ("accounts", "..data/accounts")):
                os.symlink(target, os.path.join(project, "onehop", name))
            result = subprocess.run(
                [onehop.PROGRAM, *(word.format(project) for word in args),
                 "-i", "you@example.net"], input=message("1@x"),
                stderr=subprocess.PIPE, cwd=cwd.format(project), check=False,
                timeout=SECONDS, env={**house.run_.environment, **{
                    name: value.format(project)
                    for name, value in variables.items()}})
            yield from differs(f"{args}: status", result.returncode, 0)
            lay_out(project, "..2", new.port)
            for name in ("real", "accounts"):
                os.remove(os.path.join(project, "onehop", "..1", name))
            got = run_as_cron_does(house, "-qf")
            yield from differs(f"{args}: -q {got.stderr!r}", got.returncode,
                               0)
            yield from differs(f"{args}: new", new.count(), {"1@x": 1})


def a_descriptor_is_kept_by_its_path():
    """That number is another file of the later run, or none."""
    with House() as house, Sink() as wanted:
        project = os.path.join(house.home, "project")
        configure(os.path.join(house.home, ".config"), 1)
        configure(project, 1)
        with open(os.path.join(project, "onehop", "config"),
                  "rb") as file:
            result = subprocess.run(
                [onehop.PROGRAM, "-C", f"/dev/fd/{file.fileno()}", "-i",
                 "you@example.net"], input=message("1@x"),
                stderr=subprocess.PIPE, pass_fds=[file.fileno()],
                env=house.run_.environment, timeout=SECONDS, check=False)
        yield from differs("status", result.returncode, 0)
        configure(project, wanted.port)
        yield from differs("-q", run_as_cron_does(house, "-qf").returncode, 0)
        yield from differs("wanted", wanted.count(), {"1@x": 1})


def the_password_of_netrc_is_for_onehops_own_options():
    """Not for sendmail's, nor for those of a message that does not say."""
    heard = []

    def answer(verb, line, sink):
        if verb == b"greeting" and sink.is_down:
            return b"421 down\r\n"
        if verb == b"AUTH":
            heard.append(line)
        return {b"EHLO": b"250-sink\r\n250 AUTH PLAIN\r\n",
                b"AUTH": b"235 ok\r\n"}.get(verb)

    with House() as house, Sink(answer) as sink:
        sink.is_down = True
        netrc = os.path.join(house.home, ".netrc")
        with open(netrc, "w", encoding="ascii") as file:
            file.write("machine 127.0.0.1 login u password pw\n")
        os.chmod(netrc, 0o600)
        for name, program in (("1@x", "onehop"), ("2@x", "onehop"),
                              ("3@x", "sendmail")):
            result = subprocess.run(
                [program, "-C", house.run_.config, f"--port={sink.port}",
                 "--user=u", "-i", "you@example.net"], check=False,
                executable=onehop.PROGRAM, input=message(name),
                stderr=subprocess.PIPE, env=house.run_.environment,
                timeout=SECONDS)
            yield from differs(f"{name} {result.stderr!r}",
                               result.returncode, 0)
        for path in house.files("new"):
            with open(path, "rb") as file:
                if b"Message-ID: <1@x>" in file.read():
                    rewrite(path, lambda records: records.replace(
                        b"\nown-name 1\n", b"\n"))
        sink.is_down = False
        result = house.run("-qf")
        yield from fault_of(result, 78)
        yield from differs("sent", sink.count(), {"2@x": 1})
        yield from differs("logins", len(heard), 1)
        yield from differs("new", len(house.files("new")), 2)


def main():
    tap = Tap()
    for test in (the_configuration_of_the_environment_is_kept,
                 an_included_account_is_kept_with_its_defaults,
                 a_file_beside_the_environments_is_kept,
                 one_that_every_run_finds_is_not,
                 the_file_with_an_error_is_kept,
                 the_server_of_the_environment_is_kept,
                 the_environment_of_a_flush_says_nothing,
                 a_relative_path_is_of_the_run_that_queued,
                 a_link_leads_where_it_leads_later,
                 a_descriptor_is_kept_by_its_path,
                 the_password_of_netrc_is_for_onehops_own_options):
        tap.run(test.__name__.replace("_", " "), test)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
