/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "smtp/smarthost.h"

static const struct {
	const char *name;
	const char *wire; /* NULL: refused */
} names[] = {
	{ "mail.test", "mail.test" },
	{ "b\xc3\xbc" "cher.test", "xn--bcher-kva.test" },
	{ "192.0.2.1", "192.0.2.1" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "", "" },
	/* absolute, so that the resolver tries no suffixes */
	{ "mail.test.", "mail.test." },
	{ "b\xc3\xbc" "cher.test.", "xn--bcher-kva.test." },
	{ ".", NULL },
	{ "mail.test..", NULL },
	{ "mail..test", NULL },
	{ "mail test", NULL },
};

static void
names_go_to_the_wire_in_a_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = {0};
		char *wire = NULL;
		int result = smarthost_write_name(names[i].name, &wire, &err);

		if (names[i].wire == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, EX_DATAERR);
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(wire, names[i].wire);
		free(wire);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_to_the_wire_in_a_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
