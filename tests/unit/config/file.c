/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/file.h"
#include "config/load.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A text, an account in it, and one of its keys as it comes out. */
static const struct {
	const char *text;
	const char *account;
	const char *key;
	const char *shown;
} values[] = {
	{ "host h\nuser u\n", "default", "user", "u" },
	{ "host h", "default", "host", "h" },
	{ "\xef\xbb\xbfhost h\r\nuser u\r\n", "default", "host", "h" },
	{ "defaults\ntls off\naccount a\nhost h\n", "a", "tls", "off" },
	{ "defaults\ntls off\naccount a\ntls on\n", "a", "tls", "on" },
	{ "account a\nhost h\ndefaults\ntls off\n", "a", "tls", "auto" },
	{ "account a\nhost h\naccount b : a\nuser u\n", "b", "host", "h" },
	{ "account a\nhost h\naccount b : a\nhost i\n", "b", "host", "i" },
	{ "account a\nhost h\naccount b : a\nhost i\n", "a", "host", "h" },
	{ "account a\nhost h\naccount b\nhost i\naccount c : a, b\n", "c",
	  "host", "i" },
	{ "account a\nhost h\naccount b\nhost i\naccount c:a ,b\n", "c",
	  "host", "i" },
	/* an account hands on what it says, not the defaults it had */
	{ "defaults\nport 1\naccount a\nhost h\ndefaults\nport 2\n"
	  "account b : a\n", "b", "port", "2" },
	{ "account a\nport 1\ndefaults\nport 2\naccount b : a\n", "b",
	  "port", "1" },
	/* a list of the account's own replaces what it inherits */
	{ "account a\nfrom x@a\nfrom y@a\naccount b : a\nuser u\n", "b",
	  "from", "x@a" },
	{ "account a\nfrom x@a\naccount b : a\nfrom x@b\n", "b", "from",
	  "x@b" },
	{ "defaults\nfrom x@d\naccount a\nfrom x@a\n", "a", "from", "x@a" },
	{ "eval echo user u\nuser v\n", "default", "user", "v" },
	{ "user v\neval echo user u\n", "default", "user", "u" },
	{ "eval printf 'user u\\nhost h\\n'\n", "default", "user", "u" },
};

/* A text, and all that is wrong with it. */
static const struct {
	const char *text;
	const char *complaints;
} bad[] = {
	{ "tls yes\n\nport x\n", "f:1: tls: expected on, off or "
	  "auto, not \"yes\"\n"
	  "f:3: port: expected a number from 1 to 65535, not \"x\"" },
	{ "acount a\nhost h\n",
	  "f:1: unknown key \"acount\", did you mean \"account\"?" },
	{ "default\n", "f:1: unknown key \"default\", did you mean "
	  "\"defaults\"?" },
	{ "hosst h\n", "f:1: unknown key \"hosst\", did you mean \"host\"?" },
	{ "password=hunter2\n",
	  "f:1: expected a blank after \"password\", not \"=\"" },
	{ "account a\nhost h\naccount a\n",
	  "f:3: account a is defined already at f:1" },
	{ "account b : a\naccount a\n", "f:1: expected an account that is "
	  "defined above, not \"a\"" },
	{ "account a : a\n", "f:1: expected an account that is defined "
	  "above, not \"a\"" },
	{ "account\n", "f:1: expected account NAME or account NAME : PARENT" },
	{ "account a b : c\n", "f:1: expected an account that is defined "
	  "above, not \"c\"" },
	{ "host h\naccount a\naccount default : a\n", "f:3: account default is "
	  "defined already at f:1, by the lines before the first account, "
	  "put those lines under a line \"defaults\"" },
	{ "host = h\n", "f:1: host: expected a value after a blank, without "
	  "\"=\"" },
	{ "from = a@x\n", "f:1: from: expected a value after a blank, without "
	  "\"=\"" },
	{ "from Ann Example\n", "f:1: from: expected an address or pattern, "
	  "not \"Ann Example\", from_full_name is the key for a name" },
	{ "defaults x\n", "f:1: expected nothing after defaults" },
	{ "include\n", "f:1: expected include FILE" },
	{ "user \"\x1b[1m\n", "f:1: user: expected a closing quote" },
	{ "tls \x1b[1m\n",
	  "f:1: tls: expected on, off or auto, not \"\\x1B[1m\"" },
};

static void
parse(struct config *c, const char *name, const char *text)
{
	config_begin(c, CONFIG_USER);
	config_parse(c, name, text, strlen(text),
	    SECRETS_TAKEN);
}

/* The value of a key of an account. Owned. */
static char *
value_of(const struct config *c, const char *name, const char *key,
    size_t index)
{
	const struct config_section *s = config_find(c, name);
	struct error err = {0};
	struct account a;
	char *value;

	assert_non_null(s);
	assert_int_equal(config_assemble(&a, c, s, 1, &err), 0);
	value = account_get(&a, key, index);
	account_free(&a);
	return value;
}

static void
settings_come_from_defaults_parents_and_the_account(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct config c = {0};
		struct error err = {0};
		char *value;

		parse(&c, "f", values[i].text);
		assert_int_equal(config_check(&c, &err), 0);
		value = value_of(&c, values[i].account, values[i].key, 0);
		assert_string_equal(value, values[i].shown);
		free(value);
		config_free(&c);
	}
}

static void
every_error_of_a_text_is_told_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct config c = {0};
		struct error err = {0};

		parse(&c, "f", bad[i].text);
		assert_int_equal(config_check(&c, &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_string_equal(err.text, bad[i].complaints);
		config_free(&c);
	}
}

static void
more_errors_than_fit_are_counted(void **state)
{
	static const char tail[] = "more errors";
	struct config c = {0};
	struct error err = {0};

	(void)state;
	config_begin(&c, CONFIG_USER);
	for (int i = 0; i < 100; i++)
		config_parse(&c, "f", "tls perhaps\n", 12,
	    SECRETS_TAKEN);
	assert_int_equal(config_check(&c, &err), -1);
	assert_string_equal(err.text + strlen(err.text) - strlen(tail), tail);
	config_free(&c);
}

static void
a_nul_is_told_with_its_line(void **state)
{
	struct config c = {0};
	struct error err = {0};

	(void)state;
	config_begin(&c, CONFIG_USER);
	config_parse(&c, "f", "tls on\nus\0er u\n", 15,
	    SECRETS_TAKEN);
	assert_int_equal(config_check(&c, &err), -1);
	assert_string_equal(err.text, "f:2: expected text, not a NUL");
	config_free(&c);
}

static void
a_password_in_a_file_for_all_is_refused_unseen(void **state)
{
	struct config c = {0};
	struct error err = {0};

	(void)state;
	config_begin(&c, CONFIG_USER);
	config_parse(&c, "f", "password hunter2\n", 17,
	    SECRETS_REFUSED);
	assert_int_equal(config_check(&c, &err), -1);
	assert_string_equal(err.text, "f:1: a file that holds a password must "
	    "be readable by its owner alone, chmod 600 f");
	config_free(&c);
}

static void
an_account_goes_on_from_that_of_another_file(void **state)
{
	struct config c = {0};
	struct error err = {0};
	char *value;

	(void)state;
	parse(&c, "system", "defaults\nport 26\naccount default\nhost h\n"
	    "user s\naccount x\nhost x\n");
	parse(&c, "user", "account default : default\nuser u\n"
	    "account y : x\n");
	assert_int_equal(config_check(&c, &err), 0);
	value = value_of(&c, "default", "host", 0);
	assert_string_equal(value, "h");
	free(value);
	value = value_of(&c, "default", "user", 0);
	assert_string_equal(value, "u");
	free(value);
	value = value_of(&c, "y", "port", 0);
	assert_string_equal(value, "");
	free(value);
	config_free(&c);
}

static void
several_from_lines_add_up(void **state)
{
	struct config c = {0};
	char *value;

	(void)state;
	parse(&c, "f", "from a@x\nfrom *@y\n");
	value = value_of(&c, "default", "from", 1);
	assert_string_equal(value, "*@y");
	free(value);
	assert_null(value_of(&c, "default", "from", 2));
	config_free(&c);
}

/* What an eval line prints, and the error; nothing printed is quoted. */
static const struct {
	const char *line;
	const char *text;
} evals[] = {
	{ "eval echo hunter2", "f:1: eval: expected the command to print a "
	  "key and its value" },
	{ "eval echo eval echo user u", "f:1: eval: expected the command to "
	  "print a key and its value" },
	{ "eval echo account hunter2", "f:1: eval: expected the command to "
	  "print a key and its value" },
	{ "eval echo port hunter2",
	  "f:1: eval: the value does not suit the key port" },
};

static void
an_error_of_eval_does_not_quote_what_it_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(evals); i++) {
		struct config c = {0};
		struct error err = {0};
		struct account a;

		parse(&c, "f", evals[i].line);
		assert_int_equal(config_check(&c, &err), 0);
		assert_int_equal(config_assemble(&a, &c, &c.sections[0], 1,
		    &err), -1);
		assert_string_equal(err.text, evals[i].text);
		config_free(&c);
	}
}

static void
eval_of_another_account_is_not_run(void **state)
{
	struct config c = {0};
	char *value;

	(void)state;
	parse(&c, "f", "account a\neval exit 1\naccount b\nhost h\n");
	value = value_of(&c, "b", "host", 0);
	assert_string_equal(value, "h");
	free(value);
	config_free(&c);
}

static void
include_is_relative_to_the_file_and_has_a_depth(void **state)
{
	char scratch[] = "/tmp/onehop-unit-XXXXXX";
	char path[64], start[64];
	struct config c = {0};
	struct error err = {0};
	char *value;

	(void)state;
	assert_non_null(mkdtemp(scratch));
	snprintf(start, sizeof(start), "%s/config", scratch);
	snprintf(path, sizeof(path), "%s/more", scratch);
	write_file(path, "user u\naccount b\nuser v\n", 0600);
	parse(&c, start, "account a\ninclude more\nhost h\n");
	assert_int_equal(config_check(&c, &err), 0);
	value = value_of(&c, "a", "user", 0);
	assert_string_equal(value, "u");
	free(value);
	value = value_of(&c, "b", "host", 0);
	assert_string_equal(value, "h");
	free(value);
	config_free(&c);
	write_file(path, "include more\n", 0600);
	parse(&c, start, "include more\ninclude none\n");
	assert_int_equal(config_check(&c, &err), -1);
	assert_non_null(strstr(err.text,
	    "/more:1: expected at most 8 files within each other"));
	assert_non_null(strstr(err.text, "/config:2: cannot read "));
	config_free(&c);
	unlink(path);
	rmdir(scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    settings_come_from_defaults_parents_and_the_account),
		cmocka_unit_test(every_error_of_a_text_is_told_with_its_line),
		cmocka_unit_test(more_errors_than_fit_are_counted),
		cmocka_unit_test(a_nul_is_told_with_its_line),
		cmocka_unit_test(
		    a_password_in_a_file_for_all_is_refused_unseen),
		cmocka_unit_test(an_account_goes_on_from_that_of_another_file),
		cmocka_unit_test(several_from_lines_add_up),
		cmocka_unit_test(
		    an_error_of_eval_does_not_quote_what_it_printed),
		cmocka_unit_test(eval_of_another_account_is_not_run),
		cmocka_unit_test(
		    include_is_relative_to_the_file_and_has_a_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
