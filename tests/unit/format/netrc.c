/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/netrc.h"

/* Files, and the password of jane at mail.example, port 587; NULL: none. */
static const struct {
	const char *text, *password;
	unsigned line;
} files[] = {
	{ "machine mail.example login jane password pw", "pw", 1 },
	{ "machine mail.example\n\tlogin jane\n\tpassword pw\n", "pw", 1 },
	{ "machine mail.example\r\nlogin jane\r\npassword pw\r\n", "pw", 1 },
	{ "machine mail.example password pw login jane", "pw", 1 },
	{ "machine mail.example user jane password pw", "pw", 1 },
	{ "machine MAIL.Example login jane password pw", "pw", 1 },
	{ "\n\n machine mail.example login jane password pw", "pw", 3 },
	{ "machine mail.example login jane account x password pw", "pw", 1 },

	/* quotes and escapes */
	{ "machine mail.example login jane password \"p w\"", "p w", 1 },
	{ "machine mail.example login jane password \"p\\\"w\\\\\"", "p\"w\\",
	    1 },
	{ "machine mail.example login jane password p\\ w", "p w", 1 },
	{ "machine mail.example login \"jane\" password p\"w", "p\"w", 1 },
	{ "machine mail.example login jane password \xc3\xb6", "\xc3\xb6", 1 },
	{ "machine mail.example login jane password \"\"", NULL, 0 },

	/* comments stand where keywords do; elsewhere # is a character */
	{ "# note \"\nmachine mail.example login jane password pw", "pw", 2 },
	{ "machine mail.example login jane # x\npassword pw # y", "pw", 1 },
	{ "machine mail.example login jane password #pw", "#pw", 1 },

	/* macros end with an empty line, whatever they hold */
	{ "macdef init\nmachine mail.example login jane password no\n\n"
	    "machine mail.example login jane password pw", "pw", 4 },
	{ "macdef init\r\nput\r\n\r\nmachine mail.example login jane "
	    "password pw", "pw", 4 },
	{ "macdef init\nmachine mail.example login jane password no", NULL,
	    0 },

	/* exactly that machine, that login, that port */
	{ "machine mail.example.org login jane password pw", NULL, 0 },
	{ "machine mail login jane password pw", NULL, 0 },
	{ "machine mail.example login Jane password pw", NULL, 0 },
	{ "machine mail.example login janet password pw", NULL, 0 },
	{ "machine mail.example password pw", NULL, 0 },
	{ "default login jane password pw", NULL, 0 },
	{ "machine mail.example default login jane password pw", NULL, 0 },
	{ "machine mail.example login jane port 587 password pw", "pw", 1 },
	{ "machine mail.example login jane port 25 password pw", NULL, 0 },
	{ "machine mail.example login jane port smtp password pw", NULL, 0 },

	/* the first that has one */
	{ "machine mail.example login jane\n"
	    "machine mail.example login joe password no\n"
	    "machine other.example login jane password no\n"
	    "machine mail.example login jane password pw\n"
	    "machine mail.example login jane password later\n", "pw", 4 },
	{ "machine mail.example login joe password no\n"
	    "machine mail.example login jane", NULL, 0 },
	{ "machine mail.example password no machine other.example login jane",
	    NULL, 0 },
	{ "machine mail.example login jane password pw\nmachine x nonsense",
	    "pw", 1 },
	{ "", NULL, 0 },
	{ " \n", NULL, 0 },
};

static const struct netrc_query jane = { "mail.example", "jane", 587 };

static void
an_entry_is_found_if_it_is_exactly_the_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct netrc_entry found = {0};
		struct error err = {0};
		int result = netrc_find(&found, files[i].text,
		    strlen(files[i].text), &jane, &err);

		if (result != (files[i].password != NULL))
			fail_msg("%s: %d %s", files[i].text, result, err.text);
		if (result != 1)
			continue;
		assert_string_equal(buffer_string(&found.password),
		    files[i].password);
		assert_int_equal(found.line, files[i].line);
		buffer_free(&found.password);
	}
}

/* What is no netrc file, and what is said of it. */
static const struct {
	const char *text;
	size_t len;
	const char *words;
} broken[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ TEXT("machine x login topsecret topsecret"),
	    "line 1: expected machine, default, login" },
	{ TEXT("machine x\npassword top secret\n"), "line 2: expected" },
	{ TEXT("machine x password \"topsecret"),
	    "line 1: expected a closing quote" },
	{ TEXT("machine x password \"topsecret\nlogin y"),
	    "line 1: expected a closing quote" },
	{ TEXT("machine x\npassword topsecret\\\n"),
	    "line 2: invalid word: it has a line end" },
	{ TEXT("machine x password topsecret\0"),
	    "line 1: invalid word: it has a NUL" },
	{ TEXT("machine x login"), "expected another word, not the end of the "
	    "file" },
	{ TEXT("machine mail.example login jane password topsecret\nsecret"),
	    "line 2: expected machine" },
	{ TEXT("machine"), "expected another word, not the end of the file" },
	{ TEXT("\\"), "line 1: expected machine" },
};

static void
what_is_no_netrc_is_told_without_a_word_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct netrc_entry found = {0};
		struct error err = {0};

		assert_int_equal(netrc_find(&found, broken[i].text,
		    broken[i].len, &jane, &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		if (strstr(err.text, broken[i].words) == NULL)
			fail_msg("%s", err.text);
		assert_null(strstr(err.text, "secret"));
		assert_null(found.password.data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_found_if_it_is_exactly_the_one),
		cmocka_unit_test(what_is_no_netrc_is_told_without_a_word_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
