# SPDX-License-Identifier: GPL-3.0-or-later
"""Greeting, EHLO and STARTTLS."""

import time

import smtpserver
from plan import fault, reply_fault


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


# STARTTLS

@reply_fault("injected_complete_reply_same_segment",
             "injected_fragment_no_newline")
def inject_after_reply(plan):
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
