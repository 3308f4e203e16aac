# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that refuse, are none, or are odd."""

from plan import LINE_MAX, fault, reply_fault


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


# replies that are right, though odd

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
    if plan.row["fault"] == "terminal_escapes":
        plan.arguments.append("-d")  # so that the words are shown at all
        if plan.code != b"334":
            plan.stderr = [r"\\x1B\[31m \\x07 \\x9B31m "
                           r"\\xC2\\x9B31m \\xE2\\x80\\xAE \\xFF"]


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
