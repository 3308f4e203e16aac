/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "auth/provider.h"
#include "base/ascii.h"

static const struct {
	const char *domain, *host;
	enum provider_login login;
} domains[] = {
	{ "gmail.com", "smtp.gmail.com", LOGIN_APP_PASSWORD },
	{ "GMX.de", "mail.gmx.net", LOGIN_PASSWORD },
	{ "gmx.fr", "mail.gmx.com", LOGIN_PASSWORD },
	{ "engineer.com", "smtp.mail.com", LOGIN_PASSWORD },
	{ "posteo.nz", "posteo.de", LOGIN_PASSWORD },
	{ "hotmail.fi", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "Hotmail.co.UK", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "hotmail.com.mx", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "outlook.fr", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "outlook.com.pe", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "live.de", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "msn.com", "smtp-mail.outlook.com", LOGIN_TOKEN },
	{ "example.onmicrosoft.com", NULL, LOGIN_PASSWORD },
	{ "aol.de", "smtp.aol.com", LOGIN_APP_PASSWORD },
	{ "yahoo.co.nz", "smtp.mail.yahoo.com", LOGIN_APP_PASSWORD },
	{ "yahoo.ca", "smtp.mail.yahoo.com", LOGIN_APP_PASSWORD },
	{ "inbox.lv", "mail.inbox.lv", LOGIN_APP_PASSWORD },
	{ "inbox.la", "mail.inbox.la", LOGIN_APP_PASSWORD },
	{ "charter.net", "mobile.charter.net", LOGIN_PASSWORD },
	{ "verizon.net", "smtp.aol.com", LOGIN_APP_PASSWORD },
	{ "email.it", "out.email.it", LOGIN_PASSWORD },
	{ "umich.edu", "smtp.gmail.com", LOGIN_APP_PASSWORD },
	{ "arcor.de", "smtp.vodafonemail.de", LOGIN_PASSWORD },
	{ "op.pl", "smtp.poczta.onet.pl", LOGIN_PASSWORD },
	{ "internode.on.net", "smtp.themessagingco.com.au", LOGIN_PASSWORD },
	{ "hansen.dk", "smtp.jubii.dk", LOGIN_PASSWORD },
	{ "larsen.dk", "mail.telenor.dk", LOGIN_PASSWORD },
	{ "cswnet.com", "smtpauth.centurytel.net", LOGIN_PASSWORD },
	{ "m9.cty-net.ne.jp", "smtps.cty-net.ne.jp", LOGIN_PASSWORD },
	{ "nifty.com", "smtp.nifty.com", LOGIN_PASSWORD },
	{ "proton.me", "", LOGIN_NONE },
	{ "mail.example.org", NULL, LOGIN_PASSWORD },
	{ "", NULL, LOGIN_PASSWORD },
};

/* AOL's mail exchangers have names of Yahoo's. */
static const struct {
	const char *exchanger, *host;
} exchangers[] = {
	{ "aspmx.l.google.com", "smtp.gmail.com" },
	{ "mx-aol.mail.gm0.yahoodns.net", "smtp.aol.com" },
	{ "mta5.am0.yahoodns.net", "smtp.mail.yahoo.com" },
	{ "example-org.mail.protection.outlook.com", "smtp.office365.com" },
	{ "live-com.olc.protection.outlook.com", "smtp-mail.outlook.com" },
	{ "inbound-smtp.eu-central-1.amazonaws.com",
	  "email-smtp.eu-central-1.amazonaws.com" },
	{ "mx00.kundenserver.de", "smtp.ionos.de" },
	{ "mx00.1and1.co.uk", "smtp.ionos.co.uk" },
	{ "mx01.1and1.es", "smtp.ionos.es" },
	{ "mx00.1and1.fr", "smtp.ionos.fr" },
	{ "mx00.perfora.net", "smtp.ionos.com" },
	{ "bgmgate1.biglobe.ne.jp", "mail.biglobe.ne.jp" },
	{ "mx0.goneo.de", "smtp.goneo.de" },
	{ "mx01.earthlink.net", "smtpauth.earthlink.net" },
	{ "mx.example.org", NULL },
	{ "notgoogle.com", NULL },
};

/* The domains of each row. */
static const char *const rows[] = {
#define PROVIDER(domains, ...) domains,
#include "auth/providers.def"
#undef PROVIDER
};

static void
check(const struct provider *p, const char *host)
{
	if (host == NULL)
		assert_null(p);
	else
		assert_string_equal(p != NULL ? p->host : "none", host);
}

static void
a_domain_has_its_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		const struct provider *p = provider_by_domain(
		    domains[i].domain);

		check(p, domains[i].host);
		if (p != NULL)
			assert_int_equal(p->login, domains[i].login);
	}
}

static void
a_mail_exchanger_has_its_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exchangers) / sizeof(exchangers[0]); i++)
		check(provider_by_exchanger(exchangers[i].exchanger),
		    exchangers[i].host);
}

static void
a_domain_is_in_one_row(void **state)
{
	char domain[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n;

		for (const char *p = rows[i]; *p != '\0'; p += n) {
			p += *p == ' ';
			n = strcspn(p, " ");
			snprintf(domain, sizeof(domain), "%.*s", (int)n, p);
			assert_string_equal(provider_by_domain(domain)->domains,
			    rows[i]);
			assert_false(ascii_has_word(p + n, domain));
		}
	}
}

static void
a_server_has_its_page(void **state)
{
	(void)state;
	assert_string_equal(provider_by_host("SMTP.gmail.com")->page,
	    "https://myaccount.google.com/apppasswords");
	assert_null(provider_by_host("smtp.example.org"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_its_server),
		cmocka_unit_test(a_mail_exchanger_has_its_server),
		cmocka_unit_test(a_domain_is_in_one_row),
		cmocka_unit_test(a_server_has_its_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
