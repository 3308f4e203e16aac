/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/verify.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "format/domain.h"
#include "tls/certificate.h"
#include "tls/fingerprint.h"
#include "tls/staple.h"
#include "tls/tls_transport.h"

#define REPLACE "the server's operator has to replace the certificate"
#define BETWEEN "somebody may be in between: ask the server's operator"
#define STAPLING "the server's operator has to mend its OCSP stapling"
#define CLOCK "if that is not so, set this machine's clock"

/* Why a connection is refused, as a list; and what to do about it. */
struct verification {
	gnutls_session_t session;
	gnutls_x509_crt_t certificate;
	const char *name;
	const char *unknown;      /* advice on an unknown issuer, or NULL */
	unsigned status;          /* of GnuTLS and staple.h, as bits */
	struct buffer reasons;
	char advice[200];
};

static void
advise(struct verification *v, const char *advice)
{
	if (v->advice[0] == '\0')
		snprintf(v->advice, sizeof(v->advice), "%s", advice);
}

static void
add_name(struct verification *v)
{
	struct buffer names = {0};
	char quote[ESCAPE_QUOTE];

	certificate_names(&names, v->certificate);
	escape_string(quote, sizeof(quote), v->name);
	if (names.len > 0) {
		buffer_addf(&v->reasons, "name mismatch: certificate is for "
		    "%s, not %s", buffer_string(&names), quote);
		advise(v, "if that is the server's right name, set "
		    "tls_host_override to it");
	} else {
		buffer_add_string(&v->reasons, "certificate has no DNS name");
		advise(v, REPLACE);
	}
	buffer_free(&names);
}

static void
add_issuer(struct verification *v)
{
	char issuer[256], sha256[FINGERPRINT_TEXT], spki[FINGERPRINT_TEXT];

	peer_name(issuer, sizeof(issuer), v->certificate, PEER_ISSUER);
	if (gnutls_x509_crt_check_issuer(v->certificate, v->certificate))
		buffer_addf(&v->reasons, "certificate issuer unknown: it is "
		    "self-signed");
	else
		buffer_addf(&v->reasons, "certificate issuer unknown: %s",
		    issuer);
	if (v->unknown != NULL)
		advise(v, v->unknown);
	certificate_fingerprints(v->certificate, sha256, spki);
	if (v->advice[0] == '\0')
		snprintf(v->advice, sizeof(v->advice), "set tls_trust_file to "
		    "the issuer's certificate, or tls_fingerprint if it is "
		    "%s", sha256);
}

/* Of which certificate GnuTLS speaks it does not tell. */
static void
add_date(struct verification *v, const char *words,
	time_t (*get)(gnutls_x509_crt_t), int after)
{
	time_t now = time(NULL);
	char date[PEER_DATE];

	buffer_addf(&v->reasons, "%s", words);
	for (unsigned i = 0;; i++) {
		gnutls_x509_crt_t c = peer_certificate_at(v->session, i);
		time_t moment;

		if (c == NULL)
			break;
		moment = get(c);
		gnutls_x509_crt_deinit(c);
		if (after ? now <= moment : now >= moment)
			continue;
		buffer_addf(&v->reasons, " (%s%s)",
		    i > 0 ? "that of an issuer: " : "",
		    certificate_date(date, moment));
		break;
	}
	advise(v, CLOCK);
}

static void
add_expired(struct verification *v)
{
	add_date(v, "certificate expired",
	    gnutls_x509_crt_get_expiration_time, 1);
}

static void
add_early(struct verification *v)
{
	add_date(v, "certificate not yet valid",
	    gnutls_x509_crt_get_activation_time, 0);
}

static void
add_algorithm(struct verification *v)
{
	unsigned bits = 0;
	int key = gnutls_x509_crt_get_pk_algorithm(v->certificate, &bits);
	int signature =
	    gnutls_x509_crt_get_signature_algorithm(v->certificate);

	buffer_addf(&v->reasons, "certificate uses an insecure algorithm: "
	    "%s key of %u bits, signed with %s",
	    gnutls_pk_get_name((gnutls_pk_algorithm_t)key), bits,
	    gnutls_sign_get_name((gnutls_sign_algorithm_t)signature));
	advise(v, REPLACE);
}

static const struct {
	unsigned bit;
	void (*add)(struct verification *v);  /* or: */
	const char *words, *advice;
} reasons[] = {
	{ GNUTLS_CERT_REVOKED, NULL, "certificate revoked",
	    "its issuer has withdrawn it: ask the server's operator" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, NULL,
	    "certificate signature is wrong", BETWEEN },
	{ GNUTLS_CERT_EXPIRED, add_expired, NULL, NULL },
	{ GNUTLS_CERT_NOT_ACTIVATED, add_early, NULL, NULL },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, add_name, NULL, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, add_issuer, NULL, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, NULL, "certificate issuer is no CA",
	    BETWEEN },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL,
	    "certificate violates its issuer's constraints", REPLACE },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, add_algorithm, NULL, NULL },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, NULL,
	    "certificate has the wrong purpose: it is not for servers",
	    REPLACE },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, NULL,
	    "certificate demands an OCSP staple, the server sent none",
	    STAPLING },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, NULL, "OCSP staple is invalid",
	    STAPLING },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, NULL,
	    "OCSP staple is out of date", STAPLING },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE, NULL,
	    "revocation data are from the future", CLOCK },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, NULL,
	    "certificate has an unknown critical extension", REPLACE },
	{ STAPLE_UNKNOWN, NULL,
	    "OCSP staple: the issuer does not know the certificate",
	    BETWEEN },
	{ STAPLE_EARLY, NULL, "OCSP staple is from the future", CLOCK },
};

static int
refuse(struct verification *v, struct error *err)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (!(v->status & reasons[i].bit))
			continue;
		if (v->reasons.len > 0)
			buffer_add_string(&v->reasons, "; ");
		if (reasons[i].add != NULL) {
			reasons[i].add(v);
			continue;
		}
		buffer_add_string(&v->reasons, reasons[i].words);
		advise(v, reasons[i].advice);
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
lacks_name(const struct verification *v)
{
	struct buffer names = {0};
	unsigned dns = certificate_names(&names, v->certificate);

	buffer_free(&names);
	return dns == 0 && !domain_is_ip(v->name);
}

/* GnuTLS adds bits for what is wrong, and so do we. */
static int
examine(struct verification *v, struct error *err)
{
	gnutls_typed_vdata_st wanted[] = {
		{ GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)v->name, 0 },
		{ GNUTLS_DT_KEY_PURPOSE_OID,
		    (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0 },
	};
	char words[128];
	int result = gnutls_certificate_verify_peers(v->session, wanted, 2,
	    &v->status);

	if (result < 0) {
		fail(err, EX_PROTOCOL, "certificate cannot be verified: %s",
		    tls_transport_words(words, sizeof(words), result));
		return hint(err, REPLACE);
	}
	v->status |= staple_check(v->session);
	if (lacks_name(v))
		v->status |= GNUTLS_CERT_UNEXPECTED_OWNER;
	return v->status == 0 ? 0 : refuse(v, err);
}

int
verify_server(gnutls_session_t session, const char *name,
	const char *unknown, struct error *err)
{
	struct verification v;
	int result;

	memset(&v, 0, sizeof(v));
	v.session = session;
	v.name = name;
	v.unknown = unknown;
	v.certificate = peer_certificate(session);
	if (v.certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	result = examine(&v, err);
	gnutls_x509_crt_deinit(v.certificate);
	return result;
}
