/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What TLSA records are worth, over real handshakes; that they are only asked
 * of names, and what is said if there are none. */
#include "../unit.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <unistd.h>

#include "../certs.h"
#include "base/poll.h"
#include "tls/tls.h"
#include "tls/tlsa.h"

/* A record that somebody publishes for a certificate. */
struct published {
	unsigned usage, selector, matching;
	enum cert cert;   /* NO_CERT: no record */
};

static const struct {
	const char *title;
	enum cert chain[6];
	struct published records[4];
	const char *text;         /* begin of the error, NULL: trusted */
} cases[] = {
	{ "EE, the key's SHA-256", { GOOD, INTER }, {{ 3, 1, 1, GOOD }},
	    NULL },
	{ "EE, the key's SHA-512", { GOOD, INTER }, {{ 3, 1, 2, GOOD }},
	    NULL },
	{ "EE, the key", { GOOD, INTER }, {{ 3, 1, 0, GOOD }}, NULL },
	{ "EE, the certificate's SHA-256", { GOOD, INTER },
	    {{ 3, 0, 1, GOOD }}, NULL },
	{ "EE, the certificate's SHA-512", { GOOD, INTER },
	    {{ 3, 0, 2, GOOD }}, NULL },
	{ "EE, the certificate", { GOOD, INTER }, {{ 3, 0, 0, GOOD }}, NULL },
	{ "EE, self-signed", { SELF }, {{ 3, 1, 1, SELF }}, NULL },
	{ "EE, name and dates do not count", { OTHER_NAME },
	    {{ 3, 1, 1, OTHER_NAME }}, NULL },
	{ "EE, expired", { EXPIRED }, {{ 3, 0, 1, EXPIRED }}, NULL },
	{ "EE, the same key in another certificate", { RENEWED },
	    {{ 3, 1, 1, GOOD }}, NULL },
	{ "EE, another certificate with the same key", { RENEWED },
	    {{ 3, 0, 1, GOOD }}, "server matches none of 1 TLSA records: it "
	    "has spki:" },
	{ "EE, another key", { GOOD, INTER }, {{ 3, 1, 1, SELF }},
	    "server matches none of 1 TLSA records" },
	{ "EE, an authority's key", { GOOD, INTER }, {{ 3, 1, 1, INTER }},
	    "server matches none of 1 TLSA records" },
	{ "one of several", { GOOD, INTER }, {{ 3, 1, 1, SELF },
	    { 3, 0, 1, WILD }, { 3, 1, 2, GOOD }}, NULL },
	{ "TA, the root", { GOOD, INTER, ROOT }, {{ 2, 1, 1, ROOT }}, NULL },
	{ "TA, the intermediate", { GOOD, INTER }, {{ 2, 1, 1, INTER }},
	    NULL },
	{ "TA, the intermediate's SHA-512", { GOOD, INTER },
	    {{ 2, 0, 2, INTER }}, NULL },
	{ "TA, the root that is not sent", { GOOD, INTER },
	    {{ 2, 0, 1, ROOT }}, "server matches none of 1 TLSA" },
	{ "TA, the root that is in the record", { GOOD, INTER },
	    {{ 2, 0, 0, ROOT }}, NULL },
	{ "TA, an authority that is not sent in the record",
	    { GOOD, INTER }, {{ 2, 0, 0, OTHER_ROOT }},
	    "certificate issuer unknown" },
	{ "TA, an authority that signed nothing here",
	    { GOOD, INTER, OTHER_ROOT }, {{ 2, 1, 1, OTHER_ROOT }},
	    "certificate issuer unknown" },
	{ "TA, another name", { OTHER_NAME, INTER }, {{ 2, 1, 1, INTER }},
	    "name mismatch" },
	{ "TA, no name but the common one", { CN_ONLY, INTER },
	    {{ 2, 1, 1, INTER }}, "certificate has no subjectAltName" },
	{ "TA, expired", { EXPIRED, INTER }, {{ 2, 1, 1, INTER }},
	    "certificate expired" },
	{ "TA, a client's certificate", { CLIENT, INTER },
	    {{ 2, 1, 1, INTER }}, "certificate has the wrong purpose" },
	{ "TA, the server's own certificate", { GOOD, INTER },
	    {{ 2, 1, 1, GOOD }}, "server matches none of 1 TLSA" },
	{ "TA with a wrong name, but EE matches", { OTHER_NAME, INTER },
	    {{ 2, 1, 1, INTER }, { 3, 1, 1, OTHER_NAME }}, NULL },
	{ "the usages that want a public CA", { GOOD, INTER, ROOT },
	    {{ 0, 1, 1, ROOT }, { 1, 1, 1, GOOD }}, "none of 2 TLSA records "
	    "is usable" },
	{ "unknown selector, matching type, usage", { GOOD, INTER },
	    {{ 3, 2, 1, GOOD }, { 3, 1, 3, GOOD }, { 4, 1, 1, GOOD },
	    { 255, 255, 255, GOOD }}, "none of 4 TLSA records is usable" },
	{ "no record", { GOOD, INTER }, {{ 0, 0, 0, NO_CERT }},
	    "none of 0 TLSA records is usable" },
};

static void
publish(struct tlsa *t, const struct published *p)
{
	unsigned char digest[64];
	int is_512 = p->matching == 2;

	t->usage = p->usage;
	t->selector = p->selector;
	t->matching = p->matching;
	t->data = certs_export(&t->len, p->cert, p->selector == 1
	    ? HASH_SPKI : HASH_SHA256);
	if (p->matching == 0)
		return;
	assert_int_equal(gnutls_hash_fast(is_512 ? GNUTLS_DIG_SHA512
	    : GNUTLS_DIG_SHA256, t->data, t->len, digest), 0);
	t->len = is_512 ? 64 : 32;
	memcpy(t->data, digest, t->len);
}

static int
try(const struct tlsa_records *records, const enum cert *chain,
    struct error *err)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;

	policy.trust = TLS_TRUST_DANE;
	policy.name = "mail.test";
	policy.trust_file = "/nonexistent";
	policy.verify = 1;
	policy.records = records;
	return certs_visit(&policy, chain, &facts, err);
}

static void
records_say_who_is_trusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		struct tlsa_records records = {0};
		struct error err;
		int trusted;

		while (records.n < 4 &&
		    cases[i].records[records.n].cert != NO_CERT) {
			publish(&records.at[records.n],
			    &cases[i].records[records.n]);
			records.n++;
		}
		trusted = try(&records, cases[i].chain, &err) == 0;
		if (trusted != (text == NULL) || (text != NULL &&
		    strstr(err.text, text) == NULL))
			print_message("# %s: %s\n", cases[i].title, err.text);
		assert_int_equal(trusted, text == NULL);
		if (text != NULL) {
			assert_int_equal(err.code, EX_PROTOCOL);
			assert_non_null(strstr(err.text, text));
		}
		tlsa_free(&records);
	}
}

/* What comes from the DNS can be of any length. */
static void
a_record_cut_short_matches_nothing(void **state)
{
	static const struct published whole[] = {
		{ 3, 1, 1, GOOD }, { 3, 1, 2, GOOD }, { 3, 1, 0, GOOD },
		{ 3, 0, 0, GOOD }, { 2, 1, 1, INTER }, { 2, 0, 0, INTER },
	};
	const enum cert chain[] = { GOOD, INTER, NO_CERT };

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		for (size_t len = 0; len < 32; len += 31) {
			struct tlsa_records records = {0};
			struct error err;

			publish(&records.at[0], &whole[i]);
			records.at[0].len = len;
			records.n = 1;
			assert_int_equal(try(&records, chain, &err), -1);
			assert_int_equal(err.code, EX_PROTOCOL);
			tlsa_free(&records);
		}
}

static void
records_are_of_names_and_ports(void **state)
{
	static const struct { const char *host; unsigned port; } places[] = {
		{ "127.0.0.1", 465 }, { "::1", 465 }, { "mail.test", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct tlsa_records records;
		struct error err = {0};

		assert_int_equal(tlsa_fetch(&records, places[i].host,
		    places[i].port, deadline_in(20000), NULL,
		    &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		tlsa_free(&records);
	}
}

/* What the library finds, and whether there is a root key: the functions below
 * are here in place of libonehop's and the system's. */
static struct tlsa_records found;
static int has_root_key;

void
tlsa_query(struct tlsa_records *records, const char *host, unsigned port)
{
	*records = found;
	snprintf(records->words, sizeof(records->words), "words\033 on %s:%u",
	    host, port);
}

int
access(const char *path, int mode)
{
	if (strstr(path, "/root.key") != NULL ||
	    strstr(path, "/trusted-key.key") != NULL)
		return has_root_key ? 0 : -1;
	return faccessat(AT_FDCWD, path, mode, 0);
}

/* A state of the library, and the error. */
static const struct {
	enum tlsa_status status;
	int has_root_key;
	int code;
	const char *text, *hint;
} troubles[] = {
	{ TLSA_UNSIGNED, 1, EX_PROTOCOL, "no usable TLSA record for "
	    "_465._tcp.mail.test: not signed", "if the zone is signed, " },
	{ TLSA_BOGUS, 1, EX_TEMPFAIL, "no usable TLSA record for "
	    "_465._tcp.mail.test: DNSSEC validation failed (bogus)", "" },
	{ TLSA_TROUBLE, 1, EX_TEMPFAIL, "no usable TLSA record for "
	    "_465._tcp.mail.test: words\\x1B on mail.test:465", "" },
	{ TLSA_TROUBLE, 0, EX_CONFIG, "tls_trust dane needs the DNSSEC root "
	    "key: words\\x1B on mail.test:465", "install it (Debian: package "
	    "dns-root-data), " },
	{ TLSA_NO_LIBRARY, 1, EX_CONFIG, "tls_trust dane needs "
	    "libgnutls-dane: words\\x1B on mail.test:465",
	    "install it where " },
};

static void
trouble_with_the_records_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		struct tlsa_records records;
		struct error err = {0};

		found.status = troubles[i].status;
		has_root_key = troubles[i].has_root_key;
		assert_int_equal(tlsa_fetch(&records, "mail.test", 465,
		    deadline_in(20000), NULL, &err), -1);
		assert_int_equal(err.code, troubles[i].code);
		assert_string_equal(err.text, troubles[i].text);
		assert_int_equal(strncmp(err.hint, troubles[i].hint,
		    strlen(troubles[i].hint)), 0);
		tlsa_free(&records);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_say_who_is_trusted),
		cmocka_unit_test(a_record_cut_short_matches_nothing),
		cmocka_unit_test(records_are_of_names_and_ports),
		cmocka_unit_test(trouble_with_the_records_is_told),
	};

	return cmocka_run_group_tests(tests, certs_make,
	    certs_free);
}
