# SPDX-License-Identifier: GPL-3.0-or-later
"""The line breaks, or nothing comes; TLS is disturbed below the dialogue."""

import signal

from plan import TIMEOUT, fault, reply_fault


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


# TLS below the dialogue

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
