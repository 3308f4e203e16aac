/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/address.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* The address made of copies; free_parts() frees them. */
static struct address
make(const char *local, const char *domain)
{
	struct address a = {
		.local = strdup(local),
		.domain = domain != NULL ? strdup(domain) : NULL,
	};

	return a;
}

static void
free_parts(struct address *a)
{
	free(a->local);
	free(a->domain);
}

static const struct {
	const char *text;
	size_t at;  /* offset of the "@"; 0 if it is not plain */
} plain[] = {
	{ "a@b", 1 },
	{ "a.b-c_d+e=f@g.h1", 11 },
	{ SIXTY, 0 },
	{ TEN "@" TEN TEN TEN TEN TEN, 0 },
	{ "", 0 },
	{ "@b", 0 },
	{ "a@", 0 },
	{ "a", 0 },
	{ ".a@b", 0 },
	{ "a.@b", 0 },
	{ "a..b@c", 0 },
	{ "a@.b", 0 },
	{ "a@b.", 0 },
	{ "a@b..c", 0 },
	{ "a@b-c", 0 },
	{ "a@b@c", 0 },
	{ "a@b c", 0 },
	{ "a@b\n", 0 },
	{ "a@b>", 0 },
	{ "<a@b>", 0 },
	{ "a/b@c", 0 },
	{ "\"a\"@b", 0 },
	{ "j\303\266@b", 0 },
	{ "a@b\303\266", 0 },
};

static void
plain_addresses_need_no_parser(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++) {
		size_t at = 0;
		int is_plain = address_is_plain(plain[i].text,
		    strlen(plain[i].text), &at);

		if (is_plain != (plain[i].at > 0) ||
		    (is_plain && at != plain[i].at))
			fail_msg("%s", plain[i].text);
	}
	assert_int_equal(address_is_plain("a\0b@c", 5, &(size_t){0}), 0);
}

/* What may follow MAIL FROM: and RCPT TO:. */
static const struct {
	const char *local;
	const char *domain;
	const char *says; /* NULL: it may */
} paths[] = {
	{ "a", "b", NULL },
	{ "a b", "b", NULL },
	{ "a\"\\", "b", NULL },
	{ "j\303\266", "b", NULL },
	{ "a", "[192.0.2.1]", NULL },
	{ SIXTY "1234", "b", NULL },
	{ "a", NULL, "no domain" },
	{ "", "b", "no local part" },
	{ SIXTY "12345", "b", "longer than 64" },
	{ SIXTY " 12", "b", "longer than 64" },
	{ SIXTY, SIXTY "." SIXTY "." SIXTY "." TEN "1", "longer than 254" },
	{ "a", SIXTY "." SIXTY "." SIXTY "." SIXTY ".12345678", NULL },
	{ "a", SIXTY "." SIXTY "." SIXTY "." SIXTY ".123456789",
	  "longer than 254" },
	{ "a", SIXTY "." SIXTY "." SIXTY "." SIXTY "." TEN, "in its domain" },
	{ "a", "", "domain" },
	{ "a", "b..c", "domain" },
	{ "a", "b\303\274", "domain" },
	{ "a", "b c", "domain" },
	{ "a", "b> SIZE=1", "domain" },
	{ "a", "b\r\nDATA", "domain" },
	{ "a", "[x]", "domain" },
	{ "a\r\nDATA", "b", "control character" },
	{ "a\033", "b", "control character" },
	{ "a\177", "b", "control character" },
	{ "a@b> x", "b", "angle bracket" },
	{ "<a", "b", "angle bracket" },
	{ "a\377", "b", "not UTF-8" },
};

static void
nothing_that_could_end_a_path_gets_into_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct address a = make(paths[i].local, paths[i].domain);
		struct error err = {0};
		int rc = address_check_path(&a, &err);

		free_parts(&a);
		if (paths[i].says == NULL) {
			assert_string_equal(err.text, "");
			assert_int_equal(rc, 0);
			continue;
		}
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, EX_DATAERR);
		if (strstr(err.text, paths[i].says) == NULL)
			assert_string_equal(err.text, paths[i].says);
		assert_null(strchr(err.text, '\n'));
	}
}

static const struct {
	const char *name;
	const char *mailbox;
} mailboxes[] = {
	{ NULL, "a@b" },
	{ "", "a@b" },
	{ "John Doe", "John Doe <a@b>" },
	{ "J. Doe", "\"J. Doe\" <a@b>" },
	{ "Doe, John (x) \"q\" <e@v>",
	  "\"Doe, John (x) \\\"q\\\" <e@v>\" <a@b>" },
	{ "C:\\x", "\"C:\\\\x\" <a@b>" },
	{ " J ", "\" J \" <a@b>" },
	{ "=?utf-8?q?J=C3=B6?=", "=?utf-8?q?J=C3=B6?= <a@b>" },
	{ "J\303\266rg", "=?UTF-8?Q?J=C3=B6rg?= <a@b>" },
	{ "J\r\nBcc: x@y", "\"J  Bcc: x@y\" <a@b>" },
	{ "\303\266\n\"", "=?UTF-8?Q?=C3=B6_=22?= <a@b>" },
};

static void
names_are_quoted_or_encoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mailboxes); i++) {
		struct buffer out = {0};

		address_add_mailbox(&out, mailboxes[i].name, "a@b");
		assert_string_equal(buffer_string(&out), mailboxes[i].mailbox);
		buffer_free(&out);
	}
}

/* Two addresses, and whether they are the same mailbox. */
static const struct {
	const char *local[2];
	const char *domain[2];
	int equal;
} pairs[] = {
	{ { "a", "a" }, { "b.C", "B.c" }, 1 },
	{ { "a", "A" }, { "b", "b" }, 0 },
	{ { "a", "a" }, { "b", "bc" }, 0 },
	{ { "a", "a" }, { "b", NULL }, 0 },
	{ { "a", "a" }, { NULL, "b" }, 0 },
	{ { "a", "a" }, { NULL, NULL }, 1 },
};

static void
case_counts_in_local_parts_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct address a = make(pairs[i].local[0], pairs[i].domain[0]);
		struct address b = make(pairs[i].local[1], pairs[i].domain[1]);

		assert_int_equal(address_equal(&a, &b), pairs[i].equal);
		free_parts(&a);
		free_parts(&b);
	}
}

static void
only_the_local_part_makes_an_address_8bit(void **state)
{
	struct address local = make("\303\266", "b");
	struct address domain = make("a", "\303\266");

	(void)state;
	assert_true(address_is_8bit(&local));
	assert_false(address_is_8bit(&domain));
	free_parts(&local);
	free_parts(&domain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_addresses_need_no_parser),
		cmocka_unit_test(nothing_that_could_end_a_path_gets_into_one),
		cmocka_unit_test(names_are_quoted_or_encoded),
		cmocka_unit_test(case_counts_in_local_parts_alone),
		cmocka_unit_test(only_the_local_part_makes_an_address_8bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
