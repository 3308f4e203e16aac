/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's certificates: names, dates, fingerprints. */
#ifndef ONEHOP_TLS_CERTIFICATE_H
#define ONEHOP_TLS_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"

/* The advice where another certificate was expected. */
#define CERTIFICATE_CHANGED "the certificate may have been replaced, or the " \
	"connection intercepted; ask the server's operator"

/* Room for "2026-11-23 09:00:00Z". */
#define CERTIFICATE_DATE 32

/* The server's own certificate, or the one at index of its chain, to be freed
 * with gnutls_x509_crt_deinit(). NULL if there is none. */
gnutls_x509_crt_t certificate_of_server(gnutls_session_t session);
gnutls_x509_crt_t certificate_at(gnutls_session_t session,
	unsigned index);

/* Fingerprints as text, "AA:BB:..": of the certificate, and of its public key,
 * which outlives renewals. SHA-1 is what older msmtp files hold. */
struct certificate_fingerprints {
	char sha256[32 * 3];
	char spki[32 * 3 + 5];   /* "spki:AA:BB:.." */
	char sha1[20 * 3];
};

void certificate_fingerprints(struct certificate_fingerprints *f,
	gnutls_x509_crt_t certificate);

/*
 * Reads 64 hexadecimal digits, 40 for SHA-1, or "spki:" and 64; colons and
 * blanks between octets are skipped. Returns the form above, owned by the
 * caller, or NULL.
 */
char *certificate_read_fingerprint(const char *text);

/* Requires that the server's certificate or key has one of these fingerprints,
 * a list that ends with NULL. Returns 0; -1 EX_PROTOCOL, EX_CONFIG if one is
 * not valid. */
int certificate_match(gnutls_session_t session, const char *const *fingerprints,
	struct error *err);

/* Writes subject or issuer, escaped. Returns out. */
enum certificate_name { CERTIFICATE_SUBJECT, CERTIFICATE_ISSUER };
char *certificate_name(char *out, size_t size, gnutls_x509_crt_t certificate,
	enum certificate_name which);

/* Lists the subjectAltNames, DNS and IP, up to 400 octets. Returns the number
 * of all DNS names. */
unsigned certificate_names(struct buffer *list, gnutls_x509_crt_t certificate);

/* Writes a time in UTC to out, CERTIFICATE_DATE octets. Returns out. */
char *certificate_date(char *out, time_t moment);

#endif
