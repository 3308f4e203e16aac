/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/secrets.h"

static void
expect(struct secrets *s, const char *said, size_t keep, const char *shown)
{
	size_t len = strlen(said);
	const char *text = secrets_conceal(s, said, &len, keep);

	if (len != strlen(shown) || memcmp(text, shown, len) != 0)
		fail_msg("%s: %.*s", said, (int)len, text);
}

/* A secret, a line that the peer says, and how it is shown. */
static const struct {
	const char *secret, *said, *shown;
} echoes[] = {
	{ "c2VjcmV0LXdvcmQ", "you said c2VjcmV0LXdvcmQ!",
	    "you said <hidden>!" },
	{ "c2VjcmV0LXdvcmQ", "c2VjcmV0LXdvcmQ", "<hidden>" },
	{ "c2VjcmV0LXdvcmQ", "", "" },
	/* eight octets of it, and seven */
	{ "c2VjcmV0LXdvcmQ", "xc2VjcmV0x", "x<hidden>x" },
	{ "c2VjcmV0LXdvcmQ", "xLXdvcmQx", "xLXdvcmQx" },
	{ "c2VjcmV0LXdvcmQ", "x0LXdvcmQx", "x<hidden>x" },
	/* all of a short one, from four octets on */
	{ "abcd", "xabcdx", "x<hidden>x" },
	{ "abcd", "xabcx", "xabcx" },
	{ "abc", "xabcx", "xabcx" },
	{ "", "x", "x" },
	/* the longest */
	{ "abcdefgh\nabcdefghijkl", "-abcdefghijkl-", "-<hidden>-" },
	{ "abcdefgh", "abcdefghabcdefgh", "<hidden><hidden>" },
	/* a part of a short one is not the whole */
	{ "abcdefg", "-bcdefg-", "-bcdefg-" },
	{ "abcdefg", "-abcdef-", "-abcdef-" },
	/* two secrets are not one */
	{ "abcd\nefgh", "-d\nefgh-", "-d\n<hidden>-" },
};

static void
a_secret_is_concealed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
		struct secrets s = {0};

		secrets_add(&s, echoes[i].secret, strlen(echoes[i].secret));
		expect(&s, echoes[i].said, 0, echoes[i].shown);
		secrets_free(&s);
	}
}

/* The password hunter2\ in every form; base64 of "", "a", "ab", "abc" and it,
 * the last with more behind. */
static const char *const forms[][2] = {
	{ "-hunter2\\-", "-<hidden>-" },
	{ "-HUNTER2\\-", "-<hidden>-" },
	{ "-hunter2\\x5C-", "-<hidden>-" },
	{ "aHVudGVyMlw=", "<hidden>" },
	{ "YWh1bnRlcjJc", "YW<hidden>" },
	{ "YWJodW50ZXIyXA==", "YWJ<hidden>" },
	{ "YWJjaHVudGVyMlw=", "YWJj<hidden>" },
	{ "aHVudGVyMlwgbm8=", "<hidden>gbm8=" },
	{ "hunter", "hunter" },
};

static void
a_password_is_concealed_in_every_form(void **state)
{
	struct secrets s = {0};

	(void)state;
	secrets_add_password(&s, "hunter2\\", 8);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		expect(&s, forms[i][0], 0, forms[i][1]);
	secrets_free(&s);
}

static void
what_is_to_be_kept_is_kept(void **state)
{
	struct secrets s = {0};

	(void)state;
	secrets_add(&s, "250 2.1.5", 9);
	secrets_add(&s, "x250", 4);
	expect(&s, "250 2.1.5 ok", 4, "250 <hidden> ok");
	expect(&s, "250 2.1.5 ok", 0, "<hidden> ok");
	expect(&s, "x250 y", 4, "x250 y");
	expect(&s, "-x250 y", 4, "-x25<hidden> y");
	secrets_free(&s);
}

/* There is nothing to do then, and nothing is copied. */
static void
without_secrets_the_text_is_returned(void **state)
{
	struct secrets s = {0};
	const char *text = "220 mail.test";
	size_t len = 13;

	(void)state;
	secrets_add_password(&s, "abc", 3);
	assert_ptr_equal(secrets_conceal(&s, text, &len, 0), text);
	assert_int_equal(len, 13);
	assert_null(s.known.data);
	assert_null(s.shown.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_concealed),
		cmocka_unit_test(a_password_is_concealed_in_every_form),
		cmocka_unit_test(what_is_to_be_kept_is_kept),
		cmocka_unit_test(without_secrets_the_text_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
