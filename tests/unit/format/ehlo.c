/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>

#include "format/ehlo.h"

static const struct {
	const char *line;
	unsigned offered;
	uint64_t size_max;
	const char *mechanisms;
} cases[] = {
	{ "PIPELINING", EXT_PIPELINING, 0, "" },
	{ "pipelining", EXT_PIPELINING, 0, "" },
	{ "PIPELINING ", EXT_PIPELINING, 0, "" },
	{ "PIPELINING\r", EXT_PIPELINING, 0, "" },
	{ "XSTARTTLS", 0, 0, "" },
	{ "STARTTLS extra", EXT_STARTTLS, 0, "" },
	{ "SIZE", EXT_SIZE, 0, "" },
	{ "SIZE 35882577", EXT_SIZE, 35882577, "" },
	{ "SIZE 99999999999999999999", EXT_SIZE, 0, "" },
	{ "SIZE -1", EXT_SIZE, 0, "" },
	{ "SIZE x", EXT_SIZE, 0, "" },
	{ "AUTH PLAIN login", EXT_AUTH, 0, "PLAIN LOGIN" },
	{ "AUTH=LOGIN PLAIN", EXT_AUTH, 0, "LOGIN PLAIN" },
	{ "AUTH", EXT_AUTH, 0, "" },
	{ "AUTH PLAIN PLAIN", EXT_AUTH, 0, "PLAIN" },
	{ "AUTH PL\x01IN LOGIN", EXT_AUTH, 0, "LOGIN" },
	{ "", 0, 0, "" },
	{ "   ", 0, 0, "" },
};

static void
a_line_tells_what_is_offered(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ehlo c = {0};

		ehlo_add_line(&c, cases[i].line, strlen(cases[i].line));
		if (c.offered != cases[i].offered ||
		    c.size_max != cases[i].size_max ||
		    strcmp(c.mechanisms, cases[i].mechanisms) != 0)
			fail_msg("\"%s\": %x, %llu, \"%s\"", cases[i].line,
			    c.offered, (unsigned long long)c.size_max,
			    c.mechanisms);
	}
}

static void
a_nul_does_not_end_a_keyword_early(void **state)
{
	static const char line[] = "STARTTLS\0";
	struct ehlo c = {0};

	(void)state;
	ehlo_add_line(&c, line, sizeof(line) - 1);
	assert_int_equal(c.offered, 0);
}

static void
both_forms_of_auth_add_up(void **state)
{
	struct ehlo c = {0};

	(void)state;
	ehlo_add_line(&c, "AUTH PLAIN", 10);
	ehlo_add_line(&c, "AUTH=LOGIN PLAIN", 16);
	assert_string_equal(c.mechanisms, "PLAIN LOGIN");
}

static void
more_mechanisms_than_fit_are_left_out_whole(void **state)
{
	struct ehlo c = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char line[32];
		int n = snprintf(line, sizeof(line), "AUTH MECHANISM-%d", i);

		ehlo_add_line(&c, line, (size_t)n);
	}
	assert_true(strlen(c.mechanisms) < sizeof(c.mechanisms));
	assert_memory_equal(c.mechanisms, "MECHANISM-0 MECHANISM-1 ", 24);
	assert_true(c.mechanisms[strlen(c.mechanisms) - 1] != ' ');
}

static void
limits_are_read_by_name(void **state)
{
	struct ehlo c = {0};
	const char *line = "LIMITS RCPTMAX=20 FOO=1 MAILMAX=5 X";

	(void)state;
	ehlo_add_line(&c, line, strlen(line));
	assert_int_equal(c.rcpt_max, 20);
	assert_int_equal(c.mail_max, 5);
}

static void
future_release_tells_its_bounds(void **state)
{
	struct ehlo c = {0};
	const char *line = "FUTURERELEASE 864000 2027-01-01T00:00:00Z";

	(void)state;
	ehlo_add_line(&c, line, strlen(line));
	assert_int_equal(c.hold_max, 864000);
	assert_string_equal(c.hold_until_max, "2027-01-01T00:00:00Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_tells_what_is_offered),
		cmocka_unit_test(a_nul_does_not_end_a_keyword_early),
		cmocka_unit_test(both_forms_of_auth_add_up),
		cmocka_unit_test(more_mechanisms_than_fit_are_left_out_whole),
		cmocka_unit_test(limits_are_read_by_name),
		cmocka_unit_test(future_release_tells_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
