/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The choice of a mechanism and its first command. */
#include "../unit.h"

#include "smtp/auth.h"

/* What account and server have, and the mechanism or the error. */
static const struct row {
	const char *auth, *user;
	unsigned offered;
	const char *mechanisms;
	int confidential;
	const char *chosen; /* or NULL */
	int code;
	const char *text, *hint;
} rows[] = {
	{ "on", "u", EXT_AUTH, "PLAIN LOGIN", 1, "PLAIN", 0, "", "" },
	{ "on", "u", EXT_AUTH, "LOGIN", 1, "LOGIN", 0, "", "" },
	{ "on", "u", EXT_AUTH, "PLAIN SCRAM-SHA-1", 0, "SCRAM-SHA-1", 0, "",
	    "" },
	{ "on", "", EXT_AUTH, "PLAIN EXTERNAL", 1, "EXTERNAL", 0, "", "" },
	{ "plain", "u", EXT_AUTH, "PLAIN LOGIN", 1, "PLAIN", 0, "", "" },
	{ "login", "u", EXT_AUTH, "PLAIN LOGIN", 1, "LOGIN", 0, "", "" },
	{ "on", "u", 0, "", 1, NULL, EX_UNAVAILABLE,
	    "server offers no authentication", "see tls in" },
	{ "plain", "u", 0, "", 1, NULL, EX_UNAVAILABLE,
	    "server offers no authentication", "see tls in" },
	{ "on", "u", EXT_AUTH, "PLAIN", 0, NULL, EX_NOPERM,
	    "refusing to send password without TLS (server offers PLAIN)",
	    "" },
	{ "on", "u", EXT_AUTH, "X-FOO", 0, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers X-FOO)", "" },
	{ "on", "", EXT_AUTH, "PLAIN", 1, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers PLAIN)",
	    "set user and a password, or auth off" },
	{ "on", "", EXT_AUTH, "X-FOO", 1, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers X-FOO)", "" },
	{ "on", "u", EXT_AUTH, "X-FOO", 1, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers X-FOO)", "" },
	{ "plain", "u", EXT_AUTH, "LOGIN", 1, NULL, EX_UNAVAILABLE,
	    "server does not offer PLAIN, which auth requires", "" },
	{ "plain", "u", EXT_AUTH, "PLAIN", 0, NULL, EX_NOPERM,
	    "refusing to send password without TLS (auth PLAIN)", "" },
	{ "scram-sha-1-plus", "u", EXT_AUTH, "SCRAM-SHA-1-PLUS", 1, NULL,
	    EX_UNAVAILABLE, "no channel binding for SCRAM-SHA-1-PLUS", "" },
};

static void
prepare(struct session *s, struct account *a, const struct row *row)
{
	static char name[] = "mail.test";
	static const struct smarthost host = { .name = name };
	struct error err = {0};

	memset(s, 0, sizeof(*s));
	account_init(a, "/nonexistent");
	assert_int_equal(account_store(a, KEY_auth, row->auth, &err), 0);
	if (row->user[0] != '\0')
		assert_int_equal(account_store(a, KEY_user, row->user, &err),
		    0);
	s->account = a;
	s->smarthost = &host;
	s->can.offered = row->offered;
	snprintf(s->can.mechanisms, sizeof(s->can.mechanisms), "%s",
	    row->mechanisms);
	s->confidential = row->confidential;
}

static void
a_mechanism_is_chosen_or_its_absence_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct password secret = { .origin = "from a test" };
		struct auth x = {0};
		struct session s;
		struct account a;
		struct error err = {0};

		prepare(&s, &a, &rows[i]);
		buffer_add_string(&secret.text, "p");
		assert_int_equal(auth_prepare(&x, &s, &secret, &err),
		    rows[i].chosen != NULL ? 0 : -1);
		assert_int_equal(err.code, rows[i].code);
		if (strstr(err.text, rows[i].text) == NULL)
			fail_msg("%s: expected %s", err.text, rows[i].text);
		if (rows[i].hint[0] == '\0' ? err.hint[0] != '\0'
		    : strstr(err.hint, rows[i].hint) == NULL)
			fail_msg("%s: hint: %s", rows[i].mechanisms, err.hint);
		if (rows[i].chosen != NULL) {
			assert_string_equal(x.mechanism->name, rows[i].chosen);
			assert_string_equal(x.identity.host, "mail.test");
		}
		auth_free(&x);
		buffer_free(&secret.text);
		buffer_free(&s.secrets);
		account_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_mechanism_is_chosen_or_its_absence_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
