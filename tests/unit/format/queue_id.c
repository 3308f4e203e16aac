/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/queue_id.h"

static const struct {
	const char *reply;
	const char *id;
} cases[] = {
	{ "250 2.0.0 Ok: queued as 4bXk2v0Zz9z3", "4bXk2v0Zz9z3" },
	{ "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: "
	    "queued as 3B1C28A05F", "3B1C28A05F" },
	{ "250 2.0.0 OK: queued as 9A8B.", "9A8B" },
	{ "250 OK, message accepted for delivery: queued as 12345", "12345" },
	{ "250 2.0.0 Message queued with id 1a2b3c4d5e.", "1a2b3c4d5e" },
	{ "250 OK id=1rJ5Xy-000000005vi-2Kdm", "1rJ5Xy-000000005vi-2Kdm" },
	{ "250 Requested mail action okay, completed: "
	    "id=0MZ4gC-1sHk3f2Lpq-00KzZR", "0MZ4gC-1sHk3f2Lpq-00KzZR" },
	{ "250 2.0.0 4AN9abcd012345 Message accepted for delivery",
	    "4AN9abcd012345" },
	{ "250 2.0.0 6a9bcd01 Message accepted for delivery", "6a9bcd01" },
	{ "250 2.6.0 <x1@mail.example> [InternalId=10153417342345, "
	    "Hostname=AM0.example.com] Queued mail for delivery",
	    "10153417342345" },
	{ "250 2.0.0 OK  1700000000 d2e1a72fcca58-6bd3c1si123b3a.12 - gsmtp",
	    "d2e1a72fcca58-6bd3c1si123b3a.12" },
	{ "250 ok 1700000000 qp 12345", "12345" },
	{ "250 Message Queued (5F1A9E3C-77D0-4F6B-A6B5-1C2D3E4F5A6B.1)",
	    "5F1A9E3C-77D0-4F6B-A6B5-1C2D3E4F5A6B.1" },
	{ "250 Ok 010001890f1d2c3b-aaaa-bbbb-cccc-000000",
	    "010001890f1d2c3b-aaaa-bbbb-cccc-000000" },
	{ "250 2.0.0 <you@example.net> kGm3BqZ8YmXyAQAA0J78UA Saved",
	    "kGm3BqZ8YmXyAQAA0J78UA" },
	/* no id, or none to be sure of */
	{ "", "" },
	{ "250", "" },
	{ "250 ok", "" },
	{ "250 Ok 1700000000", "" },
	{ "250 2.0.0 Ok", "" },
	{ "250 2.0.0 Message accepted for delivery", "" },
	{ "250 OK , completed", "" },
	{ "250 queued as soon as possible", "" },
	{ "250 queued as ", "" },
	{ "250 OK id=", "" },
	{ "250 message received, 1234 octets", "" },
	{ "250 Ok thisisonelongwordwithoutanynumber", "" },
	{ "250 Ok it was the 1234567890123456th message", "" },
};

static void
only_a_name_is_taken_for_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char id[QUEUE_ID_MAX];

		queue_id_find(id, cases[i].reply);
		if (strcmp(id, cases[i].id) != 0)
			fail_msg("%s: \"%s\"", cases[i].reply, id);
	}
}

static void
a_name_without_end_is_none(void **state)
{
	char text[400], id[QUEUE_ID_MAX];

	(void)state;
	memset(text, '7', sizeof(text));
	memcpy(text, "250 queued as ", 14);
	text[sizeof(text) - 1] = '\0';
	queue_id_find(id, text);
	assert_string_equal(id, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_name_is_taken_for_one),
		cmocka_unit_test(a_name_without_end_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
