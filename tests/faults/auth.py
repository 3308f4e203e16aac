# SPDX-License-Identifier: GPL-3.0-or-later
"""AUTH: what is offered, refused, asked."""

import smarthost
import smtpserver
from plan import fault, reply_fault


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
