/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "outbox/netstring.h"

static const struct {
	const char *text;
	int result;         /* of the first record */
	const char *name;
	const char *value;
} cases[] = {
	{ "18:sender me@here.org,\n", 1, "sender", "me@here.org" },
	{ "7:sender ,\nrest", 1, "sender", "" },
	{ "9:notify a b,\n", -1, NULL, NULL },
	{ "10:notify a b,\n", 1, "notify", "a b" },
	{ "", 0, NULL, NULL },
	{ "1", 0, NULL, NULL },
	{ "18", 0, NULL, NULL },
	{ "18:sender me@here.or", 0, NULL, NULL },
	{ "18:sender me@here.org,", 0, NULL, NULL },
	{ "18:sender me@here.org;\n", -1, NULL, NULL },
	{ "18:sender me@here.org,,", -1, NULL, NULL },
	{ "x", -1, NULL, NULL },
	{ ":", -1, NULL, NULL },
	{ "007:sender ,\n", -1, NULL, NULL },
	{ "-1:sender ,\n", -1, NULL, NULL },
	{ "123456:sender", -1, NULL, NULL },
	{ "99999:sender", 0, NULL, NULL },
	{ "6:sender,\n", -1, NULL, NULL },
	{ "3: ab,\n", -1, NULL, NULL },
	{ "8:se_der a,\n", -1, NULL, NULL },
	{ "10:sender a\nb,\n", -1, NULL, NULL },
	{ "10:sender a\rb,\n", -1, NULL, NULL },
};

static void
records_are_found_or_told_from_what_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netstring n = {0};
		size_t offset = 0;
		int result = netstring_next(cases[i].text,
		    strlen(cases[i].text), &offset, &n);

		if (result != cases[i].result)
			fail_msg("\"%s\": %d", cases[i].text, result);
		if (result != 1) {
			continue;
		}
		assert_int_equal(n.name_len, strlen(cases[i].name));
		assert_memory_equal(n.name, cases[i].name, n.name_len);
		assert_int_equal(n.value_len, strlen(cases[i].value));
		assert_memory_equal(n.value, cases[i].value, n.value_len);
	}
}

static void
what_was_written_is_read_again(void **state)
{
	struct buffer text = {0};
	struct netstring n = {0};
	size_t offset = 0;

	(void)state;
	netstring_add(&text, "sender", "");
	netstring_add(&text, "reason", "5:fake x,");
	assert_int_equal(netstring_next(text.data, text.len, &offset, &n), 1);
	assert_int_equal(n.value_len, 0);
	assert_int_equal(netstring_next(text.data, text.len, &offset, &n), 1);
	assert_memory_equal(n.value, "5:fake x,", 9);
	assert_int_equal(offset, text.len);
	buffer_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_found_or_told_from_what_is_none),
		cmocka_unit_test(what_was_written_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
