/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's certificates: names, dates, keys,
 * fingerprints. */
#ifndef ONEHOP_TLS_CERTIFICATE_H
#define ONEHOP_TLS_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"

/* The hint if the server presents a certificate other than the expected one. */
#define CERTIFICATE_CHANGED "the certificate may have been replaced, or the " \
	"connection intercepted; ask the server's operator"

#define CERTIFICATE_INTERCEPTED "the connection may be intercepted: ask the " \
	"server's operator"

/* Size of a buffer for "2026-11-23 09:00:00Z". */
#define CERTIFICATE_DATE 32

/* Return the server's own certificate, or the one at index of its chain, or
 * NULL. The caller frees it with gnutls_x509_crt_deinit(). */
gnutls_x509_crt_t certificate_of_server(gnutls_session_t session);
gnutls_x509_crt_t certificate_at(gnutls_session_t session,
	unsigned index);

/*
 * Fingerprints as text, "AA:BB:..", of the certificate and of its public key,
 * which often stays the same when the certificate is renewed. Older msmtp files
 * have SHA-1 fingerprints.
 */
struct certificate_fingerprints {
	char sha256[32 * 3];
	char spki[32 * 3 + 5];   /* "spki:AA:BB:.." */
	char sha1[20 * 3];
};

void certificate_fingerprints(struct certificate_fingerprints *f,
	gnutls_x509_crt_t certificate);

/*
 * Parses a fingerprint: 64 hexadecimal digits, 40 for SHA-1, or "spki:" and 64
 * digits; colons and blanks between octets are skipped. Returns it in the form
 * above, owned by the caller, or NULL.
 */
char *certificate_read_fingerprint(const char *text);

/*
 * Checks that the server's certificate or public key has one of the
 * fingerprints, a NULL-terminated list. Returns 0 on a match; -1 EX_PROTOCOL if
 * none matches, EX_CONFIG if one is invalid.
 */
int certificate_match(gnutls_session_t session, const char *const *fingerprints,
	struct error *err);

/*
 * Check that a key, or each key of the server's chain, is so short that a
 * signature is verified at once: nothing interrupts GnuTLS meanwhile. To be
 * called before any signature is verified. Return 0, or -1 EX_PROTOCOL. A chain
 * that is not there yet passes.
 */
int certificate_check_key(gnutls_x509_crt_t certificate, struct error *err);
int certificate_check_keys(gnutls_session_t session, struct error *err);

/* Writes the subject or issuer, escaped, to out. Returns out. */
enum certificate_name { CERTIFICATE_SUBJECT, CERTIFICATE_ISSUER };
char *certificate_name(char *out, size_t size, gnutls_x509_crt_t certificate,
	enum certificate_name which);

/* Appends up to 400 octets of the subjectAltNames of type DNS and IP. Returns
 * the total number of DNS names. */
unsigned certificate_names(struct buffer *list, gnutls_x509_crt_t certificate);

/*
 * Writes a time in UTC to out, which has CERTIFICATE_DATE octets. Returns out.
 */
char *certificate_date(char *out, time_t moment);

#endif
