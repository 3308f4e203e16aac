/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/oauth.h"

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

/* RFC 7628 4.1, its escapes, and Google's document. */
static const struct {
	const char *user, *bearer, *xoauth2;
} messages[] = {
	{ "user@example.com",
	    "n,a=user@example.com,\1host=server.example.com\1port=587\1"
	    "auth=Bearer " TOKEN "\1\1",
	    "user=user@example.com\1auth=Bearer " TOKEN "\1\1" },
	{ "a=b,c",
	    "n,a=a=3Db=2Cc,\1host=server.example.com\1port=587\1"
	    "auth=Bearer " TOKEN "\1\1",
	    "user=a=b,c\1auth=Bearer " TOKEN "\1\1" },
};

static void
tokens_are_written_as_the_standard_has_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const struct oauth_request r = { messages[i].user, TOKEN,
			"server.example.com", 587 };
		struct buffer out = { .kind = BUFFER_SECRET };
		struct error err = {0};

		assert_int_equal(oauth_write_bearer(&out, &r, &err), 0);
		assert_string_equal(buffer_string(&out), messages[i].bearer);
		buffer_clear(&out);
		assert_int_equal(oauth_write_xoauth2(&out, &r, &err), 0);
		assert_string_equal(buffer_string(&out), messages[i].xoauth2);
		buffer_free(&out);
	}
}

static const struct {
	const char *user, *token;
} forged[] = {
	{ "u", "secret\001host=evil" },
	{ "u", "secret words" },
	{ "u", "secret\n" },
	{ "u", "secret\xc3\xa9" },
	{ "u\001x", "secret" },
};

static void
a_token_cannot_forge_a_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		const struct oauth_request r = { forged[i].user,
			forged[i].token, "h", 465 };
		struct buffer out = {0};
		struct error err = {0};

		assert_int_equal(oauth_write_bearer(&out, &r, &err), -1);
		assert_int_equal(oauth_write_xoauth2(&out, &r, &err), -1);
		assert_int_equal(err.code, EX_NOPERM);
		assert_null(strstr(err.text, "secret"));
		assert_int_equal(out.len, 0);
		buffer_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_written_as_the_standard_has_them),
		cmocka_unit_test(a_token_cannot_forge_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
