/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <string.h>

#include "auth/advice.h"

static const struct {
	const char *host, *mechanism;
	int code;
	const char *dsn, *text;
	const char *hint;   /* part of it, "" for none */
} refusals[] = {
	{ "smtp.gmail.com", "PLAIN", 535, "5.7.8", "no",
	    "app password: create one at https://my" },
	{ "smtp.gmail.com", "PLAIN", 534, "5.7.9", "no", "apppasswords" },
	{ "smtp.gmail.com", "PLAIN", 534, "5.7.14", "no", "blocks this" },
	{ "smtp.gmail.com", "XOAUTH2", 535, "5.7.8", "no", "tokens expire" },
	{ "mail.gmx.net", "PLAIN", 535, "", "no", "check user and password" },
	{ "mail.example.org", "PLAIN", 535, "5.7.8", "no",
	    "check user and password" },
	{ "mail.example.org", "PLAIN", 534, "5.7.9", "no", "app password" },
	{ "mail.example.org", "PLAIN", 534, "5.7.1", "no", "" },
	{ "mail.example.org", "XOAUTH2", 534, "5.7.9", "no", "" },
	{ "smtp.office365.com", "LOGIN", 535, "5.7.139",
	    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication "
	    "is disabled for the Mailbox.", "mailbox" },
	{ "smtp.office365.com", "XOAUTH2", 535, "5.7.139",
	    "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.",
	    "mailbox" },
	{ "smtp.office365.com", "LOGIN", 535, "5.7.139", "basic", "tokens" },
	{ "email-smtp.eu-west-1.amazonaws.com", "PLAIN", 535, "", "no",
	    "Amazon SES" },
	{ "smtp.sendgrid.net", "PLAIN", 535, "", "no", "apikey" },
	{ "mail.example.org", "PLAIN", 454, "", "no", "" },
};

static void
a_refusal_gets_the_providers_advice(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct auth_refusal r = {
			.host = refusals[i].host,
			.mechanism = mechanism_find(refusals[i].mechanism),
			.code = refusals[i].code, .dsn = refusals[i].dsn,
			.text = refusals[i].text
		};
		struct error err = {0};

		auth_advise(&r, &err);
		if (refusals[i].hint[0] == '\0')
			assert_string_equal(err.hint, "");
		else
			assert_non_null(strstr(err.hint, refusals[i].hint));
		if (strstr(refusals[i].hint, "check user") != NULL)
			assert_null(strstr(err.hint, "app password"));
	}
}

static const struct {
	const char *offered, *hint;
} offers[] = {
	{ "XOAUTH2", "set auth xoauth2" },
	{ "GSSAPI CRAM-MD5", "set auth cram-md5" },
	{ "GSSAPI", "kinit" },
	{ "ANONYMOUS", "" },
};

static void
an_offer_of_named_mechanisms_says_what_to_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct error err = {0};

		auth_advise_offer(offers[i].offered, &err);
		if (offers[i].hint[0] == '\0')
			assert_string_equal(err.hint, "");
		else
			assert_non_null(strstr(err.hint, offers[i].hint));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_gets_the_providers_advice),
		cmocka_unit_test(an_offer_of_named_mechanisms_says_what_to_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
