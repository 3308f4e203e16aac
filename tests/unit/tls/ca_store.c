/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which servers are trusted, over real handshakes: each verdict is also
 * compared with that of GnuTLS when it has the whole store.
 */
#include "../unit.h"

#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../certs.h"
#include "tls/pem.h"
#include "tls/tls.h"

/* Does the strict name rule (RFC 9525) make us stricter than GnuTLS? */
enum agreement { SAME, STRICTER };

static const struct {
	const char *title;
	enum cert chain[CHAIN_MAX];
	enum cert store[6];
	const char *name;
	const char *text;           /* begin of the error, NULL: trusted */
	enum agreement agreement;
} cases[] = {
	{ "the ordinary chain", { GOOD, INTER }, { ROOT, OTHER_ROOT },
	    "mail.test", NULL, SAME },
	{ "upper case", { GOOD, INTER }, { ROOT }, "MAIL.Test", NULL, SAME },
	{ "the root sent along", { GOOD, INTER, ROOT }, { ROOT },
	    "mail.test", NULL, SAME },
	{ "a cross-signed root, old root known",
	    { GOOD, INTER, CROSS_ROOT }, { OTHER_ROOT }, "mail.test", NULL,
	    SAME },
	{ "a cross-signed root, new root known",
	    { GOOD, INTER, CROSS_ROOT }, { ROOT }, "mail.test", NULL, SAME },
	{ "a cross-signed root, both known",
	    { GOOD, INTER, CROSS_ROOT }, { OTHER_ROOT, ROOT }, "mail.test",
	    NULL, SAME },
	{ "no order and twice", { GOOD, ROOT, INTER, GOOD, INTER }, { ROOT },
	    "mail.test", NULL, SAME },
	{ "the store twice", { GOOD, INTER }, { ROOT, ROOT, ROOT },
	    "mail.test", NULL, SAME },
	{ "the intermediate missing", { GOOD }, { ROOT }, "mail.test",
	    "certificate issuer unknown: CN=Intermediate", SAME },
	{ "the intermediate in the store", { GOOD }, { INTER }, "mail.test",
	    NULL, SAME },
	{ "an unknown CA", { GOOD, INTER }, { OTHER_ROOT }, "mail.test",
	    "certificate issuer unknown", SAME },
	{ "self-signed", { SELF }, { ROOT }, "mail.test",
	    "certificate issuer unknown: it is self-signed", SAME },
	{ "self-signed and in the store", { SELF }, { SELF }, "mail.test",
	    NULL, SAME },
	{ "only the leaf in the store", { GOOD, INTER }, { GOOD },
	    "mail.test", "certificate issuer unknown", SAME },
	{ "expired", { EXPIRED, INTER }, { ROOT }, "mail.test",
	    "certificate expired (2", SAME },
	{ "not yet valid", { EARLY, INTER }, { ROOT }, "mail.test",
	    "certificate not yet valid (2", SAME },
	{ "another name", { OTHER_NAME, INTER }, { ROOT }, "mail.test",
	    "name mismatch: certificate is for other.test, not mail.test",
	    SAME },
	{ "common name only", { CN_ONLY, INTER }, { ROOT }, "mail.test",
	    "certificate has no subjectAltName", STRICTER },
	{ "wildcard", { WILD, INTER }, { ROOT }, "a.mail.test", NULL, SAME },
	{ "wildcard, two labels", { WILD, INTER }, { ROOT }, "a.b.mail.test",
	    "name mismatch", SAME },
	{ "wildcard, no label", { WILD, INTER }, { ROOT }, "mail.test",
	    "name mismatch", SAME },
	{ "wildcard top level", { WILD_TLD, INTER }, { ROOT }, "mail.test",
	    "name mismatch", SAME },
	{ "IP address", { IP, INTER }, { ROOT }, "127.0.0.1", NULL, SAME },
	{ "another IP address", { IP, INTER }, { ROOT }, "127.0.0.2",
	    "name mismatch: certificate is for 127.0.0.1, not 127.0.0.2",
	    SAME },
	{ "IP address wanted, name shown", { GOOD, INTER }, { ROOT },
	    "127.0.0.1", "name mismatch", SAME },
	{ "a client's certificate", { CLIENT, INTER }, { ROOT }, "mail.test",
	    "certificate has the wrong purpose", SAME },
	{ "RSA 1024", { WEAK, INTER }, { ROOT }, "mail.test",
	    "certificate uses an insecure algorithm: RSA key of 1024 bits",
	    SAME },
	{ "SHA-1", { SHA1, INTER }, { ROOT }, "mail.test",
	    "certificate uses an insecure algorithm", SAME },
	{ "OCSP staple demanded and missing", { MUST_STAPLE, INTER },
	    { ROOT }, "mail.test", "certificate requires an OCSP staple",
	    SAME },
	{ "seventeen certificates", { DEEP_LEAF, DEEP_LEAF - 1,
	    DEEP_LEAF - 2, DEEP_LEAF - 3, DEEP_LEAF - 4, DEEP_LEAF - 5,
	    DEEP_LEAF - 6, DEEP_LEAF - 7, DEEP_LEAF - 8, DEEP_LEAF - 9,
	    DEEP_LEAF - 10, DEEP_LEAF - 11, DEEP_LEAF - 12, DEEP_LEAF - 13,
	    DEEP_LEAF - 14, DEEP_LEAF - 15, DEEP_LEAF - 16 }, { ROOT },
	    "mail.test", "certificate", SAME },
	{ "everything wrong", { SELF, INTER }, { OTHER_ROOT }, "x.test",
	    "name mismatch: certificate is for mail.test, not x.test; "
	    "certificate issuer unknown", SAME },
};

#define OK(call) assert_true((call) >= 0)

/* What GnuTLS itself, with the full store, says of the chain: 1 trusted. */
static int
judge_as_gnutls(const char *store, const enum cert *chain, const char *name)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	gnutls_typed_vdata_st wanted[] = {
		{ GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)(uintptr_t)name,
		    0 },
		{ GNUTLS_DT_KEY_PURPOSE_OID,
		    (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0 },
	};
	int fd, result;
	pid_t child = certs_serve(&fd, SERVER_ECHOES, chain);

	OK(gnutls_certificate_allocate_credentials(&credentials));
	OK(gnutls_certificate_set_x509_trust_file(credentials, store,
	    GNUTLS_X509_FMT_PEM));
	OK(gnutls_init(&session, GNUTLS_CLIENT));
	OK(gnutls_priority_set_direct(session, "NORMAL:%PROFILE_MEDIUM",
	    NULL));
	OK(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
	    credentials));
	gnutls_session_set_verify_cert2(session, wanted, 2, 0);
	gnutls_transport_set_int(session, fd);
	do
		result = gnutls_handshake(session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	close(fd);
	waitpid(child, NULL, 0);
	return result == 0;
}

static void
each_chain_gets_the_verdict_of_the_full_store(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		struct tls_policy policy = {0};
		struct tls_facts facts;
		struct error err;
		char file[32];
		int trusted;

		snprintf(file, sizeof(file), "store-%zu.pem", i);
		policy.verify = 1;
		policy.name = cases[i].name;
		policy.trust_file = certs_write(file, cases[i].store);
		trusted = certs_visit(&policy, cases[i].chain, &facts,
		    &err) == 0;
		if (trusted != (text == NULL) || (text != NULL &&
		    strstr(err.text, text) == NULL))
			print_message("# %s: %s\n", cases[i].title, err.text);
		assert_int_equal(trusted, text == NULL);
		if (text != NULL) {
			assert_non_null(strstr(err.text, text));
			assert_int_equal(err.code, EX_PROTOCOL);
		}
		assert_int_equal(judge_as_gnutls(policy.trust_file,
		    cases[i].chain, cases[i].name),
		    trusted || cases[i].agreement == STRICTER);
		unlink(policy.trust_file);
	}
}

static const enum cert good[] = { GOOD, INTER, NO_CERT };
static const enum cert other_name[] = { OTHER_NAME, INTER, NO_CERT };
static const enum cert self[] = { SELF, NO_CERT };
static const enum cert revoked[] = { REVOKED, INTER, NO_CERT };
static const enum cert root[] = { ROOT, NO_CERT };
static const enum cert nothing[] = { NO_CERT };

static void
a_trailing_dot_is_not_part_of_the_name(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.name = "mail.test.";
	policy.trust_file = certs_write("dot.pem", root);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), 0);
	assert_string_equal(facts.subject, "CN=Good");
	assert_string_equal(facts.issuer, "CN=Intermediate");
	assert_string_equal(facts.version, "TLS1.3");
}

static void
without_a_name_nobody_is_trusted(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.trust_file = certs_write("name.pem", root);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	policy.name = ".";
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
}

static void
a_name_is_never_cut(void **state)
{
	struct tls_policy policy = { .verify = 1 };
	struct tls_facts facts;
	struct error err;
	char name[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	policy.name = name;
	policy.trust_file = certs_write("long.pem", root);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	memcpy(name + 255, "x", 2);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_string_equal(err.text, "host name is too long for TLS");
}

static void
tls_certcheck_off_trusts_anybody(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.name = "mail.test";
	assert_int_equal(certs_visit(&policy, self, &facts, &err), 0);
	assert_int_equal(certs_visit(&policy, other_name, &facts, &err), 0);
}

static void
a_store_may_be_a_directory(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;
	char directory[256];
	const char *file = certs_write("in-directory.pem", root);

	(void)state;
	snprintf(directory, sizeof(directory), "%.*s",
	    (int)(strrchr(file, '/') - file), file);
	policy.verify = 1;
	policy.name = "mail.test";
	policy.trust_file = directory;
	assert_int_equal(certs_visit(&policy, good, &facts, &err), 0);
	assert_int_equal(certs_visit(&policy, self, &facts, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
}

/* Puts the certificate into a token of SoftHSM that nobody else knows. 0, or
 * -1 if there is no SoftHSM. */
static int
fill_token(const char *directory, enum cert cert)
{
	char config[64];
	FILE *file;
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	size_t len;
	int result;

	snprintf(config, sizeof(config), "%s/softhsm2.conf", directory);
	file = fopen(config, "w");
	assert_non_null(file);
	fprintf(file, "directories.tokendir = %s\n", directory);
	fclose(file);
	setenv("SOFTHSM2_CONF", config, 1);
	if (system("softhsm2-util --init-token --free --label onehop "
	    "--so-pin 1234 --pin 5678 >/dev/null 2>&1") != 0)
		return -1;
	der.data = certs_export(&len, cert, HASH_SHA256);
	der.size = (unsigned)len;
	OK(gnutls_x509_crt_init(&crt));
	OK(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER));
	result = gnutls_pkcs11_copy_x509_crt2(
	    "pkcs11:token=onehop?pin-value=1234", crt, "root", NULL,
	    GNUTLS_PKCS11_OBJ_FLAG_LOGIN_SO | GNUTLS_PKCS11_OBJ_FLAG_MARK_CA |
	    GNUTLS_PKCS11_OBJ_FLAG_MARK_TRUSTED);
	gnutls_x509_crt_deinit(crt);
	free(der.data);
	return result < 0 ? -1 : 0;
}

/* The first of these tests that asks for a token: the modules are loaded once,
 * with the environment of then. */
static void
a_store_may_be_in_a_token(void **state)
{
	char directory[] = "/tmp/onehop-token-XXXXXX";
	struct tls_policy policy = { .verify = 1, .name = "mail.test",
		.trust_file = "pkcs11:token=onehop;object=root" };
	struct tls_facts facts;
	struct error err;
	int there, trusted = -1, stranger = 0, missing = 0;

	(void)state;
	assert_non_null(mkdtemp(directory));
	there = fill_token(directory, ROOT) == 0;
	if (there) {
		trusted = certs_visit(&policy, good, &facts, &err);
		stranger = certs_visit(&policy, self, &facts, &err);
		policy.trust_file = "pkcs11:token=onehop;object=other";
		missing = certs_visit(&policy, good, &facts, &err);
	}
	remove_tree(directory);
	if (!there)
		skip();
	assert_int_equal(trusted, 0);
	assert_int_equal(stranger, -1);
	assert_int_equal(missing, -1);
	assert_int_equal(err.code, EX_CONFIG);
}

static void
a_store_without_certificates_is_a_mistake_in_the_config(void **state)
{
	const char *const stores[] = {
		certs_write("empty.pem", nothing), "/nonexistent/store",
		"/dev/null", "pkcs11:token=onehop-has-no-such",
	};
	static const char *const reasons[] = {
		"no CA certificates found at ", "tls_trust_file",
		"expected a regular file", "no CA certificates found at ",
	};
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.name = "mail.test";
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		policy.trust_file = stores[i];
		assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_non_null(strstr(err.text, stores[i]));
		assert_non_null(strstr(err.text, reasons[i]));
	}
}

static void
the_system_does_not_know_our_root(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.name = "mail.test";
	policy.trust_file = "system";
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_true(err.code == EX_PROTOCOL || err.code == EX_CONFIG);
}

static void
a_revoked_certificate_is_refused(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.name = "mail.test";
	policy.trust_file = certs_write("crl-root.pem", root);
	assert_int_equal(certs_visit(&policy, revoked, &facts, &err), 0);
	policy.crl_file = certs_write_crl("crl.pem");
	assert_int_equal(certs_visit(&policy, good, &facts, &err), 0);
	assert_int_equal(certs_visit(&policy, revoked, &facts, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	assert_non_null(strstr(err.text, ": certificate revoked"));
	policy.crl_file = policy.trust_file;
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	policy.crl_file = certs_write("no-crl.pem", nothing);
	assert_int_equal(truncate(policy.crl_file, 0), 0);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_memory_equal(err.text, "no CRL found at ", 16);
}

static void
everybodys_files_fifos_and_devices_are_no_source_of_trust(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.name = "mail.test";
	policy.trust_file = certs_write("writable-root.pem", root);
	assert_int_equal(chmod(policy.trust_file, 0666), 0);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_non_null(strstr(err.text, "not world-writable"));
	assert_int_equal(chmod(policy.trust_file, 0644), 0);
	policy.crl_file = "/dev/zero";
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_non_null(strstr(err.text, "expected a regular file"));
	policy.crl_file = certs_write("crl-fifo.pem", root);
	assert_int_equal(unlink(policy.crl_file), 0);
	assert_int_equal(mkfifo(policy.crl_file, 0600), 0);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_non_null(strstr(err.text, "expected a regular file"));
	policy.trust_file = policy.crl_file;
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
}

/* What the hint names: another name only in the host's own domain. */
static const struct {
	const char *name;
	enum cert shown;
	const char *hint;   /* part of it */
	int may_override;
} advised[] = {
	{ "smtp.mail.test", GOOD, "tls_host_override mail.test", 1 },
	{ "other.test", GOOD, "intercepts", 0 },
	{ "mail.test.evil.test", GOOD, "intercepts", 0 },
	{ "b.co.uk", GOOD, "intercepts", 0 },
	{ "192.0.2.1", GOOD, "set host to the server's name", 0 },
	{ "127.0.0.1", SELF, "set tls_trust tofu, or tls_fingerprint ", 0 },
	{ "localhost", GOOD, "set tls_trust tofu, or tls_fingerprint ", 0 },
	{ "mail.test", CN_ONLY, "set tls_trust tofu, or tls_fingerprint ", 0 },
};

static void
another_name_is_advised_only_within_the_hosts_domain(void **state)
{
	struct tls_policy policy = { .verify = 1 };

	(void)state;
	policy.trust_file = certs_write("advised-root.pem", root);
	for (size_t i = 0; i < sizeof(advised) / sizeof(advised[0]); i++) {
		const enum cert chain[] = { advised[i].shown, INTER,
			NO_CERT };
		struct tls_facts facts;
		struct error err;

		policy.name = advised[i].name;
		assert_int_equal(certs_visit(&policy, chain, &facts, &err), -1);
		assert_non_null(strstr(err.hint, advised[i].hint));
		assert_int_equal(strstr(err.hint, "override") != NULL,
		    advised[i].may_override);
		/* what was refused can still be described */
		assert_int_equal(strlen(facts.sha256), 95);
		assert_true(facts.issuer[0] != '\0');
		assert_string_equal(facts.version, "");
	}
}

/* Pins of GOOD, shown by SELF where mismatch is wanted. */
static void
a_pinned_certificate_needs_no_chain(void **state)
{
	const char *pins[] = { NULL, NULL, NULL };
	char hash[65], text[128];
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct error err;

	(void)state;
	policy.verify = 1;
	policy.fingerprints = pins;
	for (int of = HASH_SHA1; of <= HASH_SPKI; of++) {
		certs_hash(hash, GOOD, (enum cert_hash)of);
		snprintf(text, sizeof(text), "%s%s",
		    of == HASH_SPKI ? "spki:" : "", hash);
		pins[0] = text;
		assert_int_equal(certs_visit(&policy, good, &facts, &err), 0);
		assert_int_equal(certs_visit(&policy, self, &facts, &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_non_null(strstr(err.text, "fingerprint mismatch"));
	}
	certs_hash(hash, SELF, HASH_SHA256);
	pins[1] = hash;
	assert_int_equal(certs_visit(&policy, self, &facts, &err), 0);
	pins[0] = "d41d8cd98f00b204e9800998ecf8427e";
	assert_int_equal(certs_visit(&policy, good, &facts, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_non_null(strstr(err.text, "tls_fingerprint: expected "));
}

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----"
#define ONE BEGIN "YQ==\n" END

/* A file, and what its certificates decode to, with a blank after each. */
static const struct {
	const char *text;
	const char *certificates;
} files[] = {
	{ ONE, "a " },
	{ "x\n" ONE "\n" ONE "y", "a a " },
	{ "-----BEGIN X509 CERTIFICATE-----\nYg==\n"
	    "-----END X509 CERTIFICATE-----", "b " },
	{ BEGIN END ONE, " a " },
	{ BEGIN "Yg==\n-----END PRIVATE KEY-----\n" ONE, "a " },
	{ "-----BEGIN TRUSTED CERTIFICATE-----\nYg==\n"
	    "-----END TRUSTED CERTIFICATE-----\n" ONE, "a " },
	{ BEGIN "Yg==\n", "" },
	{ BEGIN "Yg==\n-----END CERTIFICATE----", "" },
};

static void
blocks_that_are_no_certificates_are_skipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct span text = { (const unsigned char *)files[i].text,
			strlen(files[i].text) };
		struct pem_block block;
		char found[32] = "";

		while (pem_next(&text, &block)) {
			char octets[8];

			snprintf(found + strlen(found), 8, "%.*s ",
			    (int)pem_decode(&block, (unsigned char *)octets,
			    sizeof(octets)), octets);
		}
		assert_string_equal(found, files[i].certificates);
	}
}

/* What begins like a certificate, and whether it has both names. */
static const struct {
	const char *der;
	size_t len;
	int names;
} ders[] = {
#define DER(octets, names) { octets, sizeof(octets) - 1, names }
#define V3 "\xa0\x03\x02\x01\x02"
	DER("\x30\x12\x30\x10" V3 "\x02\x01\x01\x30\0\x30\0\x30\0\x30\0", 1),
	DER("\x30\x0d\x30\x0b" "\x02\x01\x01\x30\0\x30\0\x30\0\x30\0", 1),
	DER("\x30\x12\x30\x0e" V3 "\x02\x01\x01\x30\0\x30\0\x30\0\x30\0", 0),
	DER("\x30\x12\x30\x10" V3 "\x02\x01\x01\x30\0\x31\0\x30\0\x30\0", -1),
	DER("\x30\x12\x30\x10" "\xa1\x03\x02\x01\x02", -1),
	DER("\x30\x12\x30\x10" "\xa0\x80\x02\x01\x02", -1),
	DER("\x30\x12\x30\x10" "\xa0\x03\x30\0", 0),
	DER("\x30\x12\x31\x10", -1),
	DER("\x30\x80\x30\x80", -1),
	DER("\x30\x84\x01\0\0\0", -1),
	DER("\x31", 0),
	DER("", 0),
};

static void
names_are_found_only_where_they_can_be(void **state)
{
	struct span issuer, subject;

	(void)state;
	for (size_t i = 0; i < sizeof(ders) / sizeof(ders[0]); i++) {
		struct span der = { (const unsigned char *)ders[i].der,
			ders[i].len };

		assert_int_equal(pem_names(der, &issuer, &subject),
		    ders[i].names);
	}
}

static void
a_certificate_may_be_cut_behind_its_names(void **state)
{
	size_t len;
	unsigned char *whole = certs_export(&len, GOOD, HASH_SHA256);
	struct span issuer, subject, der = { whole, len };
	size_t end;

	(void)state;
	assert_int_equal(pem_names(der, &issuer, &subject), 1);
	end = (size_t)(subject.data + subject.len - whole);
	assert_in_range(end, 1, len - 1);
	for (der.len = 0; der.len <= len; der.len++) {
		/* of just its size, so that reading past it shows */
		unsigned char *copy = malloc(der.len + 1);

		assert_non_null(copy);
		memcpy(copy, whole, der.len);
		der.data = copy;
		assert_int_equal(pem_names(der, &issuer, &subject),
		    der.len >= end);
		free(copy);
	}
	free(whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_chain_gets_the_verdict_of_the_full_store),
		cmocka_unit_test(
		    another_name_is_advised_only_within_the_hosts_domain),
		cmocka_unit_test(a_trailing_dot_is_not_part_of_the_name),
		cmocka_unit_test(without_a_name_nobody_is_trusted),
		cmocka_unit_test(a_name_is_never_cut),
		cmocka_unit_test(tls_certcheck_off_trusts_anybody),
		cmocka_unit_test(a_store_may_be_a_directory),
		cmocka_unit_test(a_store_may_be_in_a_token),
		cmocka_unit_test(
		    a_store_without_certificates_is_a_mistake_in_the_config),
		cmocka_unit_test(the_system_does_not_know_our_root),
		cmocka_unit_test(a_revoked_certificate_is_refused),
		cmocka_unit_test(
		    everybodys_files_fifos_and_devices_are_no_source_of_trust),
		cmocka_unit_test(a_pinned_certificate_needs_no_chain),
		cmocka_unit_test(blocks_that_are_no_certificates_are_skipped),
		cmocka_unit_test(names_are_found_only_where_they_can_be),
		cmocka_unit_test(a_certificate_may_be_cut_behind_its_names),
	};

	return cmocka_run_group_tests(tests, certs_make,
	    certs_free);
}
