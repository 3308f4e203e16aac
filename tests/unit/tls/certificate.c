/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, dates, keys and fingerprints of certificates made on the spot. */
#include "config.h"

#include "../unit.h"

#include <dlfcn.h>
#include <gnutls/abstract.h>

#include "tls/certificate.h"

#define OK(call) assert_true((call) >= 0)
#define SHA1 "0123456789abcdef0123456789ABCDEF01234567"
#define SHA1_READ "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67"
#define SHA256 "0123456789abcdef0123456789ABCDEF" \
	"0123456789abcdef0123456789abcdef"
#define SHA256_READ "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:" \
	"01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF"

static const struct {
	const char *text, *read; /* NULL: refused */
} fingerprints[] = {
	{ SHA256, SHA256_READ },
	{ SHA256_READ, SHA256_READ },
	{ "spki:" SHA256, "spki:" SHA256_READ },
	{ "SPKI:" SHA256, "spki:" SHA256_READ },
	{ SHA1, SHA1_READ },
	{ "01 23 45 67 89 AB CD EF 01 23 45 67 89 AB CD EF 01 23 45 67",
	    SHA1_READ },
	{ "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:",
	    SHA1_READ },
	{ "spki:" SHA1, NULL },
	{ "", NULL },
	{ "spki:", NULL },
	{ ":" SHA1, NULL },
	{ "0" SHA1, NULL },
	{ SHA1 "8", NULL },
	{ SHA256 "0", NULL },
	{ SHA256 "00", NULL },
	{ "0:123456789abcdef0123456789ABCDEF01234567", NULL },
	{ "g123456789abcdef0123456789ABCDEF01234567", NULL },
	{ "/123456789abcdef0123456789ABCDEF01234567", NULL },
	{ "@123456789abcdef0123456789ABCDEF01234567", NULL },
	{ "`123456789abcdef0123456789ABCDEF01234567", NULL },
};

static void
fingerprints_are_read_in_any_usual_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fingerprints) / sizeof(fingerprints[0]);
	    i++) {
		char *read = certificate_read_fingerprint(
		    fingerprints[i].text);

		if (fingerprints[i].read == NULL)
			assert_null(read);
		else
			assert_string_equal(read, fingerprints[i].read);
		free(read);
	}
}

static void
a_date_is_in_utc_and_may_be_unknown(void **state)
{
	char date[CERTIFICATE_DATE];

	(void)state;
	assert_string_equal(certificate_date(date, 0),
	    "1970-01-01 00:00:00Z");
	assert_string_equal(certificate_date(date, 1795424400),
	    "2026-11-23 09:00:00Z");
	assert_string_equal(certificate_date(date, (time_t)-1),
	    "unknown date");
	assert_string_equal(certificate_date(date, INT64_MAX),
	    "unknown date");
}

/* A certificate with that name besides those it has. */
static void
add(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type,
    const void *name, size_t len)
{
	OK(gnutls_x509_crt_set_subject_alt_name(crt, type, name,
	    (unsigned)len, GNUTLS_FSAN_APPEND));
}

/* Signs it and reads it as it would come from a server. */
static gnutls_x509_crt_t
read_back(gnutls_x509_crt_t crt)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t read;
	gnutls_datum_t der;

	OK(gnutls_x509_privkey_init(&key));
	OK(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	OK(gnutls_x509_crt_set_version(crt, 3));
	OK(gnutls_x509_crt_set_serial(crt, "\1", 1));
	OK(gnutls_x509_crt_set_activation_time(crt, 0));
	OK(gnutls_x509_crt_set_expiration_time(crt, 1795424400));
	OK(gnutls_x509_crt_set_key(crt, key));
	OK(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
	OK(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der));
	OK(gnutls_x509_crt_init(&read));
	OK(gnutls_x509_crt_import(read, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
	return read;
}

static void
names_are_of_hosts_and_addresses(void **state)
{
	static const unsigned char ipv4[] = { 192, 0, 2, 1 };
	static const unsigned char ipv6[16] = { 0x20, 1, 0xd, 0xb8,
		[15] = 1 };
	static char endless[600];
	struct buffer names = {0};
	gnutls_x509_crt_t crt;

	(void)state;
	OK(gnutls_x509_crt_init(&crt));
	assert_int_equal(certificate_names(&names, crt), 0);
	assert_int_equal(names.len, 0);
	memset(endless, 'x', sizeof(endless));
	add(crt, GNUTLS_SAN_DNSNAME, "mail.test", 9);
	add(crt, GNUTLS_SAN_DNSNAME, endless, sizeof(endless));
	add(crt, GNUTLS_SAN_RFC822NAME, "a@mail.test", 11);
	add(crt, GNUTLS_SAN_IPADDRESS, ipv4, sizeof(ipv4));
	add(crt, GNUTLS_SAN_IPADDRESS, ipv6, sizeof(ipv6));
	add(crt, GNUTLS_SAN_IPADDRESS, ipv6, 5);
	crt = read_back(crt);
	assert_int_equal(certificate_names(&names, crt), 1);
	assert_string_equal(buffer_string(&names),
	    "mail.test, 192.0.2.1, 2001:db8::1");
	buffer_free(&names);
	gnutls_x509_crt_deinit(crt);
}

/* What does not fit is left out, but counted. */
static void
a_list_of_names_is_bounded(void **state)
{
	static const char name[] = "a-long-name-of-a-host.mail.example.org";
	struct buffer names = {0};
	gnutls_x509_crt_t crt;

	(void)state;
	OK(gnutls_x509_crt_init(&crt));
	for (int i = 0; i < 20; i++)
		add(crt, GNUTLS_SAN_DNSNAME, name, sizeof(name) - 1);
	crt = read_back(crt);
	assert_int_equal(certificate_names(&names, crt), 20);
	assert_true(names.len <= 400);
	assert_true(names.len > 400 - sizeof(name) - 1);
	buffer_free(&names);
	gnutls_x509_crt_deinit(crt);
}

static void
a_name_that_is_missing_is_empty(void **state)
{
	gnutls_x509_crt_t crt;
	char text[64];

	(void)state;
	OK(gnutls_x509_crt_init(&crt));
	assert_string_equal(certificate_name(text, sizeof(text), crt,
	    CERTIFICATE_ISSUER), "");
	OK(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	    "a\033b", 3));
	assert_non_null(strstr(certificate_name(text, sizeof(text), crt,
	    CERTIFICATE_SUBJECT), "CN="));
	assert_null(strchr(text, '\033'));
	gnutls_x509_crt_deinit(crt);
}

/* GnuTLS's own, but if it is to fail. */
static int no_raw_key;

int
gnutls_x509_crt_get_pk_rsa_raw(gnutls_x509_crt_t crt, gnutls_datum_t *m,
    gnutls_datum_t *e)
{
	return no_raw_key ? GNUTLS_E_MEMORY_ERROR
	    : ((__typeof__(&gnutls_x509_crt_get_pk_rsa_raw))(uintptr_t)dlsym(
	    RTLD_NEXT, "gnutls_x509_crt_get_pk_rsa_raw"))(crt, m, e);
}

/* The highest number of that many bits. */
static gnutls_datum_t
highest(unsigned bits)
{
	gnutls_datum_t number = { malloc((bits + 7) / 8), (bits + 7) / 8 };

	assert_non_null(number.data);
	memset(number.data, 0xff, number.size);
	number.data[0] = (unsigned char)(0xff >> (number.size * 8 - bits));
	return number;
}

/* A certificate with a key of such numbers, which nobody has. */
static gnutls_x509_crt_t
with_key(gnutls_pk_algorithm_t algorithm, unsigned bits, unsigned second)
{
	gnutls_datum_t m = highest(bits), e = highest(second);
	gnutls_x509_spki_t parameters;
	gnutls_x509_crt_t crt;
	gnutls_pubkey_t key;

	OK(gnutls_pubkey_init(&key));
	if (algorithm == GNUTLS_PK_DSA)
		OK(gnutls_pubkey_import_dsa_raw(key, &m, &e, &e, &e));
	else
		OK(gnutls_pubkey_import_rsa_raw(key, &m, &e));
	OK(gnutls_x509_spki_init(&parameters));
	gnutls_x509_spki_set_rsa_pss_params(parameters, GNUTLS_DIG_SHA256, 32);
	if (algorithm == GNUTLS_PK_RSA_PSS)
		OK(gnutls_pubkey_set_spki(key, parameters, 0));
	gnutls_x509_spki_deinit(parameters);
	OK(gnutls_x509_crt_init(&crt));
	OK(gnutls_x509_crt_set_pubkey(crt, key));
	gnutls_pubkey_deinit(key);
	free(m.data);
	free(e.data);
	return crt;
}

static void
a_key_that_takes_long_is_refused(void **state)
{
	static const struct {
		gnutls_pk_algorithm_t algorithm;
		unsigned bits, second; /* exponent of RSA, q of DSA */
		const char *text;      /* NULL: accepted */
	} keys[] = {
		{ GNUTLS_PK_RSA, 2048, 17, NULL },
		{ GNUTLS_PK_RSA, 3072, 3072, NULL },
		{ GNUTLS_PK_RSA, 3073, 64, NULL },
		{ GNUTLS_PK_RSA, 3073, 65, "exponent of the RSA key: expected "
		    "at most 64 bits, found 65" },
		{ GNUTLS_PK_RSA_PSS, 3073, 64, NULL },
		{ GNUTLS_PK_RSA_PSS, 3073, 3073, "exponent of the RSA key: "
		    "expected at most 64 bits, found 3073" },
		{ GNUTLS_PK_RSA, 16384, 17, NULL },
		{ GNUTLS_PK_RSA, 16385, 17, "public key: expected at most "
		    "16384 bits, found 16385" },
		{ GNUTLS_PK_RSA_PSS, 16385, 17, "public key: expected at most "
		    "16384 bits, found 16385" },
		{ GNUTLS_PK_DSA, 3072, 256, NULL },
		{ GNUTLS_PK_DSA, 3073, 256, "DSA key: expected at most 3072 "
		    "bits, found 3073" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		gnutls_x509_crt_t crt = with_key(keys[i].algorithm,
		    keys[i].bits, keys[i].second);
		struct error err = {0};

		assert_int_equal(certificate_check_key(crt, &err),
		    keys[i].text == NULL ? 0 : -1);
		gnutls_x509_crt_deinit(crt);
		if (keys[i].text == NULL)
			continue;
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_memory_equal(err.text, "certificate: ", 13);
		assert_string_equal(err.text + 13, keys[i].text);
		assert_string_equal(err.hint, CERTIFICATE_INTERCEPTED);
	}
}

static void
a_key_that_cannot_be_read_is_refused(void **state)
{
	static const char text[] = "certificate: expected a public key, "
	    "found one that cannot be read";
	struct error err = {0}, other = {0};
	gnutls_x509_crt_t crt;

	(void)state;
	OK(gnutls_x509_crt_init(&crt));
	assert_int_equal(certificate_check_key(crt, &err), -1);
	assert_string_equal(err.text, text);
	gnutls_x509_crt_deinit(crt);
	crt = with_key(GNUTLS_PK_RSA, 4096, 17);
	no_raw_key = 1;
	assert_int_equal(certificate_check_key(crt, &other), -1);
	no_raw_key = 0;
	assert_string_equal(other.text, text);
	gnutls_x509_crt_deinit(crt);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fingerprints_are_read_in_any_usual_form),
		cmocka_unit_test(a_date_is_in_utc_and_may_be_unknown),
		cmocka_unit_test(names_are_of_hosts_and_addresses),
		cmocka_unit_test(a_list_of_names_is_bounded),
		cmocka_unit_test(a_name_that_is_missing_is_empty),
		cmocka_unit_test(a_key_that_takes_long_is_refused),
		cmocka_unit_test(a_key_that_cannot_be_read_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
