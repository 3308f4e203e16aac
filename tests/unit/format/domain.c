/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "base/error.h"
#include "format/domain.h"

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456789"
#define L61 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567"

/* The domain as written and as it goes on the wire; NULL: refused. */
static const struct {
	const char *domain;
	const char *wire;
} domains[] = {
	{ "example.com", "example.com" },
	{ "Example.COM", "Example.COM" },
	{ "localhost", "localhost" },
	{ "ab--cd.example", "ab--cd.example" },
	{ "-odd-.example", "-odd-.example" },
	{ "ex_ample.com", "ex_ample.com" },
	{ "_25._tcp.example", "_25._tcp.example" },
	{ "xn--zzzzzz", "xn--zzzzzz" },
	{ "192.0.2.1", "192.0.2.1" },
	{ "[192.0.2.1]", "[192.0.2.1]" },
	{ "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]" },
	{ "[ipv6:::ffff:192.0.2.1]", "[ipv6:::ffff:192.0.2.1]" },
	{ L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61 },
	{ "fa\303\237.de", "xn--fa-hia.de" },
	{ "B\303\234CHER", "xn--bcher-kva" },
	{ "b\303\274cher.EXAMPLE", "xn--bcher-kva.example" },
	{ "\344\276\213\343\201\210.jp", "xn--r8jz45g.jp" },
	{ "example\343\200\202com", "example.com" },
	{ "", NULL },
	{ ".", NULL },
	{ "a..b", NULL },
	{ ".a", NULL },
	{ "example.com.", NULL },
	{ "\303\274..de", NULL },
	{ "\303\274.", NULL },
	{ "a b.com", NULL },
	{ "a@b.com", NULL },
	{ "a>b.com", NULL },
	{ "a/c.com", NULL },
	{ "a\r\nRCPT TO:<x@y>.com", NULL },
	{ "\303\274\r\nRCPT TO:<x@y>.com", NULL },
	{ "\303\274\t.com", NULL },
	{ "a\177.com", NULL },
	{ "a\357\274\240b.com", NULL },         /* fullwidth @ */
	{ "a\357\274\236\357\274\234b.com", NULL }, /* fullwidth > < */
	{ "exa\342\204\200mple.com", NULL },    /* account of: "a/c" */
	{ "a\343\200\200b.com", NULL },         /* ideographic space */
	{ "a\342\200\256b.com", NULL },         /* right-to-left override */
	{ "\342\230\203.net", NULL },           /* not in IDNA 2008 */
	{ "\377.de", NULL },
	{ "\303.de", NULL },
	{ L63 "a.com", NULL },
	{ L63 "." L63 "." L63 "." L61 "a", NULL },
	{ "[]", NULL },
	{ "[", NULL },
	{ "[192.0.2]", NULL },
	{ "[192.0.2.256]", NULL },
	{ "[192.0.2.1]x", NULL },
	{ "[192.0.2.1", NULL },
	{ "192.0.2.1]", NULL },
	{ "[2001:db8::1]", NULL },
	{ "[IPv6:192.0.2.1]", NULL },
	{ "[IPv6:fe80::1%eth0]", NULL },
	{ "[IPv6:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1:2:3:4:5:6:7]", NULL },
	{ "[192.0.2.1\r\n]", NULL },
};

static void
domains_become_a_labels_or_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct error err = {0};
		char *wire = NULL;
		int rc = domain_to_ascii(domains[i].domain, &wire, &err);

		assert_string_equal(rc == 0 ? wire : err.text,
		    domains[i].wire != NULL ? domains[i].wire : err.text);
		assert_int_equal(err.code,
		    domains[i].wire != NULL ? 0 : EX_DATAERR);
		free(wire);
	}
}

static void
an_endless_domain_is_refused_before_the_library_sees_it(void **state)
{
	struct error err = {0};
	char domain[5001];
	char *wire = NULL;

	(void)state;
	for (size_t i = 0; i < 5000; i += 2)
		memcpy(domain + i, "\303\274", 2);
	domain[5000] = '\0';
	assert_int_equal(domain_to_ascii(domain, &wire, &err), -1);
	assert_non_null(strstr(err.text, "too long"));
}

static void
an_error_names_the_domain_escaped(void **state)
{
	struct error err = {0};
	char *wire = NULL;

	(void)state;
	assert_int_equal(domain_to_ascii("a\nb", &wire, &err), -1);
	assert_non_null(strstr(err.text, "'a\\x0Ab' is not a domain"));
	assert_null(strchr(err.text, '\n'));
}

/* What people see. */
static const struct {
	const char *domain;
	const char *shown;
} shown[] = {
	{ "xn--fa-hia.de", "fa\303\237.de" },
	{ "xn--bcher-kva.example", "b\303\274cher.example" },
	{ "example.com", "example.com" },
	{ "xn--a.example", "xn--a.example" },
	{ "xn--zzzzzz", "xn--zzzzzz" },
	{ "xn--n3h.net", "xn--n3h.net" },
	{ "[192.0.2.1]", "[192.0.2.1]" },
	{ "not a domain", "not a domain" },
	{ "", "" },
};

static void
only_names_that_convert_back_are_shown_as_unicode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		char *text = domain_to_unicode(shown[i].domain);

		assert_string_equal(text, shown[i].shown);
		free(text);
	}
}

static void
the_library_tells_its_version(void **state)
{
	(void)state;
	assert_non_null(domain_library_version());
}

static void
a_name_is_within_its_domain(void **state)
{
	static const struct {
		const char *name, *domain;
		int within;
	} cases[] = {
		{ "example.org", "example.org", 1 },
		{ "smtp.example.org", "example.org", 1 },
		{ "SMTP.Example.ORG.", "example.org", 1 },
		{ "a.b.example.org", "example.org.", 1 },
		{ "badexample.org", "example.org", 0 },
		{ "example.org.evil.test", "example.org", 0 },
		{ "org", "example.org", 0 },
		{ "smtp.example.org", "", 0 },
		{ "", "", 0 },
		{ "", "example.org", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (domain_is_within(cases[i].name, cases[i].domain) !=
		    cases[i].within)
			fail_msg("%s in %s", cases[i].name, cases[i].domain);
}

static void
an_address_is_not_a_name(void **state)
{
	static const struct {
		const char *host;
		int is_ip;
	} cases[] = {
		{ "192.0.2.1", 1 },
		{ "2001:db8::1", 1 },
		{ "::ffff:192.0.2.1", 1 },
		{ "192.0.2", 0 },
		{ "[2001:db8::1]", 0 },
		{ "fe80::1%eth0", 0 },
		{ "example.org", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (domain_is_ip(cases[i].host) != cases[i].is_ip)
			fail_msg("%s", cases[i].host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_become_a_labels_or_are_refused),
		cmocka_unit_test(
		    an_endless_domain_is_refused_before_the_library_sees_it),
		cmocka_unit_test(an_error_names_the_domain_escaped),
		cmocka_unit_test(
		    only_names_that_convert_back_are_shown_as_unicode),
		cmocka_unit_test(a_name_is_within_its_domain),
		cmocka_unit_test(an_address_is_not_a_name),
		cmocka_unit_test(the_library_tells_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
