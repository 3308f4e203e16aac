/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a refused certificate is said to be, and the advice on it. */
#include "../unit.h"

#include <stdio.h>

#include "../certs.h"
#include "tls/tls.h"

#define REPLACE "the server's operator must replace the certificate"
#define STAPLING "the server's operator must repair its OCSP stapling"
#define CLOCK "if the date is wrong, set this machine's clock"
#define PORTAL "check host; if it is right, a network portal, proxy or virus " \
	"scanner intercepts the connection"

/* "#" stands for the fingerprint of the first certificate. */
static const struct {
	enum cert chain[4];
	const char *name;
	const char *text, *hint;    /* begin of the error; its hint */
} cases[] = {
	/* a name in the host's own domain, and none */
	{ { GOOD, INTER }, "smtp.mail.test", "name mismatch: certificate is "
	    "for mail.test, not smtp.mail.test", "if mail.test is the same "
	    "server, set tls_host_override mail.test" },
	{ { OTHER_NAME, INTER }, "mail.test", "name mismatch", PORTAL },
	{ { GOOD, INTER }, "test", "name mismatch", "if mail.test is the same "
	    "server, set tls_host_override mail.test" },
	{ { SIBLINGS, INTER }, "smtp.com.au", "name mismatch: certificate is "
	    "for imap.com.au, imap.mail.au, imap.abc.org, not smtp.com.au",
	    PORTAL },
	{ { SIBLINGS, INTER }, "smtp.mail.au", "name mismatch", "if "
	    "imap.mail.au is the same server, set tls_host_override "
	    "imap.mail.au" },
	{ { SIBLINGS, INTER }, "smtp.abc.org", "name mismatch", "if "
	    "imap.abc.org is the same server, set tls_host_override "
	    "imap.abc.org" },
	{ { SIBLINGS, INTER }, "smtp.imap.abc.org", "name mismatch", "if "
	    "imap.abc.org is the same server, set tls_host_override "
	    "imap.abc.org" },
	{ { SIBLINGS, INTER }, "smtp.uri.au", "name mismatch", PORTAL },
	{ { GOOD, INTER }, "192.0.2.1", "name mismatch", "set host to the "
	    "server's name: the certificate does not contain the address" },
	{ { IP, INTER }, "192.0.2.1", "name mismatch", "set host to the "
	    "server's name: the certificate does not contain the address" },
	/* a server on this machine */
	{ { GOOD, INTER }, "localhost", "name mismatch",
	    "set tls_trust tofu, or tls_fingerprint #" },
	{ { GOOD, INTER }, "127.0.0.7", "name mismatch",
	    "set tls_trust tofu, or tls_fingerprint #" },
	{ { GOOD, INTER }, "::1", "name mismatch",
	    "set tls_trust tofu, or tls_fingerprint #" },
	{ { SELF }, "localhost", "name mismatch: certificate is for "
	    "mail.test, not localhost; certificate issuer unknown: it is "
	    "self-signed", "set tls_trust tofu, or tls_fingerprint #" },
	{ { CN_ONLY, INTER }, "localhost", "certificate has no "
	    "subjectAltName", "set tls_trust tofu, or tls_fingerprint #" },
	{ { CN_ONLY, INTER }, "mail.test", "certificate has no "
	    "subjectAltName", REPLACE "; until then set tls_trust tofu, or "
	    "tls_fingerprint #" },
	/* the issuer */
	{ { SELF }, "mail.test", "certificate issuer unknown: it is "
	    "self-signed", "set tls_trust_file to the issuer's certificate, "
	    "or tls_fingerprint if it is #" },
	{ { GOOD }, "mail.test", "certificate issuer unknown: "
	    "CN=Intermediate", "set tls_trust_file to the issuer's "
	    "certificate, or tls_fingerprint if it is #" },
	/* the first advice is the one that is given */
	{ { SELF }, "x.test", "name mismatch: certificate is for mail.test, "
	    "not x.test; certificate issuer unknown", PORTAL },
	{ { EXPIRED, INTER }, "x.other", "certificate expired (", CLOCK },
	/* dates */
	{ { EXPIRED, INTER }, "mail.test", "certificate expired (2", CLOCK },
	{ { EARLY, INTER }, "mail.test", "certificate not yet valid (2",
	    CLOCK },
	{ { OF_EXPIRED_CA, EXPIRED_CA }, "mail.test", "certificate expired "
	    "(issuer certificate: 2", CLOCK },
	/* the rest */
	{ { WEAK, INTER }, "mail.test", "certificate uses an insecure "
	    "algorithm: RSA key of 1024 bits, signed with ECDSA-SHA256",
	    REPLACE },
	{ { CLIENT, INTER }, "mail.test", "certificate has the wrong purpose: "
	    "it is not for servers", REPLACE },
	{ { MUST_STAPLE, INTER }, "mail.test", "certificate requires an OCSP "
	    "staple, but the server sent none", STAPLING },
};

/* The fingerprint as it is written for people: AA:BB:... */
static void
write_fingerprint(char out[97], enum cert cert)
{
	char digits[65];

	certs_hash(digits, cert, HASH_SHA256);
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 3 * i, 4, "%c%c%s",
		    digits[2 * i] >= 'a' ? digits[2 * i] - 32 : digits[2 * i],
		    digits[2 * i + 1] >= 'a' ? digits[2 * i + 1] - 32
		    : digits[2 * i + 1], i < 31 ? ":" : "");
}

static void
a_refusal_has_reason_and_advice(void **state)
{
	static const enum cert root[] = { ROOT, NO_CERT };
	const char *store = certs_write("root.pem", root);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_policy policy = { .name = cases[i].name,
			.verify = 1, .trust_file = store };
		const char *hash = strchr(cases[i].hint, '#');
		char hint[sizeof(((struct error *)0)->hint)], print[97];
		struct tls_facts facts;
		struct error err = {0};

		write_fingerprint(print, cases[i].chain[0]);
		snprintf(hint, sizeof(hint), "%.*s%s", hash == NULL ? 999
		    : (int)(hash - cases[i].hint), cases[i].hint,
		    hash == NULL ? "" : print);
		assert_int_equal(certs_visit(&policy, cases[i].chain, &facts,
		    &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("%s: expected %s", err.text, cases[i].text);
		assert_null(strstr(err.text, "GnuTLS status"));
		assert_int_equal(strncmp(err.text, "certificate verification "
		    "failed: ", 33), 0);
		assert_int_equal(strncmp(err.text + 33, cases[i].text,
		    strlen(cases[i].text)), 0);
		assert_string_equal(err.hint, hint);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_has_reason_and_advice),
	};

	return cmocka_run_group_tests(tests, certs_make, certs_free);
}
