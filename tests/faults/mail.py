# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL, RCPT, DATA and the content."""

import smtpserver
from plan import HEAD, MESSAGE, fault, wire


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


# the content

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
