/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"

#define SHA1_DIGITS 40
#define SHA256_DIGITS 64

/* The limits of OpenSSL for RSA, and of FIPS 186-4 for DSA. */
#define RSA_BITS_MAX 16384
#define DSA_BITS_MAX 3072
#define EXPONENT_BITS_MAX 64
/* RSA keys up to this length may have any exponent. */
#define SHORT_RSA_BITS 3072

gnutls_x509_crt_t
certificate_at(gnutls_session_t session, unsigned index)
{
	unsigned count = 0;
	const gnutls_datum_t *peers =
	    gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t certificate;

	if (peers == NULL || index >= count ||
	    gnutls_x509_crt_init(&certificate) < 0)
		return NULL;
	if (gnutls_x509_crt_import(certificate, &peers[index],
	    GNUTLS_X509_FMT_DER) >= 0)
		return certificate;
	gnutls_x509_crt_deinit(certificate);
	return NULL;
}

gnutls_x509_crt_t
certificate_of_server(gnutls_session_t session)
{
	return certificate_at(session, 0);
}

char *
certificate_date(char *out, time_t moment)
{
	struct tm utc;

	if (moment == (time_t)-1 || gmtime_r(&moment, &utc) == NULL ||
	    strftime(out, CERTIFICATE_DATE, "%Y-%m-%d %H:%M:%SZ", &utc) == 0)
		snprintf(out, CERTIFICATE_DATE, "unknown date");
	return out;
}

char *
certificate_name(char *out, size_t size, gnutls_x509_crt_t certificate,
	enum certificate_name which)
{
	gnutls_datum_t text = { NULL, 0 };
	int result = which == CERTIFICATE_SUBJECT
	    ? gnutls_x509_crt_get_dn3(certificate, &text, 0)
	    : gnutls_x509_crt_get_issuer_dn3(certificate, &text, 0);

	out[0] = '\0';
	if (result < 0)
		return out;
	escape(out, size, (const char *)text.data, text.size);
	gnutls_free(text.data);
	return out;
}

/* Adds one name of the certificate to the list. */
static void
list_name(struct buffer *list, unsigned type, const unsigned char *name,
	size_t len)
{
	char text[ESCAPE_QUOTE];
	int family = len == 4 ? AF_INET : AF_INET6;

	if (type == GNUTLS_SAN_DNSNAME)
		escape(text, sizeof(text), (const char *)name, len);
	else if ((len != 4 && len != 16) ||
	    inet_ntop(family, name, text, sizeof(text)) == NULL)
		return;
	/* Omits names that do not fit. */
	(void)buffer_addf(list, "%s%s", list->len > 0 ? ", " : "", text);
}

unsigned
certificate_names(struct buffer *list, gnutls_x509_crt_t certificate)
{
	unsigned char name[512];
	unsigned dns = 0;

	list->max = 400;
	for (unsigned i = 0;; i++) {
		size_t len = sizeof(name);
		unsigned type = 0;
		int result = gnutls_x509_crt_get_subject_alt_name2(
		    certificate, i, name, &len, &type, NULL);

		if (result == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (result < 0)
			return dns;
		if (type == GNUTLS_SAN_DNSNAME)
			dns++;
		if (type == GNUTLS_SAN_DNSNAME ||
		    type == GNUTLS_SAN_IPADDRESS)
			list_name(list, type, name, len);
	}
}

/* Returns the length of a number, most significant octet first. */
static unsigned
count_bits(const gnutls_datum_t *number)
{
	const unsigned char *first = number->data;
	unsigned n = number->size, bits = 0;

	for (; n > 0 && *first == 0; n--)
		first++;
	if (n == 0)
		return 0;
	for (unsigned octet = *first; octet > 0; octet >>= 1)
		bits++;
	return (n - 1) * 8 + bits;
}

static int
refuse_key(struct error *err, const char *part, unsigned max, unsigned found)
{
	fail(err, EX_PROTOCOL, "certificate: %s: expected at most %u bits, "
	    "found %u", part, max, found);
	return hint(err, CERTIFICATE_INTERCEPTED);
}

static int
refuse_unreadable(struct error *err)
{
	return fail(err, EX_PROTOCOL, "certificate: expected a public key, "
	    "found one that cannot be read");
}

static int
check_exponent(gnutls_x509_crt_t certificate, struct error *err)
{
	gnutls_datum_t modulus, exponent;
	unsigned bits;

	if (gnutls_x509_crt_get_pk_rsa_raw(certificate, &modulus,
	    &exponent) < 0)
		return refuse_unreadable(err);
	bits = count_bits(&exponent);
	gnutls_free(modulus.data);
	gnutls_free(exponent.data);
	return bits <= EXPONENT_BITS_MAX ? 0
	    : refuse_key(err, "exponent of the RSA key", EXPONENT_BITS_MAX,
	    bits);
}

int
certificate_check_key(gnutls_x509_crt_t certificate, struct error *err)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);

	if (algorithm < 0)
		return refuse_unreadable(err);
	if (algorithm == GNUTLS_PK_DSA && bits > DSA_BITS_MAX)
		return refuse_key(err, "DSA key", DSA_BITS_MAX, bits);
	if (bits > RSA_BITS_MAX)
		return refuse_key(err, "public key", RSA_BITS_MAX, bits);
	if ((algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS) &&
	    bits > SHORT_RSA_BITS)
		return check_exponent(certificate, err);
	return 0;
}

int
certificate_check_keys(gnutls_session_t session, struct error *err)
{
	unsigned count = 0;
	int result = 0;

	if (gnutls_certificate_get_peers(session, &count) == NULL)
		return 0;
	for (unsigned i = 0; i < count && result == 0; i++) {
		gnutls_x509_crt_t certificate = certificate_at(session, i);

		if (certificate == NULL)
			return refuse_unreadable(err);
		result = certificate_check_key(certificate, err);
		gnutls_x509_crt_deinit(certificate);
	}
	return result;
}

static int
is_hex(char c)
{
	c = ascii_lower(c);
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

char *
certificate_read_fingerprint(const char *text)
{
	static const char spki[] = "spki:";
	int of_key = ascii_begins(text, spki);
	struct buffer out = {0};
	size_t digits = 0;

	if (of_key) {
		buffer_add_string(&out, spki);
		text += strlen(spki);
	}
	for (; *text != '\0'; text++) {
		if (digits % 2 == 0 && digits > 0 &&
		    (*text == ':' || ascii_is_blank(*text)))
			continue;
		if (!is_hex(*text))
			break;
		if (digits > 0 && digits % 2 == 0)
			buffer_add_char(&out, ':');
		buffer_add_char(&out, ascii_upper(*text));
		digits++;
	}
	if (*text == '\0' && (digits == SHA256_DIGITS ||
	    (digits == SHA1_DIGITS && !of_key)))
		return buffer_string(&out);
	buffer_free(&out);
	return NULL;
}

/* Writes octets as "AA:BB". */
static void
write_fingerprint(char *out, const unsigned char *octets, size_t len)
{
	out[0] = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(out + 3 * i, 4, "%02X%s", octets[i],
		    i + 1 < len ? ":" : "");
}

void
certificate_fingerprints(struct certificate_fingerprints *f,
	gnutls_x509_crt_t certificate)
{
	unsigned char octets[32];
	size_t len = sizeof(octets);

	memset(f, 0, sizeof(*f));
	memcpy(f->spki, "spki:", 5);
	if (gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256,
	    octets, &len) >= 0)
		write_fingerprint(f->spki + 5, octets, len);
	len = sizeof(octets);
	if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256,
	    octets, &len) >= 0)
		write_fingerprint(f->sha256, octets, len);
	len = sizeof(octets);
	if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA1,
	    octets, &len) >= 0)
		write_fingerprint(f->sha1, octets, len);
}

/* Returns 1 if they match, 0 if not, -1 with EX_CONFIG if the text is not a
 * fingerprint. */
static int
matches(const struct certificate_fingerprints *f, const char *text,
	struct error *err)
{
	char quote[ESCAPE_QUOTE];
	char *wanted = certificate_read_fingerprint(text);
	int result;

	if (wanted == NULL)
		return fail(err, EX_CONFIG, "tls_fingerprint: expected a "
		    "SHA-256 fingerprint (64 hexadecimal digits), not \"%s\"",
		    escape_string(quote, sizeof(quote), text));
	result = strcmp(wanted, f->sha256) == 0 ||
	    strcmp(wanted, f->spki) == 0 || strcmp(wanted, f->sha1) == 0;
	free(wanted);
	return result;
}

int
certificate_match(gnutls_session_t session, const char *const *fingerprints,
	struct error *err)
{
	gnutls_x509_crt_t certificate = certificate_of_server(session);
	struct certificate_fingerprints f;
	int matched = 0;

	if (certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	certificate_fingerprints(&f, certificate);
	gnutls_x509_crt_deinit(certificate);
	for (; *fingerprints != NULL && matched == 0; fingerprints++)
		matched = matches(&f, *fingerprints, err);
	if (matched != 0)
		return matched > 0 ? 0 : -1;
	fail(err, EX_PROTOCOL, "certificate verification failed: fingerprint "
	    "mismatch: server has %s and %s", f.sha256, f.spki);
	return hint(err, CERTIFICATE_CHANGED);
}
