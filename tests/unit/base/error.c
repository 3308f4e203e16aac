/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "base/error.h"

static void
fail_sets_code_and_text(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(fail(&err, EX_CONFIG, "port %d", 7), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_string_equal(err.text, "port 7");
}

static void
fail_forgets_the_error_before(void **state)
{
	struct error err = {0};

	(void)state;
	fail(&err, EX_CONFIG, "first");
	hint(&err, "try");
	err.outcome = OUTCOME_UNKNOWN;
	fail(&err, EX_USAGE, "second %s", err.text);
	assert_string_equal(err.text, "second first");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.outcome, OUTCOME_NOT_SENT);
}

static void
a_failure_has_a_code(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(ensure_code(&err), -1);
	assert_int_equal(err.code, EX_SOFTWARE);
	assert_string_not_equal(err.text, "");
	fail(&err, EX_TEMPFAIL, "refused");
	assert_int_equal(ensure_code(&err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "refused");
	err.code = 0;
	err.outcome = OUTCOME_QUEUED;
	assert_int_equal(ensure_code(&err), -1);
	assert_int_equal(err.code, 0);
}

static void
wrap_puts_context_in_front(void **state)
{
	struct error err = {0};

	(void)state;
	fail(&err, EX_TEMPFAIL, "refused");
	assert_int_equal(wrap(&err, "cannot connect to %s", "h"), -1);
	assert_string_equal(err.text, "cannot connect to h: refused");
	assert_int_equal(err.code, EX_TEMPFAIL);
}

static void
a_cut_text_shows_that_it_was_cut(void **state)
{
	struct error err = {0};
	char word[2000];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	fail(&err, EX_DATAERR, "%s", word);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 4, "...");
	wrap(&err, "%s", word);
	assert_string_equal(err.text + sizeof(err.text) - 4, "...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_sets_code_and_text),
		cmocka_unit_test(fail_forgets_the_error_before),
		cmocka_unit_test(a_failure_has_a_code),
		cmocka_unit_test(wrap_puts_context_in_front),
		cmocka_unit_test(a_cut_text_shows_that_it_was_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
