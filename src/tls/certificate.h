/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom we talk to: the server's certificates, put in words. */
#ifndef ONEHOP_TLS_CERTIFICATE_H
#define ONEHOP_TLS_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"

/* Room for "2026-11-23 09:00:00Z". */
#define PEER_DATE 32

/* The server's own certificate, or the one at that place of what it sent. The
 * caller frees it with gnutls_x509_crt_deinit(). NULL if there is none. */
gnutls_x509_crt_t peer_certificate(gnutls_session_t session);
gnutls_x509_crt_t peer_certificate_at(gnutls_session_t session,
	unsigned index);

/* Does the certificate or its key have one of these fingerprints? They end in
 * NULL. 0; -1 EX_PROTOCOL, EX_CONFIG if one cannot be read. */
int certificate_match(gnutls_session_t session, const char *const *fingerprints,
	struct error *err);

/* SHA-256 of certificate and public key as text, FINGERPRINT_TEXT each. */
void certificate_fingerprints(gnutls_x509_crt_t certificate, char *sha256,
	char *spki);

/* Subject or issuer, escaped. */
enum peer_name { PEER_SUBJECT, PEER_ISSUER };
char *peer_name(char *out, size_t size, gnutls_x509_crt_t certificate,
	enum peer_name which);

/* Lists the certificate's names, DNS and IP, until the list is long. Returns
 * how many DNS names there are in all. */
unsigned certificate_names(struct buffer *list, gnutls_x509_crt_t certificate);

/* A moment in UTC. Returns out, which has PEER_DATE octets. */
char *certificate_date(char *out, time_t moment);

#endif
