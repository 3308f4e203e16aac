# SPDX-License-Identifier: GPL-3.0-or-later
"""One generator per fault of faults.csv: it spoils a Plan.

A generator is found by the name in the CSV's column "fault" and serves every
state that has such a row. Reply faults run in four segmentations; others
once. A generator may have variants, each of which is a run of its own.
"""

import fcntl
import functools
import os
import random
import re
import signal
import socket
import threading
import time

import certs
import smarthost
import smtpserver

TIMEOUT = "2"          # seconds, where the server lets the client wait
LINE_MAX = 12288 + 4   # octets of a reply line that must be taken
CODES = {"greeting": b"220", "ehlo1": b"250", "ehlo2": b"250",
         "starttls": b"220", "auth_start": b"334", "auth_step": b"334",
         "auth_final": b"235", "mail": b"250", "rcpt": b"250",
         "data": b"354", "dot": b"250", "quit": b"221"}
HEAD = (b"From: me@example.org\nTo: you@example.net\n"
        b"Date: Mon, 23 Nov 2026 09:00:00 +0000\n"
        b"Message-ID: <1@example.org>\n")
MESSAGE = HEAD + b"Subject: hello\n\nworld\n.dot\n"

# Faults whose runs move so much that no clock of another run is safe.
HEAVY = ("stdin_huge", "stdin_line_1g", "ten_thousand_recipients")


class Plan:
    """One run: what to start, what the server does, what must come of it."""

    def __init__(self, row, mode, authority):
        self.row = row
        self.mode = mode
        self.authority = authority
        self.variant = None
        self.host = smarthost.Smarthost(mode)
        self.arguments = ["-f", "me@example.org"]
        self.recipients = ["you@example.net"]
        self.stdin = MESSAGE        # octets, or a path to open
        self.content = None         # what must arrive if not stdin
        self.config = {
            "account": "default", "host": "127.0.0.1",
            "tls": "off" if mode == "plain" else "on",
            "auth": "plain", "user": smarthost.USER,
            "password": smarthost.PASSWORD}
        if mode != "plain":
            self.config.update(
                tls_starttls="on" if mode == "starttls" else "off",
                tls_trust_file=authority.root, tls_host_override=certs.NAME)
        self.environment = {}
        self.certificate = "good"
        self.exit = int(row["exit"])
        self.stderr = []            # regular expressions, besides the row's
        self.words = True           # ask for the row's words?
        self.seconds = 8.0          # that the run may take, machine busy
        self.partial = False        # some recipients may have got it
        self.process = None         # onehop.Run, once it is under way
        self.before = []            # calls with self before the start
        self.after = []             # calls that return None or a complaint
        self.parallel = 1
        self.port = None            # of something else than the server

    @property
    def code(self):
        """The code of an honest reply in this state."""
        if self.row["state"] == "auth_start" and self.initial():
            return b"235"
        return CODES[self.row["state"]]

    def initial(self):
        """Does AUTH carry all that the server wants to know?"""
        return self.config["auth"] == "plain"

    def at(self, action, state=None):
        self.host.faults[state or self.row["state"]] = action

    def reply(self, text, state=None):
        """In this state the server says text and goes on."""
        state = state or self.row["state"]
        self.at(lambda host, good: host.say(text, state), state)

    def words_in(self, words):
        """In this state the honest reply has these words in it."""
        def action(host, good):
            if self.row["state"].startswith("ehlo"):
                first, rest = good.split(b"\r\n", 1)
                lines = [b"250-" + words, b"250-X " + words] + [
                    b"250-" + line[4:] for line in rest.split(b"\r\n")[:-1]]
                lines.append(b"250 " + words)
                host.say(b"\r\n".join(lines) + b"\r\n")
            else:
                host.say(self.code + b" " + words + b"\r\n",
                         self.row["state"])
        self.at(action)


FAULTS = {}


def fault(*names, variants=(None,), segmented=False):
    """Registers the generator of the faults with these names."""
    def register(function):
        for name in names:
            FAULTS[name] = (function, variants, segmented)
        return function
    return register


reply_fault = functools.partial(fault, segmented=True)


# --- replies that refuse, or are none

@reply_fault("r4xx")
def refuse_for_now(plan):
    plan.reply(b"451 4.3.0 come back later\r\n")


@reply_fault("r5xx")
def refuse_for_good(plan):
    plan.reply(b"554 5.3.0 never\r\n")


@reply_fault("r421_close")
def shut_down(plan):
    def action(host, good):
        host.say(b"421 4.3.2 closing\r\n", plan.row["state"])
        host.connection.finish()
    plan.at(action)


LITERAL = {
    "r1xx": b"199 x\r\n",
    "r3xx_out_of_place": b"399 x\r\n",
    "r3xx_other": b"399 x\r\n",
    "r354": b"354 do something else\r\n",
    "code_6xx": b"650 x\r\n",
    "code_not_digits": b"2x0 ok\r\n",
    "code_short": b"25\r\nk\r\n",
    "code_long": b"2500 ok\r\n",
    "empty_line": b"\r\n",
    "http_banner": b"HTTP/1.1 400 Bad Request\r\n",
    "r535": b"535 5.7.8 bad credentials\r\n",
    "r454": b"454 4.7.0 directory is down\r\n",
    "r432": b"432 4.7.12 password transition needed\r\n",
    "r530": b"530 5.7.0 auth required\r\n",
    "r555": b"555 5.5.4 parameter not recognised\r\n",
    "injected_in_multiline": b"220-go\r\n250 x\r\n220 go\r\n",
}


@reply_fault(*LITERAL)
def say_literally(plan):
    plan.reply(LITERAL[plan.row["fault"]])


@reply_fault("multiline_code_change")
def change_code(plan):
    plan.reply(plan.code + b"-x\r\n550 y\r\n")


@reply_fault("overlong_line")
def never_end_line(plan):
    plan.reply(plan.code + b" " + b"x" * (1 << 20) + b"\r\n")


@fault("endless_multiline")
def never_end_reply(plan):
    def action(host, good):
        block = (plan.code + b"-x\r\n") * 1000
        for _ in range(1000):
            host.connection.write(block)
    plan.at(action)


@fault("endless")
def never_end_quit(plan):
    def action(host, good):
        for _ in range(1000):
            host.connection.write(b"221-bye\r\n" * 1000)
    plan.at(action)


# --- replies that are right, though odd

@reply_fault("bytewise", "coalesced", "r250_normal")
def do_nothing(plan):
    pass


@reply_fault("bare_code_no_text")
def say_only_the_code(plan):
    def action(host, good):
        if good.count(b"\n") > 1:
            host.say(good.replace(b"\r\n250 ", b"\r\n250-") + b"250\r\n")
        else:
            host.say(plan.code + b"\r\n", plan.row["state"])
    plan.at(action)


@reply_fault("lf_only")
def end_lines_with_lf(plan):
    plan.at(lambda host, good: host.say(good.replace(b"\r\n", b"\n"),
                                        plan.row["state"]))


WORDS = {
    "bare_cr_inside": b"a\rb",
    "nul_in_text": b"a\0b",
    "terminal_escapes":
        b"\x1b[31m \x07 \x9b31m \xc2\x9b31m \xe2\x80\xae \xff",
    "percent_n": b"%n%s%s%x",
}


@reply_fault(*WORDS)
def say_odd_words(plan):
    plan.words_in(WORDS[plan.row["fault"]])


@reply_fault("line_at_limit", variants=(0, 1))
def fill_line(plan):
    state = plan.row["state"]
    if plan.variant:
        plan.exit = 76
        plan.stderr = ["too long"]

    def action(host, good):
        first, rest = good.split(b"\r\n", 1)
        filler = b"a" * (LINE_MAX - 4 + plan.variant)
        separator = b"-" if rest else b" "
        host.say(plan.code + separator + filler + b"\r\n" + rest,
                 None if plan.variant else state)
    plan.at(action)


@reply_fault("extra_reply_queued", "r235_plus_pipelined_250",
             "pipelined_extra")
def say_one_reply_more(plan):
    def action(host, good):
        host.say(good + b"250 x\r\n", plan.row["state"])
        host.faults.clear()
    plan.at(action)


@reply_fault("double_250")
def say_250_twice(plan):
    plan.reply(b"250 x\r\n250 y\r\n")


@reply_fault("r2xx_other", variants=(b"251", b"299"))
def say_other_2yz(plan):
    plan.reply(plan.variant + b" fine\r\n")


@reply_fault("early_221")
def say_221_early(plan):
    def action(host, good):
        host.say(good + b"221 bye\r\n", "dot")
        host.connection.finish()
    plan.at(action, "dot")


# --- the line breaks, or nothing comes

@fault("stall")
def stall(plan):
    plan.config["timeout"] = TIMEOUT
    plan.at(lambda host, good: host.connection.drain())


@fault("slow_drip")
def drip(plan):
    plan.config["timeout"] = TIMEOUT

    def action(host, good):
        for octet in (plan.code + b"-" + b"x" * 20):
            host.connection.write(bytes([octet]))
            if host.connection.drain(0.3):
                return
    plan.at(action)


@fault("late_reply_after_rfc_timer")
def answer_late(plan):
    plan.config["timeout"] = TIMEOUT

    def action(host, good):
        if not host.connection.drain(int(TIMEOUT) + 1):
            host.say(good, "dot")
    plan.at(action)


@fault("rst")
def reset(plan):
    def action(host, good):
        # Let connect() return before the line goes down.
        host.connection.pull(0.05)
        host.connection.reset()
    plan.at(action)


@fault("fin")
def finish(plan):
    plan.at(lambda host, good: host.connection.finish())


def say_then_finish(plan, text):
    def action(host, good):
        host.say(text)
        host.connection.finish()
    plan.at(action)


@reply_fault("fin_partial_line")
def finish_within_line(plan):
    say_then_finish(plan, plan.code + b" o")


@reply_fault("fin_after_continuation")
def finish_within_reply(plan):
    say_then_finish(plan, plan.code + b"-x\r\n")


@fault("sigterm")
def terminate(plan):
    def action(host, good):
        plan.process.signal(signal.SIGTERM)
        host.connection.drain()
    plan.at(action)


# --- TLS below the dialogue

@fault("tls_trunc_no_close_notify")
def truncate(plan):
    plan.at(lambda host, good: host.connection.truncate())


@fault("tls_plaintext_injected")
def inject_below_tls(plan):
    def action(host, good):
        host.connection.send_raw(b"250 ok\r\n")
        host.connection.drain()
    plan.at(action)


@fault("tls_fatal_alert")
def alert(plan):
    def action(host, good):
        host.connection.write_alert()
        host.connection.truncate()
    plan.at(action)


@fault("tls_bad_record")
def spoil_record(plan):
    def action(host, good):
        host.connection.write_spoilt(good)
        host.connection.drain()
    plan.at(action)


@fault("tls_rehandshake_or_keyupdate")
def update_keys(plan):
    def action(host, good):
        host.connection.write_key_update()
        host.say(good, plan.row["state"])
    plan.at(action)


# --- resolve and connect

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


# --- greeting and EHLO

@fault("tls_bytes_on_plain")
def greet_in_tls(plan):
    def action(host, good):
        host.connection.send_raw(b"\x15\x03\x01\x00\x02\x02\x46")
        host.connection.truncate()
    plan.at(action)


@reply_fault("starttls_keyword_tricks", variants=(
    (b"XSTARTTLS", 76), (b"STARTTLSX", 76), (b"STARTTLS\0", 76),
    (b"STARTTLS extra", 0), (b"starttls", 0), (b"sTaRtTlS", 0)))
def play_keyword_tricks(plan):
    word, plan.exit = plan.variant
    plan.words = plan.exit == 0
    plan.at(lambda host, good: host.say(good.replace(b"STARTTLS", word)))
    plan.environment["LC_ALL"] = "tr_TR.UTF-8"


@reply_fault("helo_fallback_when_tls_or_auth_required")
def know_no_ehlo(plan):
    plan.reply(b"502 5.5.1 not implemented\r\n")


@fault("auth_before_tls_offered")
def offer_auth_in_clear(plan):
    plan.host.mechanisms_in_clear = "PLAIN"


@fault("size_smaller_than_message")
def limit_size(plan):
    plan.host.extensions = ["SIZE 10"]


@fault("size_garbage", variants=(
    "SIZE 99999999999999999999", "SIZE -1", "SIZE x", "SIZE"))
def offer_garbled_size(plan):
    plan.host.extensions = [plan.variant]


@fault("auth_equals_form", variants=("AUTH=LOGIN PLAIN", "AUTH LOGIN PLAIN"))
def offer_auth_in_old_form(plan):
    plan.host.mechanisms = None
    plan.host.extensions = [plan.variant]


# --- STARTTLS

@reply_fault("injected_complete_reply_same_segment",
             "injected_fragment_no_newline")
def inject_behind_reply(plan):
    injected = (b"250-x\r\n250 AUTH PLAIN\r\n"
                if plan.row["fault"].endswith("segment")
                else b"250-AUTH PL")

    def action(host, good):
        host.connection.cut = smtpserver.cut_whole
        host.connection.write(good + injected)
        host.connection.uncork()
        host.refused.add("starttls")
        host.connection.drain()
    plan.at(action)


@fault("injected_later_segment")
def inject_later(plan):
    def action(host, good):
        host.connection.write(good)
        host.connection.uncork()
        time.sleep(0.05)
        host.connection.send_raw(b"250-x\r\n250 AUTH PLAIN\r\n")
        host.refused.add("starttls")
        host.connection.drain()
    plan.at(action)


# --- the handshake

HANDSHAKES = {
    "refused_plaintext": (b"220 mail.test ESMTP\r\n",),
    "alert_fatal": (b"\x15\x03\x03\x00\x02\x02\x28",),
    "garbage": (bytes(400), random.Random(1).randbytes(400)),
    "partial_record_fin":
        (b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(32),),
}


@fault(*HANDSHAKES, variants=(0, 1))
def spoil_handshake(plan):
    texts = HANDSHAKES[plan.row["fault"]]
    text = texts[plan.variant % len(texts)]

    def action(host, good):
        if plan.mode == "starttls":
            host.connection.pull(5)  # ClientHello; before it is injection
        host.connection.send_raw(text)
        host.connection.truncate()
    plan.at(action)


@fault("alert_warning_unrecognized_name")
def warn(plan):
    def action(host, good):
        host.connection.pull(5)
        host.connection.send_raw(b"\x15\x03\x01\x00\x02\x01\x70")
        host.start_tls()
    plan.at(action)


@fault("only_tls10_11", variants=("TLSv1", "TLSv1_1"))
def offer_obsolete_tls(plan):
    context = certs.context(*plan.authority.chain("good"))
    version = getattr(certs.ssl.TLSVersion, plan.variant)
    context.minimum_version = certs.ssl.TLSVersion.TLSv1
    context.maximum_version = version
    plan.certificate = context


CERTIFICATES = {
    "cert_expired": "expired", "cert_wrong_name": "wrong-name",
    "cert_cn_only": "no-names", "cert_wildcard_tld": "wildcard-tld",
    "cert_weak_key": "weak-key", "cert_sha1_sig": "sha1",
    "cert_client_purpose": "client-only",
}


@fault(*CERTIFICATES)
def show_bad_certificate(plan):
    plan.certificate = CERTIFICATES[plan.row["fault"]]


@fault("cert_self_signed")
def show_own_certificate(plan):
    plan.certificate = certs.context(*plan.authority.self_signed())


@fault("cert_missing_intermediate")
def show_leaf_only(plan):
    plan.certificate = certs.context(*plan.authority.make("good"))


@fault("cert_name_constraint_bomb")
def show_constraints(plan):
    plan.certificate = certs.context(*plan.authority.constrained())
    plan.seconds = 20


@fault("cert_wildcard_ok", variants=(("a.mail.test", 0),
                                     ("a.b.mail.test", 76)))
def show_wildcard(plan):
    plan.config["tls_host_override"], plan.exit = plan.variant
    plan.certificate = "wildcard"


@fault("cert_ip_literal")
def show_address(plan):
    del plan.config["tls_host_override"]
    plan.certificate = "ip"


@fault("cert_revoked_crl")
def revoke(plan):
    plan.certificate = "revoked"
    plan.config["tls_crl_file"] = plan.authority.crl("revoked")


@fault("fingerprint_mismatch")
def pin_another(plan):
    plan.config["tls_fingerprint"] = plan.authority.fingerprint(
        plan.authority.make("ip")[0])


@fault("trust_store_missing", variants=("/nonexistent", "/dev/null"))
def trust_nobody(plan):
    plan.config["tls_trust_file"] = plan.variant


@fault("client_key_unreadable_or_wrong_pass", variants=(
    "/nonexistent", "/dev/null"))
def lose_client_key(plan):
    plan.config.update(tls_key_file=plan.variant,
                       tls_cert_file=plan.authority.make("good")[0])


# --- AUTH

@fault("not_offered", "no_common_mech", variants=("plain", "on"))
def offer_no_mechanism(plan):
    plan.host.mechanisms = ("X-FOO" if plan.row["fault"] == "no_common_mech"
                            else None)
    plan.config["auth"] = plan.variant


@fault("only_plain_without_tls", variants=("plain", "login", "on"))
def ask_for_password_in_clear(plan):
    plan.config.update(host="smarthost.test", auth=plan.variant)
    plan.environment["SHIM_RESOLVE"] = "127.0.0.1"


@fault("mech_downgrade_after_tls")
def offer_less_after_tls(plan):
    plan.host.mechanisms_in_clear = "SCRAM-SHA-256"
    plan.host.mechanisms = "PLAIN"
    plan.config["auth"] = "on"


@reply_fault("r530_534_538", variants=(b"530 5.7.0", b"534 5.7.9",
                                       b"538 5.7.11"))
def refuse_mechanism(plan):
    plan.reply(plan.variant + b" not like that\r\n")
    plan.stderr = [plan.variant[:3].decode() + ".*not like that"]


def use_scram(plan):
    plan.host.mechanisms = "SCRAM-SHA-256"
    plan.config["auth"] = "scram-sha-256"


@fault("r235_immediately")
def end_scram_early(plan):
    use_scram(plan)
    plan.reply(b"235 2.7.0 welcome\r\n")


@fault("r334_with_text_first_challenge")
def challenge_with_words(plan):
    plan.config["password"] = "p" * 400
    plan.reply(b"334 GSSAPI supported\r\n")


@fault("initial_response_too_long")
def need_two_steps(plan):
    plan.config["password"] = "p" * 400

    def check():
        long = [line for line in plan.host.commands
                if line.startswith(b"AUTH") and len(line) > 510]
        return "AUTH line of %d octets" % len(long[0]) if long else None
    plan.after.append(check)


CHALLENGES = {
    "bad_base64": b"!!!!",
    "challenge_64k": b"QUJD" * (1 << 14),
    "challenge_with_nul": smarthost.encoded(b"a\0b"),
}


@reply_fault(*CHALLENGES)
def challenge_badly(plan):
    use_scram(plan)

    def action(host, good):
        host.say(b"334 " + CHALLENGES[plan.row["fault"]] + b"\r\n")
        host.connection.uncork()
        host.commands.append(host.connection.read_line()[:-2])
        host.say(b"501 5.7.0 cancelled\r\n", "auth_start")
        raise_unless_ended(host)
    # The first challenge is in the place where SCRAM's parser meets it.
    plan.at(action, "auth_start")


def raise_unless_ended(host):
    """After a cancelled AUTH the dialogue goes on with the next command."""
    while True:
        line = host.connection.read_line()[:-2]
        host.commands.append(line)
        if line.upper() == b"QUIT":
            host.say(b"221 bye\r\n")
            raise smtpserver.Closed("QUIT")
        host.say(b"530 5.7.0 authentication required\r\n")


@fault("scram_iter_huge", "scram_iter_low")
def ask_for_iterations(plan):
    use_scram(plan)
    plan.host.iterations = (4294967295 if plan.row["fault"].endswith("huge")
                            else 1)

    def action(host, good):
        host.say(good)
        host.commands.append(host.connection.read_line()[:-2])
        host.say(b"501 5.7.0 cancelled\r\n", "auth_start")
        raise_unless_ended(host)
    plan.at(action, "auth_start")


@fault("oauth_error_json_334")
def refuse_token(plan):
    plan.host.mechanisms = "XOAUTH2"
    plan.config["auth"] = "xoauth2"

    def action(host, good):
        host.say(b"334 %s\r\n" % smarthost.encoded(
            b'{"status":"401","schemes":"bearer","scope":"mail"}'))
        host.connection.uncork()
        answer = host.connection.read_line()
        host.commands.append(answer[:-2])
        host.say(b"535 5.7.8 bad token\r\n" if answer == b"\r\n"
                 else b"501 5.5.2 expected an empty line\r\n", "auth_start")
    plan.at(action, "auth_start")
    plan.stderr = ["535 5.7.8 bad token", "401"]


@fault("login_prompt_swapped")
def swap_prompts(plan):
    plan.config["auth"] = "login"
    plan.reply(b"334 UGFzc3dvcmQ6\r\n", "auth_start")


@fault("gsasl_error_output_untouched")
def fail_within_library(plan):
    """SASLprep forbids the password: the library fails at its own step."""
    use_scram(plan)
    plan.config["password"] = "pass\u0007word"

    def action(host, good):
        host.say(good)
        host.commands.append(host.connection.read_line()[:-2])
        host.say(b"501 5.7.0 cancelled\r\n", "auth_start")
        raise_unless_ended(host)
    plan.at(action, "auth_start")


# --- MAIL, RCPT, DATA

@fault("smtputf8_needed_not_offered")
def need_smtputf8(plan):
    plan.recipients = ["j\u00fcrgen@example.net"]


@fault("inject_crlf_in_sender", variants=(
    "a@b.net\r\nRCPT TO:<x@y.net", "a\nb@c.net", "<a@b.net\r>"))
def inject_into_sender(plan):
    plan.arguments = ["-f", plan.variant]


@fault("inject_crlf_or_angle", variants=(
    "a@b>\r\nRCPT TO:<c@d", "a@b.net>\r\nDATA", "a\r@b.net", "a>b@c.net"))
def inject_into_recipient(plan):
    plan.recipients = [plan.variant]


@fault("quoted_localpart_at")
def quote_local_part(plan):
    plan.recipients = ['"x@evil.com y"@ok.test']

    def check():
        sent = [line for line in plan.host.commands
                if line.startswith(b"RCPT")]
        if sent != [b'RCPT TO:<"x@evil.com y"@ok.test>']:
            return "the recipient became %r" % sent
        return None
    plan.after.append(check)


@fault("ten_thousand_recipients")
def have_many_recipients(plan):
    plan.recipients = ["r%d@example.net" % i for i in range(10000)]
    plan.seconds = 20


@fault("one_550_of_n_partial_policy")
def refuse_one(plan):
    plan.config["partial_delivery"] = "on"
    plan.recipients = ["a@example.net", "b@example.net", "c@example.net"]
    plan.partial = True
    answer_recipients(plan, [b"250 ok", b"550 5.1.1 unknown", b"250 ok"])
    plan.stderr = ["b@example.net", "550 5.1.1 unknown"]


@fault("mixed_451_550", variants=("", "reversed"))
def refuse_in_both_ways(plan):
    plan.recipients = ["a@example.net", "b@example.net"]
    replies = [b"451 4.7.1 greylisted", b"550 5.1.1 unknown"]
    answer_recipients(plan, replies[::-1] if plan.variant else replies)
    plan.stderr = ["550 5.1.1 unknown", "451 4.7.1 greylisted"]
    plan.host.pipelining = True


@fault("r251_252")
def accept_otherwise(plan):
    plan.recipients = ["a@example.net", "b@example.net"]
    answer_recipients(plan, [b"251 will forward", b"252 will try"])


def answer_recipients(plan, replies):
    replies = iter(replies)
    plan.at(lambda host, good: host.say(next(replies) + b"\r\n", "rcpt"),
            "rcpt")


@fault("r354_though_all_rcpt_refused")
def want_data_for_nobody(plan):
    plan.reply(b"550 5.1.1 unknown\r\n", "rcpt")
    plan.reply(b"354 go\r\n", "data")


@fault("premature_250_after_354")
def accept_before_content(plan):
    def action(host, good):
        host.say(good + b"250 2.0.0 queued\r\n")
    plan.at(action)
    plan.reply(b"554 5.7.1 refused after all\r\n", "dot")


# --- the content

BIG = HEAD + b"Subject: big\n\n" + b"0123456789" * 7 * 100000


def within_content(plan, action):
    """Does something after the first part of a message of some MB."""
    plan.stdin = BIG + b"\n"

    def take_some(host, good):
        connection = host.connection
        while len(connection.inbox) < 65536 and connection.pull(5):
            pass
        action(host)
        raise smtpserver.Closed("by plan")
    plan.at(take_some, "body")


@fault("fin_mid", "sigpipe", "dot_not_fully_sent",
       variants=("fin", "close", "reset"))
def close_within_content(plan):
    def action(host):
        connection = host.connection
        if plan.variant == "fin":
            connection.truncate()
        elif plan.variant == "reset":
            connection.reset()
    within_content(plan, action)


@fault("early_5xx_then_close", variants=("fin", "close"))
def refuse_within_content(plan):
    def action(host):
        host.say(b"554 5.7.1 spam\r\n")
        if plan.variant == "fin":
            host.connection.truncate()
    within_content(plan, action)
    plan.stderr = ["554 5.7.1 spam"]


@fault("early_4xx_no_close")
def refuse_and_read_on(plan):
    def action(host):
        host.say(b"452 4.3.1 full\r\n")
        host.connection.drain()
    within_content(plan, action)
    plan.stderr = ["452 4.3.1 full"]


@fault("stdin_eio")
def fail_reading(plan):
    plan.stdin = "/"


@fault("stdin_empty_argv_rcpt")
def send_empty_message(plan):
    plan.stdin = b""
    plan.content = False


@fault("stdin_empty_dash_t")
def find_no_recipient(plan):
    plan.stdin = b""
    plan.arguments += ["-t"]
    plan.recipients = []


@fault("stdin_no_final_newline")
def end_without_newline(plan):
    plan.stdin = MESSAGE[:-1]
    plan.content = wire(MESSAGE)


def wire(text):
    """The text as it must cross the wire: LF and the CRs before it end a
    line, another CR is a blank."""
    text = re.sub(rb"\r*\n", b"\n", text).replace(b"\r", b" ")
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text.replace(b"\n", b"\r\n")


@fault("stdin_huge")
def send_much(plan):
    """Twice the memory that the run may have."""
    plan.stdin = HEAD + b"\n" + (b"x" * 75 + b"\n") * 900000
    plan.seconds = 30


@fault("stdin_line_1g")
def send_long_line(plan):
    """One line of twice the memory that the run may have."""
    plan.stdin = HEAD + b"\n" + b"x" * (66 << 20) + b"\n"
    plan.seconds = 30
    plan.content = False


@fault("lf_dot_lf")
def have_lone_dots(plan):
    plan.arguments.append("-i")
    plan.stdin = HEAD + b"\n.\n..\n.\r\n\n.\nend\n"


@fault("smuggle_variants")
def try_to_smuggle(plan):
    plan.arguments.append("-i")
    plan.stdin = HEAD + b"\n" + b"".join(
        b"a%sMAIL FROM:<x@evil.test>%sb\n" % (ends, ends) for ends in (
            b"\n.\r\n", b"\r.\r", b"\r.\n", b"\r\n.\r", b"\r\n.\n",
            b"\r\n\0.\r\n", b"\n\n.\r\r\n"))


@fault("dot_at_every_buffer_boundary")
def have_dots_everywhere(plan):
    """Lines of 1 to 79 octets, each with a dot in front, for 300 KB."""
    plan.arguments.append("-i")
    plan.stdin = HEAD + b"\n" + b"".join(
        b"." * (1 + i % 3) + b"x" * (i % 79) + (b"\r\n" if i % 2 else b"\n")
        for i in range(8000))


@fault("nul_in_header")
def have_nul_in_header(plan):
    plan.stdin = HEAD + b"Subject: a\0b\n\nx\n"


@fault("bcc_forms", variants=("C", "tr_TR.UTF-8"))
def have_bcc_fields(plan):
    plan.environment["LC_ALL"] = plan.variant
    plan.arguments.append("-t")
    plan.recipients = []
    plan.stdin = HEAD + (
        b"BCC: a@example.net\nbcc: b@example.net\nBcc : c@example.net\n"
        b"bCC:\n d@example.net,\n\te@example.net\nSubject: x\n"
        b"bCc:f@example.net\nSubject: y\n\nBcc: g@example.net\n")
    plan.content = wire(HEAD + b"Subject: x\nSubject: y\n\n"
                        b"Bcc: g@example.net\n")


@fault("non_mbox_from_line", variants=(b"From x\n", b"From me@a Mon\n",
                                       b">From x\n"))
def have_mbox_line(plan):
    plan.stdin = plan.variant + MESSAGE
    plan.content = wire(MESSAGE)


# --- the log

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
