/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/reply.h"

#define LINE(text) text, sizeof(text) - 1

/* Whole replies, lines parted by LF, and what they are. */
static const struct {
	const char *lines;
	size_t len;
	int code;
	const char *dsn, *text;
} replies[] = {
	{ LINE("250 ok"), 250, "", "250 ok" },
	{ LINE("250"), 250, "", "250" },
	{ LINE("250 "), 250, "", "250" },
	{ LINE("354"), 354, "", "354" },
	{ LINE("334 VXNlcm5hbWU6"), 334, "", "334 VXNlcm5hbWU6" },
	{ LINE("299 fine"), 299, "", "299 fine" },
	{ LINE("399 odd"), 399, "", "399 odd" },
	{ LINE("550 5.1.1 no such user"), 550, "5.1.1",
	    "550 5.1.1 no such user" },
	{ LINE("550 5.123.456"), 550, "5.123.456", "550 5.123.456" },
	{ LINE("250 2.0.0"), 250, "2.0.0", "250 2.0.0" },
	{ LINE("550 4.1.1 class differs"), 550, "", "550 4.1.1 class differs" },
	{ LINE("354 3.0.0 no such class"), 354, "", "354 3.0.0 no such class" },
	{ LINE("550 5.1.1234 x"), 550, "", "550 5.1.1234 x" },
	{ LINE("550 5.1 x"), 550, "", "550 5.1 x" },
	{ LINE("550 5..1 x"), 550, "", "550 5..1 x" },
	{ LINE("550 5.1.1x"), 550, "", "550 5.1.1x" },
	{ LINE("550-5.7.1 one\n550-5.7.1 two\n550 5.7.1 three"), 550, "5.7.1",
	    "550 5.7.1 one / two / three" },
	{ LINE("250-\n250"), 250, "", "250" },
	{ LINE("250-mx\n250-SIZE 10\n250 DSN"), 250, "",
	    "250 mx / SIZE 10 / DSN" },
	{ LINE("250 a\0b"), 250, "", "250 a\\x00b" },
	{ LINE("250 a\rb"), 250, "", "250 a\\x0Db" },
	{ LINE("550 \33[31m\a\xc2\x9b\xe2\x80\xae"), 550, "",
	    "550 \\x1B[31m\\x07\\xC2\\x9B\\xE2\\x80\\xAE" },
	{ LINE("550 %n%s%s%x"), 550, "", "550 %n%s%s%x" },
};

/* Adds line after line; the result of the last one tried. */
static int
add(struct reply *r, const char *lines, size_t len, struct error *err)
{
	int more = 1;

	while (more == 1) {
		const char *end = memchr(lines, '\n', len);
		size_t n = end != NULL ? (size_t)(end - lines) : len;

		more = reply_add_line(r, lines, n, err);
		if (end == NULL)
			return more;
		lines = end + 1;
		len -= n + 1;
	}
	return more == 0 ? 2 : more;
}

static void
replies_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct reply r = {0};
		struct error err = {0};

		assert_int_equal(add(&r, replies[i].lines, replies[i].len,
		    &err), 0);
		assert_int_equal(r.code, replies[i].code);
		assert_int_equal(reply_class(&r), replies[i].code / 100);
		assert_string_equal(r.dsn, replies[i].dsn);
		assert_string_equal(r.text, replies[i].text);
	}
}

/* What is no reply, and the words that say so. */
static const struct {
	const char *lines;
	size_t len;
	const char *words;
} faults[] = {
	{ LINE(""), "malformed reply" },
	{ LINE("2"), "malformed reply" },
	{ LINE("25"), "malformed reply: \"25\"" },
	{ LINE("2x0 ok"), "malformed reply: \"2x0 ok\"" },
	{ LINE("2500 ok"), "malformed reply" },
	{ LINE("250\tok"), "malformed reply" },
	{ LINE("250ok"), "malformed reply" },
	{ LINE("+250 ok"), "malformed reply" },
	{ LINE(" 250 ok"), "malformed reply" },
	{ LINE("\xb2\x35\x30 ok"), "malformed reply" },
	{ LINE("050 x"), "malformed reply" },
	{ LINE("650 x"), "malformed reply" },
	{ LINE("950 x"), "malformed reply" },
	{ LINE("199 x"), "unexpected reply 199" },
	{ LINE("100-x"), "unexpected reply 100" },
	{ LINE("HTTP/1.1 400 Bad Request"), "not an SMTP server" },
	{ LINE("SSH-2.0-OpenSSH"), "not an SMTP server" },
	{ LINE("* OK IMAP4"), "not an SMTP server" },
	{ LINE("+OK ready"), "not an SMTP server" },
	{ LINE("\x15\x03\x03\0\2\2"), "not an SMTP server" },
	{ LINE("250-x\n550 y"), "malformed multi-line reply: \"550 y\"" },
	{ LINE("220-go\n250 x\n220 go"), "malformed multi-line reply" },
	{ LINE("250-x\nHTTP/1.1 400"), "malformed multi-line reply" },
	{ LINE("250-x\n"), "malformed multi-line reply" },
	{ LINE("250-x\n2500 y"), "malformed multi-line reply" },
};

static void
what_is_no_reply_is_a_protocol_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct reply r = {0};
		struct error err = {0};

		assert_int_equal(add(&r, faults[i].lines, faults[i].len,
		    &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_non_null(strstr(err.text, faults[i].words));
	}
}

static void
tls_on_a_plain_port_comes_with_advice(void **state)
{
	struct reply r = {0};
	struct error err = {0};

	(void)state;
	reply_add_line(&r, LINE("\x15\x03\x03\0\2\2"), &err);
	assert_non_null(strstr(err.hint, "looks like TLS: use implicit TLS"));
}

static void
a_reply_has_limits(void **state)
{
	struct reply r = {0};
	struct error err = {0};
	char line[REPLY_LINE_MAX + 1];
	int i;

	(void)state;
	for (i = 0; i < REPLY_LINES_MAX; i++)
		assert_int_equal(reply_add_line(&r, "250-x", 5, &err), 1);
	assert_int_equal(reply_add_line(&r, "250 x", 5, &err), -1);
	assert_non_null(strstr(err.text, "reply has too many lines"));

	memset(&r, 0, sizeof(r));
	memset(line, 'x', sizeof(line));
	memcpy(line, "250-", 4);
	assert_int_equal(reply_add_line(&r, line, sizeof(line), &err), -1);
	assert_non_null(strstr(err.text, "reply line too long"));
	for (i = 0; i < 5; i++)
		assert_int_equal(reply_add_line(&r, line, REPLY_LINE_MAX,
		    &err), 1);
	assert_int_equal(reply_add_line(&r, line, REPLY_LINE_MAX, &err), -1);
	assert_non_null(strstr(err.text, "reply has too many lines"));
}

static void
a_text_too_long_to_keep_shows_that_it_was_cut(void **state)
{
	char line[2 * sizeof(((struct reply *)NULL)->text)];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "250-", 4);
	for (size_t n = 4; n <= sizeof(line); n++) {
		struct reply r = {0};
		struct error err = {0};
		size_t len;

		assert_int_equal(reply_add_line(&r, line, n, &err), 1);
		assert_int_equal(reply_add_line(&r, line, n, &err), 1);
		assert_int_equal(reply_add_line(&r, "250 y", 5, &err), 0);
		len = strlen(r.text);
		assert_true(len < sizeof(r.text));
		if (2 * n > sizeof(r.text))
			assert_string_equal(r.text + len - 3, "...");
	}
}

/* Line, its words. */
static const struct {
	const char *line, *words;
} spoken[] = {
	{ "250-SIZE 1000", "SIZE 1000" },
	{ "550 5.1.1 no such user", "no such user" },
	{ "550 5.1.1", "" },
	{ "334 ", "" },
	{ "334", "" },
	{ "250 4.1.1 other class", "4.1.1 other class" },
};

static void
words_follow_the_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spoken) / sizeof(spoken[0]); i++) {
		const char *line = spoken[i].line;
		size_t n;
		const char *words = reply_words(line, strlen(line), &n);

		assert_int_equal(n, strlen(spoken[i].words));
		assert_memory_equal(words, spoken[i].words, n);
		assert_ptr_equal(words + n, line + strlen(line));
	}
}

/* Command, reply, sysexits code: reply.c's table by example. */
static const struct {
	enum reply_to command;
	const char *line;
	int exit;
} exits[] = {
	{ REPLY_TO_GREETING, "451 later", EX_TEMPFAIL },
	{ REPLY_TO_RCPT, "500 what", EX_UNAVAILABLE },
	{ REPLY_TO_GREETING, "421 closing", EX_TEMPFAIL },
	{ REPLY_TO_GREETING, "554 go away", EX_UNAVAILABLE },
	{ REPLY_TO_GREETING, "521 no mail here", EX_UNAVAILABLE },
	{ REPLY_TO_GREETING, "354 what", EX_PROTOCOL },
	{ REPLY_TO_EHLO, "451 later", EX_TEMPFAIL },
	{ REPLY_TO_EHLO, "554 no", EX_UNAVAILABLE },
	{ REPLY_TO_EHLO, "399 odd", EX_PROTOCOL },
	{ REPLY_TO_STARTTLS, "454 4.7.0 no entropy", EX_TEMPFAIL },
	{ REPLY_TO_STARTTLS, "502 no", EX_PROTOCOL },
	{ REPLY_TO_STARTTLS, "530 no", EX_PROTOCOL },
	{ REPLY_TO_STARTTLS, "250 ok", EX_PROTOCOL },
	{ REPLY_TO_EHLO_TLS, "554 no", EX_PROTOCOL },
	{ REPLY_TO_EHLO_TLS, "421 closing", EX_TEMPFAIL },
	{ REPLY_TO_AUTH, "535 5.7.8 bad", EX_NOPERM },
	{ REPLY_TO_AUTH, "554 no", EX_NOPERM },
	{ REPLY_TO_AUTH, "530 no", EX_NOPERM },
	{ REPLY_TO_AUTH, "534 5.7.9 weak", EX_NOPERM },
	{ REPLY_TO_AUTH, "538 5.7.11 encrypt", EX_NOPERM },
	{ REPLY_TO_AUTH, "550 5.7.30 basic is off", EX_NOPERM },
	{ REPLY_TO_AUTH, "432 4.7.12 change it", EX_NOPERM },
	{ REPLY_TO_AUTH, "454 4.7.0 later", EX_TEMPFAIL },
	{ REPLY_TO_AUTH, "421 closing", EX_TEMPFAIL },
	{ REPLY_TO_AUTH, "451 later", EX_TEMPFAIL },
	{ REPLY_TO_AUTH, "504 5.5.4 which", EX_UNAVAILABLE },
	{ REPLY_TO_AUTH, "250 ok", EX_PROTOCOL },
	{ REPLY_TO_MAIL, "530 5.7.0 log in", EX_NOPERM },
	{ REPLY_TO_MAIL, "550 5.7.0 log in", EX_NOPERM },
	{ REPLY_TO_MAIL, "552 too large", EX_DATAERR },
	{ REPLY_TO_MAIL, "554 5.3.4 too large", EX_DATAERR },
	{ REPLY_TO_MAIL, "550 5.6.7 no SMTPUTF8", EX_DATAERR },
	{ REPLY_TO_MAIL, "553 5.1.7 bad sender", EX_DATAERR },
	{ REPLY_TO_MAIL, "555 what is RET", EX_PROTOCOL },
	{ REPLY_TO_MAIL, "554 no", EX_UNAVAILABLE },
	{ REPLY_TO_MAIL, "451 later", EX_TEMPFAIL },
	{ REPLY_TO_MAIL, "452 4.3.1 disk full", EX_TEMPFAIL },
	{ REPLY_TO_MAIL, "399 odd", EX_PROTOCOL },
	{ REPLY_TO_RCPT, "550 5.1.1 unknown", EX_NOUSER },
	{ REPLY_TO_RCPT, "554 5.7.1 relaying denied", EX_NOUSER },
	{ REPLY_TO_RCPT, "552 5.2.2 mailbox full", EX_NOUSER },
	{ REPLY_TO_RCPT, "552 too large", EX_DATAERR },
	{ REPLY_TO_RCPT, "550 5.7.0 policy", EX_NOUSER },
	{ REPLY_TO_RCPT, "530 5.7.0 log in", EX_NOPERM },
	{ REPLY_TO_RCPT, "550 5.7.8 log in", EX_NOPERM },
	{ REPLY_TO_RCPT, "550 5.6.7 no SMTPUTF8", EX_DATAERR },
	{ REPLY_TO_RCPT, "450 4.2.0 greylisted", EX_TEMPFAIL },
	{ REPLY_TO_RCPT, "452 4.5.3 too many", EX_TEMPFAIL },
	{ REPLY_TO_DATA, "554 no valid recipients", EX_UNAVAILABLE },
	{ REPLY_TO_DATA, "451 later", EX_TEMPFAIL },
	{ REPLY_TO_DATA, "250 ok", EX_PROTOCOL },
	{ REPLY_TO_CONTENT, "554 5.7.1 spam", EX_UNAVAILABLE },
	{ REPLY_TO_CONTENT, "552 5.7.0 blocked", EX_DATAERR },
	{ REPLY_TO_CONTENT, "552 5.3.4 too large", EX_DATAERR },
	{ REPLY_TO_CONTENT, "550 5.7.10 policy", EX_UNAVAILABLE },
	{ REPLY_TO_CONTENT, "550 5.70.8 unheard of", EX_UNAVAILABLE },
	{ REPLY_TO_CONTENT, "421 closing", EX_TEMPFAIL },
	{ REPLY_TO_CONTENT, "354 again", EX_PROTOCOL },
	{ REPLY_TO_OTHER, "502 no ETRN", EX_UNAVAILABLE },
	{ REPLY_TO_OTHER, "458 later", EX_TEMPFAIL },
};

static void
a_refusal_decides_the_exit_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		struct reply r = {0};
		struct error err = {0};

		assert_int_equal(reply_add_line(&r, exits[i].line,
		    strlen(exits[i].line), &err), 0);
		if (reply_exit_code(exits[i].command, &r) != exits[i].exit)
			print_message("# %s\n", exits[i].line);
		assert_int_equal(reply_exit_code(exits[i].command, &r),
		    exits[i].exit);
	}
}

static void
every_command_and_code_has_an_exit_code(void **state)
{
	(void)state;
	for (int c = REPLY_TO_GREETING; c <= REPLY_TO_OTHER; c++) {
		assert_non_null(reply_command_name((enum reply_to)c));
		for (int code = 0; code < 1000; code++) {
			struct reply r = { .code = code };
			int exit = reply_exit_code((enum reply_to)c, &r);

			assert_in_range(exit, EX__BASE, EX__MAX);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_understood),
		cmocka_unit_test(what_is_no_reply_is_a_protocol_error),
		cmocka_unit_test(tls_on_a_plain_port_comes_with_advice),
		cmocka_unit_test(a_reply_has_limits),
		cmocka_unit_test(a_text_too_long_to_keep_shows_that_it_was_cut),
		cmocka_unit_test(words_follow_the_codes),
		cmocka_unit_test(a_refusal_decides_the_exit_code),
		cmocka_unit_test(every_command_and_code_has_an_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
