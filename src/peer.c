/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "escape.h"
#include "fingerprint.h"
#include "record.h"

/* The certificate at that place of what the server sent, or NULL. */
static gnutls_x509_crt_t
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
peer_certificate(gnutls_session_t session)
{
	return certificate_at(session, 0);
}

char *
peer_date(char *out, time_t moment)
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

int
peer_is_address(const char *name)
{
	unsigned char octets[16];

	return inet_pton(AF_INET, name, octets) == 1 ||
	    inet_pton(AF_INET6, name, octets) == 1;
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

/* The certificate's names, DNS and IP; *dns counts the DNS ones. */
static void
list_names(struct buffer *list, gnutls_x509_crt_t certificate, unsigned *dns)
{
	unsigned char name[512];

	*dns = 0;
	list->max = 400;
	for (unsigned i = 0;; i++) {
		size_t len = sizeof(name);
		unsigned type = 0;
		int result = gnutls_x509_crt_get_subject_alt_name2(
		    certificate, i, name, &len, &type, NULL);

		if (result == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (result < 0)
			return;
		if (type == GNUTLS_SAN_DNSNAME)
			++*dns;
		if (type == GNUTLS_SAN_DNSNAME ||
		    type == GNUTLS_SAN_IPADDRESS)
			list_name(list, type, name, len);
	}
}

/* Why a connection is refused, as a list; and what to do about it. */
struct verdict {
	gnutls_session_t session;
	gnutls_x509_crt_t certificate;
	const char *name;
	unsigned status;          /* of GnuTLS */
	struct buffer reasons;
	char advice[200];
};

static void
advise(struct verdict *v, const char *advice)
{
	if (v->advice[0] == '\0')
		snprintf(v->advice, sizeof(v->advice), "%s", advice);
}

static void
add_name(struct verdict *v)
{
	struct buffer names = {0};
	char quote[ESCAPE_QUOTE];
	unsigned dns;

	list_names(&names, v->certificate, &dns);
	escape_string(quote, sizeof(quote), v->name);
	if (names.len > 0)
		buffer_addf(&v->reasons, "name mismatch: certificate is for "
		    "%s, not %s", buffer_string(&names), quote);
	else
		buffer_addf(&v->reasons, "certificate has no DNS name");
	advise(v, "if that is the server's right name, set tls_host_override "
	    "to it");
	buffer_free(&names);
}

static void
add_issuer(struct verdict *v)
{
	char issuer[256], sha256[FINGERPRINT_TEXT], spki[FINGERPRINT_TEXT];

	peer_name(issuer, sizeof(issuer), v->certificate, PEER_ISSUER);
	if (gnutls_x509_crt_check_issuer(v->certificate, v->certificate))
		buffer_addf(&v->reasons, "certificate issuer unknown: it is "
		    "self-signed");
	else
		buffer_addf(&v->reasons, "certificate issuer unknown: %s",
		    issuer);
	peer_fingerprints(v->certificate, sha256, spki);
	if (v->advice[0] == '\0')
		snprintf(v->advice, sizeof(v->advice), "set tls_trust_file to "
		    "the issuer's certificate, or tls_fingerprint if it is "
		    "%s", sha256);
}

/* Of which certificate GnuTLS speaks it does not tell. */
static void
add_date(struct verdict *v, const char *words,
	time_t (*get)(gnutls_x509_crt_t), int after)
{
	time_t now = time(NULL);
	char date[PEER_DATE];

	buffer_addf(&v->reasons, "%s", words);
	for (unsigned i = 0;; i++) {
		gnutls_x509_crt_t c = certificate_at(v->session, i);
		time_t moment;

		if (c == NULL)
			break;
		moment = get(c);
		gnutls_x509_crt_deinit(c);
		if (after ? now <= moment : now >= moment)
			continue;
		buffer_addf(&v->reasons, " (%s%s)",
		    i > 0 ? "that of an issuer: " : "",
		    peer_date(date, moment));
		break;
	}
	advise(v, "if that is not so, set this machine's clock");
}

static void
add_expired(struct verdict *v)
{
	add_date(v, "certificate expired",
	    gnutls_x509_crt_get_expiration_time, 1);
}

static void
add_early(struct verdict *v)
{
	add_date(v, "certificate not yet valid",
	    gnutls_x509_crt_get_activation_time, 0);
}

static void
add_algorithm(struct verdict *v)
{
	unsigned bits = 0;
	int key = gnutls_x509_crt_get_pk_algorithm(v->certificate, &bits);
	int signature =
	    gnutls_x509_crt_get_signature_algorithm(v->certificate);

	buffer_addf(&v->reasons, "certificate uses an insecure algorithm: "
	    "%s key of %u bits, signed with %s",
	    gnutls_pk_get_name((gnutls_pk_algorithm_t)key), bits,
	    gnutls_sign_get_name((gnutls_sign_algorithm_t)signature));
}

static const struct {
	unsigned bit;
	const char *words;               /* or: */
	void (*add)(struct verdict *v);
} reasons[] = {
	{ GNUTLS_CERT_REVOKED, "certificate revoked", NULL },
	{ GNUTLS_CERT_SIGNATURE_FAILURE,
	    "certificate signature is wrong", NULL },
	{ GNUTLS_CERT_EXPIRED, NULL, add_expired },
	{ GNUTLS_CERT_NOT_ACTIVATED, NULL, add_early },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, NULL, add_name },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, NULL, add_issuer },
	{ GNUTLS_CERT_SIGNER_NOT_CA, "certificate issuer is no CA", NULL },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
	    "certificate violates its issuer's constraints", NULL },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, NULL, add_algorithm },
	{ GNUTLS_CERT_PURPOSE_MISMATCH,
	    "certificate has the wrong purpose: it is not for servers",
	    NULL },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS,
	    "certificate demands an OCSP staple, the server sent none",
	    NULL },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, "OCSP staple is invalid", NULL },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED,
	    "revocation data are too old", NULL },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
	    "revocation data are from the future", NULL },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,
	    "certificate has an unknown critical extension", NULL },
};

static int
refuse(struct verdict *v, struct error *err)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (!(v->status & reasons[i].bit))
			continue;
		if (v->reasons.len > 0)
			buffer_add_string(&v->reasons, "; ");
		if (reasons[i].add != NULL)
			reasons[i].add(v);
		else
			buffer_add_string(&v->reasons, reasons[i].words);
	}
	if (v->reasons.len == 0)
		buffer_addf(&v->reasons, "certificate not trusted, status "
		    "0x%x", v->status);
	fail(err, EX_PROTOCOL, "%s", buffer_string(&v->reasons));
	if (v->advice[0] != '\0')
		hint(err, "%s", v->advice);
	buffer_free(&v->reasons);
	return -1;
}

/* GnuTLS falls back to the common name; RFC 9525 does not. */
static int
lacks_name(const struct verdict *v)
{
	struct buffer names = {0};
	unsigned dns;

	if (peer_is_address(v->name))
		return 0;
	list_names(&names, v->certificate, &dns);
	buffer_free(&names);
	return dns == 0;
}

int
peer_verify(gnutls_session_t session, const char *name, struct error *err)
{
	struct verdict v;
	gnutls_typed_vdata_st wanted[] = {
		{ GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)name, 0 },
		{ GNUTLS_DT_KEY_PURPOSE_OID,
		    (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0 },
	};
	char words[128];
	int result;

	memset(&v, 0, sizeof(v));
	v.session = session;
	v.name = name;
	v.certificate = peer_certificate(session);
	if (v.certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	result = gnutls_certificate_verify_peers(session, wanted, 2,
	    &v.status);
	if (result < 0)
		fail(err, EX_PROTOCOL, "certificate cannot be verified: %s",
		    record_words(words, sizeof(words), result));
	else if (lacks_name(&v))
		v.status |= GNUTLS_CERT_UNEXPECTED_OWNER;
	if (result >= 0 && v.status != 0)
		result = refuse(&v, err);
	gnutls_x509_crt_deinit(v.certificate);
	return result < 0 ? -1 : 0;
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
peer_fingerprints(gnutls_x509_crt_t certificate, char *sha256, char *spki)
{
	unsigned char octets[32];
	size_t len = compute(certificate, FINGERPRINT_SHA256, octets);

	fingerprint_text(sha256, octets, len);
	len = compute(certificate, FINGERPRINT_SPKI, octets);
	fingerprint_text(spki, octets, len);
}

int
peer_match(gnutls_session_t session, const char *const *fingerprints,
	struct error *err)
{
	gnutls_x509_crt_t certificate = peer_certificate(session);
	char sha256[FINGERPRINT_TEXT], spki[FINGERPRINT_TEXT];
	int matched = 0;

	if (certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	peer_fingerprints(certificate, sha256, spki);
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
