/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/mechanism.h"

#define ALL "LOGIN PLAIN GSSAPI NTLM CRAM-MD5 DIGEST-MD5 XOAUTH2 OAUTHBEARER " \
	"EXTERNAL SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS " \
	"SCRAM-SHA-256-PLUS ANONYMOUS GS2-KRB5 SAML20 OPENID20 SECURID"

static const struct {
	const char *offered;
	int confidential, has_binding, has_user;
	const char *chosen;
} choices[] = {
	{ ALL, 1, 1, 1, "SCRAM-SHA-256-PLUS" },
	{ ALL, 1, 0, 1, "SCRAM-SHA-256" },
	{ ALL, 0, 0, 1, "SCRAM-SHA-256" },
	{ ALL, 1, 0, 0, "EXTERNAL" },
	{ "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", 1, 1, 1, "SCRAM-SHA-1-PLUS" },
	{ "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", 1, 0, 1, "SCRAM-SHA-1" },
	{ "LOGIN PLAIN", 1, 1, 1, "PLAIN" },
	{ "LOGIN", 1, 1, 1, "LOGIN" },
	{ "LOGIN PLAIN", 0, 0, 1, NULL },
	{ "EXTERNAL", 1, 1, 1, NULL },
	{ "PLAIN", 1, 1, 0, NULL },
	{ "XPLAIN PLAINX PLAI", 1, 1, 1, NULL },
	{ "XOAUTH2 OAUTHBEARER CRAM-MD5 NTLM GSSAPI DIGEST-MD5", 1, 1, 1,
	    NULL },
	{ "ANONYMOUS GS2-KRB5 SAML20 OPENID20 SECURID", 1, 1, 1, NULL },
	{ "", 1, 1, 1, NULL },
};

static void
the_strongest_that_fits_is_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const struct mechanism *m = mechanism_choose(
		    choices[i].offered, choices[i].confidential,
		    choices[i].has_binding, choices[i].has_user);

		if (choices[i].chosen == NULL)
			assert_null(m);
		else
			assert_string_equal(m->name, choices[i].chosen);
	}
}

static void
only_the_mechanisms_of_the_table_exist(void **state)
{
	(void)state;
	assert_null(mechanism_find("ANONYMOUS"));
	assert_null(mechanism_find("PLAI"));
	assert_null(mechanism_find(""));
	assert_string_equal(mechanism_find("scram-sha-1-plus")->name,
	    "SCRAM-SHA-1-PLUS");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_strongest_that_fits_is_chosen),
		cmocka_unit_test(only_the_mechanisms_of_the_table_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
