# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolving, connecting, and the log: faults without a server's part."""

import fcntl
import os
import socket
import threading
import time

import certs
from plan import TIMEOUT, fault


@fault("eai_again", "eai_noname")
def resolve_in_vain(plan):
    plan.config["host"] = certs.NAME
    plan.environment["SHIM_RESOLVE"] = plan.row["fault"][4:]


@fault("eai_fail_memory_system", variants=("fail", "memory", "system"))
def resolve_with_error(plan):
    plan.config["host"] = certs.NAME
    plan.environment["SHIM_RESOLVE"] = plan.variant


@fault("only_unusable_family")
def resolve_to_nowhere(plan):
    plan.config.update(host=certs.NAME, timeout=TIMEOUT)
    plan.environment["SHIM_RESOLVE"] = "2001:db8::1,2001:db8::2"
    plan.stderr = [r"2001:db8::1\b.*2001:db8::2\b"]


@fault("huge_answer_set")
def resolve_to_many(plan):
    plan.config["host"] = certs.NAME
    plan.environment["SHIM_RESOLVE"] = "many"
    plan.before.append(use_dead_port)


@fault("idn_mapping_makes_specials",
       variants=("\uff1e", "\uff20", "\u3000", "\u2100", "\r\n"))
def map_to_specials(plan):
    plan.recipients = ["you@exa%smple.net" % plan.variant]


def use_dead_port(plan):
    """A port that nobody listens on, kept so until the run is over."""
    plan.holder = socket.socket()
    plan.holder.bind(("127.0.0.1", 0))
    plan.port = plan.holder.getsockname()[1]


@fault("refused")
def refuse_connection(plan):
    plan.before.append(use_dead_port)


def use_full_port(plan):
    """A port whose backlog is full: SYNs go unanswered."""
    plan.holder = socket.create_server(("127.0.0.1", 0), backlog=0)
    plan.port = plan.holder.getsockname()[1]
    plan.fillers = [socket.socket() for _ in range(3)]
    for filler in plan.fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", plan.port))


@fault("timeout")
def time_out_connecting(plan):
    plan.config["timeout"] = TIMEOUT
    plan.before.append(use_full_port)


@fault("eintr")
def interrupt_connecting(plan):
    plan.environment["SHIM_CONNECT"] = "eintr"


@fault("self_connect")
def connect_to_itself(plan):
    plan.environment["SHIM_CONNECT"] = "self"
    plan.before.append(use_free_port)


def use_free_port(plan):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        plan.port = probe.getsockname()[1]


@fault("local_firewall_eperm")
def forbid_connecting(plan):
    plan.environment["SHIM_CONNECT"] = "eperm"


@fault("socket_emfile")
def run_out_of_descriptors(plan):
    plan.environment["SHIM_SOCKET"] = "emfile"


# the log

def use_log(plan):
    plan.before.append(lambda plan: plan.config.update(
        logfile=os.path.join(plan.process.home, "log")))


def log_path(plan):
    return os.path.join(plan.process.home, "log")


@fault("log_write_fails", "eacces_enoent_eisdir", variants=(
    "/nonexistent/log", "/", "/dev/full"))
def log_to_nowhere(plan):
    plan.config["logfile"] = plan.variant


@fault("enospc")
def fill_disk(plan):
    use_log(plan)
    plan.environment["SHIM_WRITE"] = "enospc"


@fault("symlink")
def log_to_link(plan):
    use_log(plan)
    plan.before.append(
        lambda plan: os.symlink("/etc/hostname", log_path(plan)))


@fault("fifo_no_reader")
def log_to_fifo(plan):
    use_log(plan)
    plan.before.append(lambda plan: os.mkfifo(log_path(plan), 0o600))


@fault("lock_held")
def hold_lock(plan):
    def lock(plan):
        plan.lock = open(log_path(plan), "ab")
        os.chmod(log_path(plan), 0o600)
        fcntl.flock(plan.lock, fcntl.LOCK_EX)
    use_log(plan)
    plan.before.append(lock)


@fault("rotated_under_us")
def rotate_log(plan):
    def keep_rotating(path, stop):
        while not stop.is_set():
            try:
                os.rename(path, path + ".1")
            except FileNotFoundError:
                time.sleep(0.0002)

    def start(plan):
        plan.stop = threading.Event()
        threading.Thread(target=keep_rotating, daemon=True,
                         args=(log_path(plan), plan.stop)).start()
    use_log(plan)
    plan.before.append(start)
    plan.after.append(lambda: plan.stop.set())


def read_log(plan):
    with open(log_path(plan), "rb") as file:
        return file.read()


@fault("64_writers")
def write_from_many(plan):
    """As many runs as the matrix can afford, into one log."""
    use_log(plan)
    plan.parallel = 16

    def check():
        lines = read_log(plan).split(b"\n")
        whole = [line for line in lines[:-1] if b"example.net" in line]
        if lines[-1] or len(whole) != plan.parallel:
            return "the log has %d whole lines, not %d" % (
                len(whole), plan.parallel)
        return None
    plan.after.append(check)
    plan.seconds = 10


@fault("crlf_esc_in_fields")
def log_odd_words(plan):
    use_log(plan)
    plan.reply(b"250 a\x1b[31m\rb\x07\x9bc\r\n", "dot")

    def check():
        log = read_log(plan)
        odd = [c for c in log.rstrip(b"\n") if c < 32 or 127 <= c < 160]
        return "the log has the octets %r" % odd if odd else None
    plan.after.append(check)
