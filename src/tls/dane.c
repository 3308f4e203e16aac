/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/dane.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/buffer.h"
#include "tls/certificate.h"
#include "tls/verify.h"

enum { DANE_TA = 2, DANE_EE = 3 };
enum { SELECT_CERT, SELECT_SPKI };
enum { MATCH_FULL, MATCH_SHA256, MATCH_SHA512 };

/* Returns whether the record's parameters are supported. */
static int
is_usable(const struct tlsa *t)
{
	static const size_t lengths[] = {
		[MATCH_SHA256] = 32, [MATCH_SHA512] = 64
	};

	if ((t->usage != DANE_TA && t->usage != DANE_EE) ||
	    t->selector > SELECT_SPKI || t->matching > MATCH_SHA512)
		return 0;
	return t->matching == MATCH_FULL ? t->len > 0
	    : t->len == lengths[t->matching];
}

/* Gets the public key of a certificate, DER; freed with gnutls_free(). */
static int
select_key(gnutls_datum_t *key, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t certificate;
	gnutls_pubkey_t public;
	int result = gnutls_x509_crt_init(&certificate);

	if (result < 0)
		return -1;
	result = gnutls_pubkey_init(&public);
	if (result >= 0) {
		result = gnutls_x509_crt_import(certificate, der,
		    GNUTLS_X509_FMT_DER);
		if (result >= 0)
			result = gnutls_pubkey_import_x509(public,
			    certificate, 0);
		if (result >= 0)
			result = gnutls_pubkey_export2(public,
			    GNUTLS_X509_FMT_DER, key);
		gnutls_pubkey_deinit(public);
	}
	gnutls_x509_crt_deinit(certificate);
	return result < 0 ? -1 : 0;
}

/* Returns whether the selected data matches the record. */
static int
is_same(const struct tlsa *t, const gnutls_datum_t *selected)
{
	unsigned char digest[64];

	if (t->matching == MATCH_FULL)
		return selected->size == t->len &&
		    memcmp(selected->data, t->data, t->len) == 0;
	if (gnutls_hash_fast(t->matching == MATCH_SHA256 ? GNUTLS_DIG_SHA256
	    : GNUTLS_DIG_SHA512, selected->data, selected->size, digest) < 0)
		return 0;
	return memcmp(digest, t->data, t->len) == 0;
}

static int
matches(const struct tlsa *t, const gnutls_datum_t *der)
{
	gnutls_datum_t key;
	int same;

	if (t->selector == SELECT_CERT)
		return is_same(t, der);
	if (select_key(&key, der) != 0)
		return 0;
	same = is_same(t, &key);
	gnutls_free(key.data);
	return same;
}

/* Adds a certificate as a trust anchor. Returns 1, or 0 if it is not one. */
static int
add_anchor(gnutls_certificate_credentials_t cred, const gnutls_datum_t *der)
{
	gnutls_x509_trust_list_t trusted;
	gnutls_x509_crt_t certificate;

	gnutls_certificate_get_trust_list(cred, &trusted);
	if (gnutls_x509_crt_init(&certificate) < 0)
		return 0;
	if (gnutls_x509_crt_import(certificate, der,
	    GNUTLS_X509_FMT_DER) >= 0 &&
	    gnutls_x509_trust_list_add_cas(trusted, &certificate, 1,
	    GNUTLS_TL_NO_DUPLICATES) == 1)
		return 1;
	gnutls_x509_crt_deinit(certificate);
	return 0;
}

/*
 * Trusts the authorities that the record matches in the chain after the
 * server's own certificate, or the one that the record holds (RFC 7671 5.2.2).
 */
static int
add_anchors(const struct tlsa *t, gnutls_certificate_credentials_t cred,
	const gnutls_datum_t *chain, unsigned count)
{
	int added = 0;

	for (unsigned i = 1; i < count; i++)
		if (matches(t, &chain[i]))
			added += add_anchor(cred, &chain[i]);
	if (added == 0 && t->selector == SELECT_CERT &&
	    t->matching == MATCH_FULL) {
		gnutls_datum_t own = { t->data, (unsigned)t->len };

		added += add_anchor(cred, &own);
	}
	return added;
}

static int
refuse(const struct tlsa_records *records, size_t usable,
	gnutls_session_t session, struct error *err)
{
	gnutls_x509_crt_t certificate = certificate_of_server(session);
	struct certificate_fingerprints f;

	if (usable == 0) {
		fail(err, EX_PROTOCOL, "none of %zu TLSA records is usable: "
		    "expected usage 2 (DANE-TA) or 3 (DANE-EE)", records->n);
	} else if (certificate == NULL) {
		fail(err, EX_PROTOCOL, "server sent no certificate");
	} else {
		certificate_fingerprints(&f, certificate);
		fail(err, EX_PROTOCOL, "certificate verification failed: "
		    "server matches none of %zu TLSA records: it has %s",
		    usable, f.spki);
		hint(err, CERTIFICATE_CHANGED);
	}
	if (certificate != NULL)
		gnutls_x509_crt_deinit(certificate);
	return -1;
}

int
dane_check(const struct tlsa_records *records, gnutls_session_t session,
	gnutls_certificate_credentials_t cred, const char *name,
	struct error *err)
{
	unsigned count = 0;
	const gnutls_datum_t *chain =
	    gnutls_certificate_get_peers(session, &count);
	size_t usable = 0;
	int anchors = 0;

	for (size_t i = 0; i < records->n; i++) {
		const struct tlsa *t = &records->at[i];

		if (!is_usable(t))
			continue;
		usable++;
		if (t->usage == DANE_TA)
			anchors += add_anchors(t, cred, chain, count);
		else if (count > 0 && matches(t, &chain[0]))
			return 0;
	}
	return anchors > 0
	    ? verify_server(session, name, CERTIFICATE_CHANGED, err)
	    : refuse(records, usable, session, err);
}
