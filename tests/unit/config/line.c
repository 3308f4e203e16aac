/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "config/line.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A line, its keyword (NULL: none) and its argument. */
static const struct {
	const char *line;
	const char *keyword;
	const char *argument;
} good[] = {
	{ "", NULL, NULL },
	{ " \t\r", NULL, NULL },
	{ "# tls off", NULL, NULL },
	{ "  #", NULL, NULL },
	{ "tls", "tls", "" },
	{ "tls on", "tls", "on" },
	{ "\t tls \t on \t", "tls", "on" },
	{ "tls on\r", "tls", "on" },
	{ "tls on # yes", "tls", "on" },
	{ "tls # on", "tls", "" },
	{ "user a#b", "user", "a#b" },
	{ "user a #b", "user", "a" },
	{ "user a  b", "user", "a  b" },
	{ "user \"a # b\"", "user", "a # b" },
	{ "user \"a\" # b", "user", "a" },
	{ "user \"a\"#b", "user", "a" },
	{ "user \" a \"", "user", " a " },
	{ "user \"\"", "user", "" },
	{ "user \"a\\\"b\\\\c\\d\"", "user", "a\"b\\c\\d" },
	{ "user a\"b\"", "user", "a\"b\"" },
	{ "user a\\\"b", "user", "a\\\"b" },
	{ "password a # b", "password", "a # b" },
	{ "password #b", "password", "#b" },
	{ "password \"a\"b\"", "password", "a\"b" },
	{ "password \"", "password", "\"" },
	{ "password \"a\\\\\"", "password", "a\\\\" },
	{ "passwordeval gpg -d \"a b\" # x", "passwordeval",
	  "gpg -d \"a b\" # x" },
	{ "eval echo \"user x\" # y", "eval", "echo \"user x\" # y" },
	{ "account a : b, c", "account", "a : b, c" },
	{ "no-such_key2 x", "no-such_key2", "x" },
};

static const struct {
	const char *line;
	const char *text;
} bad[] = {
	{ "user \"a", "user: expected a closing quote" },
	{ "user \"a\\\"", "user: expected a closing quote" },
	{ "user \"a\" b",
	  "user: expected the end of the line after the closing quote" },
	{ "password=hunter2",
	  "expected a blank after \"password\", not \"=\"" },
	{ "host: mail.example",
	  "expected a blank after \"host\", not \":\"" },
	{ "=x", "expected a key, not \"=\"" },
	{ "\"tls\" on", "expected a key, not \"\"\"" },
	{ "\377", "expected a key, not \"\\xFF\"" },
	{ "from \"A B\" <a@b.example>",
	  "from: expected the end of the line after the closing quote" },
};

static void
a_line_is_a_keyword_and_its_argument(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct directive d;
		struct error err = {0};

		assert_int_equal(config_line_read(&d, good[i].line,
		    strlen(good[i].line), &err), 0);
		if (good[i].keyword == NULL) {
			assert_null(d.keyword);
		} else {
			assert_string_equal(d.keyword, good[i].keyword);
			assert_string_equal(d.argument, good[i].argument);
		}
		directive_free(&d);
	}
}

static void
a_line_that_is_none_says_why_without_its_argument(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct directive d;
		struct error err = {0};

		assert_int_equal(config_line_read(&d, bad[i].line,
		    strlen(bad[i].line), &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_string_equal(err.text, bad[i].text);
		assert_string_equal(err.hint, strncmp(err.text, "from", 4) ==
		    0 ? "from_full_name is the key for a name" : "");
		directive_free(&d);
	}
}

static void
a_line_may_be_of_any_length(void **state)
{
	static char line[100000];
	struct directive d;
	struct error err = {0};

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "user ", 5);
	assert_int_equal(config_line_read(&d, line, sizeof(line), &err), 0);
	assert_int_equal(strlen(d.argument), sizeof(line) - 5);
	directive_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_keyword_and_its_argument),
		cmocka_unit_test(
		    a_line_that_is_none_says_why_without_its_argument),
		cmocka_unit_test(a_line_may_be_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
