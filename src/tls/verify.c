/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/verify.h"

#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "format/domain.h"
#include "tls/certificate.h"
#include "tls/tls_transport.h"

#define REPLACE "the server's operator must replace the certificate"
#define STAPLING "the server's operator must repair its OCSP stapling"
#define CLOCK "if the date is wrong, set this machine's clock"

/* Bits in addition to those of gnutls_certificate_status_t: the issuer does not
 * know the certificate; the staple is from the future. */
#define STAPLE_UNKNOWN (1u << 30)
#define STAPLE_EARLY (1u << 31)
/* Tolerance for differing clocks, seconds. */
#define SLOP (24 * 60 * 60)

/* A verification in progress: the reasons for a refusal, and advice. */
struct verification {
	gnutls_session_t session;
	gnutls_x509_crt_t certificate;
	const char *name;
	const char *unknown;      /* advice on an unknown issuer, or NULL */
	unsigned status;          /* of GnuTLS and STAPLE_..., as bits */
	struct buffer reasons;
	char advice[600];
};

static void
advise(struct verification *v, const char *advice)
{
	if (v->advice[0] == '\0')
		snprintf(v->advice, sizeof(v->advice), "%s", advice);
}

/* Returns whether the server is on this machine, such as Proton's bridge, where
 * nobody can intercept connections and no authority issues certificates. */
static int
is_local(const char *name)
{
	return ascii_equal(name, "localhost") || ascii_begins(name, "127.") ||
	    strcmp(name, "::1") == 0;
}

static void
advise_pin(struct verification *v, const char *before)
{
	struct certificate_fingerprints f;

	if (v->advice[0] != '\0')
		return;
	if (v->unknown != NULL) { /* DANE allows no other pin */
		advise(v, REPLACE);
		return;
	}
	certificate_fingerprints(&f, v->certificate);
	snprintf(v->advice, sizeof(v->advice), "%sset tls_trust tofu, or "
	    "tls_fingerprint %s", before, f.sha256);
}

/*
 * Returns the domain whose hosts are assumed to have one operator: example.org
 * for smtp.example.org. Without a list of public suffixes, co.uk is also
 * treated as such a domain.
 */
static const char *
operator_domain(const char *host)
{
	const char *parent = strchr(host, '.');
	const char *top;

	if (parent == NULL || (top = strchr(++parent, '.')) == NULL)
		return host;
	return top - parent <= 3 && strlen(top) == 3 ? host : parent;
}

/* Finds a name of the certificate in the host's own domain. Returns 1 or 0. */
static int
find_sibling(const struct verification *v, char *out, size_t size)
{
	const char *domain = operator_domain(v->name);

	for (unsigned i = 0;; i++) {
		size_t len = size - 1;
		int type = gnutls_x509_crt_get_subject_alt_name(
		    v->certificate, i, out, &len, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (type != GNUTLS_SAN_DNSNAME || len >= size)
			continue;
		out[len] = '\0';
		if (strlen(out) == len && domain_is_ldh(out) &&
		    domain_is_within(out, domain))
			return 1;
	}
}

static void
advise_name(struct verification *v)
{
	char sibling[256], advice[64 + 2 * sizeof(sibling)];

	if (is_local(v->name)) {
		advise_pin(v, "");
	} else if (domain_is_ip(v->name)) {
		advise(v, "set host to the server's name: the certificate "
		    "does not contain the address");
	} else if (find_sibling(v, sibling, sizeof(sibling))) {
		snprintf(advice, sizeof(advice), "if %s is the same server, "
		    "set tls_host_override %s", sibling, sibling);
		advise(v, advice);
	} else {
		advise(v, "check host; if it is right, a network portal, proxy "
		    "or virus scanner intercepts the connection");
	}
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
		advise_name(v);
	} else {
		buffer_add_string(&v->reasons,
		    "certificate has no subjectAltName");
		advise_pin(v, is_local(v->name) ? ""
		    : REPLACE "; until then ");
	}
	buffer_free(&names);
}

static void
add_issuer(struct verification *v)
{
	struct certificate_fingerprints f;
	char issuer[256];

	certificate_name(issuer, sizeof(issuer), v->certificate,
	    CERTIFICATE_ISSUER);
	if (gnutls_x509_crt_check_issuer(v->certificate, v->certificate))
		buffer_add_string(&v->reasons, "certificate issuer unknown: "
		    "it is self-signed");
	else
		buffer_addf(&v->reasons, "certificate issuer unknown: %s",
		    issuer);
	if (v->unknown != NULL)
		advise(v, v->unknown);
	if (is_local(v->name))
		advise_pin(v, "");
	if (v->advice[0] != '\0')
		return;
	certificate_fingerprints(&f, v->certificate);
	snprintf(v->advice, sizeof(v->advice), "set tls_trust_file to the "
	    "issuer's certificate, or tls_fingerprint if it is %s", f.sha256);
}

/* GnuTLS does not say which certificate of the chain it means. */
static void
add_date(struct verification *v, const char *words,
	time_t (*get)(gnutls_x509_crt_t), int after)
{
	time_t now = time(NULL);
	char date[CERTIFICATE_DATE];

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
		    i > 0 ? "issuer certificate: " : "",
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
	    "the issuer has revoked it: ask the server's operator" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, NULL,
	    "certificate signature is invalid", CERTIFICATE_INTERCEPTED },
	{ GNUTLS_CERT_EXPIRED, add_expired, NULL, NULL },
	{ GNUTLS_CERT_NOT_ACTIVATED, add_early, NULL, NULL },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, add_name, NULL, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, add_issuer, NULL, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, NULL, "certificate issuer is not a CA",
	    CERTIFICATE_INTERCEPTED },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL,
	    "certificate violates its issuer's constraints", REPLACE },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, add_algorithm, NULL, NULL },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, NULL,
	    "certificate has the wrong purpose: it is not for servers",
	    REPLACE },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, NULL,
	    "certificate requires an OCSP staple, but the server sent none",
	    STAPLING },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, NULL, "OCSP staple is invalid",
	    STAPLING },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, NULL,
	    "OCSP staple is out of date", STAPLING },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE, NULL,
	    "revocation data is dated in the future", CLOCK },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, NULL,
	    "certificate has an unknown critical extension", REPLACE },
	{ STAPLE_UNKNOWN, NULL,
	    "OCSP staple: the issuer does not know the certificate",
	    CERTIFICATE_INTERCEPTED },
	{ STAPLE_EARLY, NULL, "OCSP staple is dated in the future", CLOCK },
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
		buffer_addf(&v->reasons, "GnuTLS status 0x%x", v->status);
	fail(err, EX_PROTOCOL, "certificate verification failed: %s",
	    buffer_string(&v->reasons));
	if (v->advice[0] != '\0')
		hint(err, "%s", v->advice);
	buffer_free(&v->reasons);
	return -1;
}

/* Checks the response of a staple; one without a response counts as missing. */
static unsigned
judge_staple(gnutls_ocsp_resp_t response)
{
	unsigned status;
	time_t since;

	if (gnutls_ocsp_resp_get_status(response) !=
	    GNUTLS_OCSP_RESP_SUCCESSFUL ||
	    gnutls_ocsp_resp_get_single(response, 0, NULL, NULL, NULL, NULL,
	    &status, &since, NULL, NULL, NULL) < 0)
		return 0;
	if (status == GNUTLS_OCSP_CERT_UNKNOWN)
		return STAPLE_UNKNOWN;
	return since != (time_t)-1 && since > time(NULL) + SLOP
	    ? STAPLE_EARLY : 0;
}

/* Returns the staple of the certificate at index in the server's chain, or
 * NULL. The caller frees it. */
static gnutls_ocsp_resp_t
staple_at(gnutls_session_t session, unsigned index)
{
	gnutls_ocsp_resp_t response;
	gnutls_datum_t der;

	if (gnutls_ocsp_status_request_get2(session, index, &der) < 0 ||
	    gnutls_ocsp_resp_init(&response) < 0)
		return NULL;
	if (gnutls_ocsp_resp_import(response, &der) >= 0)
		return response;
	gnutls_ocsp_resp_deinit(response);
	return NULL;
}

/* Checks the keys of the certificates that a staple brings with it. */
static int
check_signers(gnutls_ocsp_resp_t staple, struct error *err)
{
	gnutls_x509_crt_t *certificates;
	size_t count;
	int result = 0;

	if (gnutls_ocsp_resp_get_certs(staple, &certificates, &count) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (result == 0)
			result = certificate_check_key(certificates[i], err);
		gnutls_x509_crt_deinit(certificates[i]);
	}
	gnutls_free(certificates);
	return result;
}

/* The signer's key may be that of an authority which nobody trusts: GnuTLS
 * verifies the staple before the chain. */
static int
check_staple_keys(gnutls_session_t session, struct error *err)
{
	unsigned count = 0;
	int result = 0;

	(void)gnutls_certificate_get_peers(session, &count);
	for (unsigned i = 0; i < count && result == 0; i++) {
		gnutls_ocsp_resp_t staple = staple_at(session, i);

		if (staple == NULL)
			continue;
		result = check_signers(staple, err);
		gnutls_ocsp_resp_deinit(staple);
	}
	return result;
}

/*
 * OCSP staples (RFC 6960, RFC 8446 4.4.2.1): GnuTLS asks for them, checks their
 * signatures and refuses revoked and outdated ones. Returns the other faults of
 * genuine staples as bits.
 */
static unsigned
check_staples(gnutls_session_t session)
{
	unsigned count = 0, result = 0;

	(void)gnutls_certificate_get_peers(session, &count);
	for (unsigned i = 0; i < count; i++) {
		gnutls_ocsp_resp_t staple = staple_at(session, i);

		if (staple == NULL)
			continue;
		result |= judge_staple(staple);
		gnutls_ocsp_resp_deinit(staple);
	}
	return result;
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

/* Adds bits to those of GnuTLS. */
static int
examine(struct verification *v, struct error *err)
{
	gnutls_typed_vdata_st wanted[] = {
		{ GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)v->name, 0 },
		{ GNUTLS_DT_KEY_PURPOSE_OID,
		    (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0 },
	};
	char words[128];
	int result;

	if (check_staple_keys(v->session, err) != 0)
		return -1;
	result = gnutls_certificate_verify_peers(v->session, wanted, 2,
	    &v->status);
	if (result < 0) {
		fail(err, EX_PROTOCOL, "certificate cannot be verified: %s",
		    tls_transport_words(words, sizeof(words), result));
		return hint(err, REPLACE);
	}
	v->status |= check_staples(v->session);
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
	v.certificate = certificate_of_server(session);
	if (v.certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	result = examine(&v, err);
	gnutls_x509_crt_deinit(v.certificate);
	return result;
}
