/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/dns_answer.h"

/* The targets' first letters, in order. */
static const char *
letters(const struct dns_records *r)
{
	static char text[DNS_RECORDS_MAX + 1];

	for (size_t i = 0; i < r->n; i++)
		text[i] = r->at[i].target[0];
	text[r->n] = '\0';
	return text;
}

static void
add(struct dns_records *r, unsigned priority, unsigned weight,
    const char *target)
{
	struct dns_record *to = &r->at[r->n++];

	to->priority = priority;
	to->weight = weight;
	strcpy(to->target, target);
}

static void
the_lowest_priority_comes_first(void **state)
{
	uint32_t random[DNS_RECORDS_MAX] = {0};
	struct dns_records r = {0};

	(void)state;
	add(&r, 30, 1, "d");
	add(&r, 10, 1, "a");
	add(&r, 65535, 65535, "e");
	add(&r, 10, 1, "b");
	add(&r, 20, 9, "c");
	dns_answer_order(&r, random);
	assert_string_equal(letters(&r), "abcde");
}

static void
weights_share_out_the_first_place(void **state)
{
	static const struct {
		uint32_t random[3];
		const char *order;
	} cases[] = {
		/* of z 0, a 1, b 3: z for 0, a for 1, b for 2 to 4 */
		{ { 0, 0, 0 }, "zab" }, { { 1, 0, 0 }, "azb" },
		{ { 2, 0, 0 }, "bza" }, { { 4, 0, 0 }, "bza" },
		{ { 5, 0, 0 }, "zab" }, { { 4, 1, 0 }, "baz" },
		{ { 0, 1, 0 }, "zba" }, { { 0, 4, 0 }, "zab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_records r = {0};
		uint32_t random[DNS_RECORDS_MAX] = {0};

		memcpy(random, cases[i].random, sizeof(cases[i].random));
		add(&r, 1, 1, "a");
		add(&r, 1, 3, "b");
		add(&r, 1, 0, "z");
		dns_answer_order(&r, random);
		assert_string_equal(letters(&r), cases[i].order);
	}
}

static void
equal_weights_get_equal_shares(void **state)
{
	int first[3] = {0};

	(void)state;
	for (uint32_t n = 0; n < 300; n++) {
		uint32_t random[DNS_RECORDS_MAX] = { n };
		struct dns_records r = {0};

		add(&r, 1, 1, "a");
		add(&r, 1, 1, "b");
		add(&r, 1, 1, "c");
		dns_answer_order(&r, random);
		first[letters(&r)[0] - 'a']++;
	}
	assert_int_equal(first[0], 100);
	assert_int_equal(first[1], 100);
	assert_int_equal(first[2], 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_priority_comes_first),
		cmocka_unit_test(weights_share_out_the_first_place),
		cmocka_unit_test(equal_weights_get_equal_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
