/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "tls/fingerprint.h"

gnutls_x509_crt_t
peer_certificate_at(gnutls_session_t session, unsigned index)
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
peer_certificate(gnutls_session_t session)
{
	return peer_certificate_at(session, 0);
}

char *
certificate_date(char *out, time_t moment)
{
	struct tm utc;

	if (moment == (time_t)-1 || gmtime_r(&moment, &utc) == NULL ||
	    strftime(out, PEER_DATE, "%Y-%m-%d %H:%M:%SZ", &utc) == 0)
		snprintf(out, PEER_DATE, "unknown date");
	return out;
}

char *
peer_name(char *out, size_t size, gnutls_x509_crt_t certificate,
	enum peer_name which)
{
	gnutls_datum_t text = { NULL, 0 };
	int result = which == PEER_SUBJECT
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
	/* What does not fit is left out. */
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

/* A fingerprint of the certificate; its length, 0 if it cannot be made. */
static size_t
compute(gnutls_x509_crt_t certificate, enum fingerprint_of of,
	unsigned char octets[32])
{
	size_t len = 32;
	int result = of == FINGERPRINT_SPKI
	    ? gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256,
	    octets, &len)
	    : gnutls_x509_crt_get_fingerprint(certificate,
	    of == FINGERPRINT_SHA1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256,
	    octets, &len);

	return result < 0 ? 0 : len;
}

void
certificate_fingerprints(gnutls_x509_crt_t certificate, char *sha256,
    char *spki)
{
	unsigned char octets[32];
	size_t len = compute(certificate, FINGERPRINT_SHA256, octets);

	fingerprint_text(sha256, octets, len);
	len = compute(certificate, FINGERPRINT_SPKI, octets);
	fingerprint_text(spki, octets, len);
}

int
certificate_match(gnutls_session_t session, const char *const *fingerprints,
	struct error *err)
{
	gnutls_x509_crt_t certificate = peer_certificate(session);
	char sha256[FINGERPRINT_TEXT], spki[FINGERPRINT_TEXT];
	int matched = 0;

	if (certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	certificate_fingerprints(certificate, sha256, spki);
	for (; *fingerprints != NULL && matched == 0; fingerprints++) {
		struct fingerprint f;
		unsigned char octets[32];

		if (fingerprint_parse(&f, *fingerprints, err) != 0)
			matched = -1;
		else if (compute(certificate, f.of, octets) == f.len)
			matched = memcmp(octets, f.octets, f.len) == 0;
	}
	gnutls_x509_crt_deinit(certificate);
	if (matched == 0) {
		fail(err, EX_PROTOCOL, "fingerprint mismatch (got %s, or "
		    "spki:%s)", sha256, spki);
		hint(err, "has the server a new certificate, or is somebody "
		    "in between? ask its operator");
	}
	return matched == 1 ? 0 : -1;
}
