/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client side of SASL exchanges, in steps. sasl.c is the only user of
 * libgsasl. Performs no I/O and no base64 encoding. */
#ifndef ONEHOP_AUTH_SASL_H
#define ONEHOP_AUTH_SASL_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "format/mechanism.h"

/* Maximum length of a challenge or response: 12288 octets of base64 (RFC 4954
 * 4), decoded. */
#define SASL_CHALLENGE_MAX ((size_t)9216)

struct sasl; /* one exchange */

/* The client's identity; strings are borrowed until sasl_free(). */
struct sasl_identity {
	const char *user;
	const char *secret;        /* password or token */
	const char *host;          /* of the smarthost */
	unsigned port;
	const char *binding;       /* channel binding, base64, or NULL */
	const char *binding_type;  /* "tls-exporter" or "tls-unique" */
	const char *domain;        /* ntlmdomain, or NULL */
};

/*
 * Starts an exchange. Returns 0 with *s owned by the caller; -1 with *s NULL:
 * EX_UNAVAILABLE if the library does not support the mechanism or the identity
 * lacks what it needs, EX_NOPERM for a password that SCRAM cannot use.
 */
int sasl_begin(struct sasl **s, const struct mechanism *mechanism,
	const struct sasl_identity *identity, struct error *err);

/*
 * Processes a decoded challenge and replaces the content of out by the
 * response. The first challenge is empty for a client-first mechanism, which
 * gives the initial response; otherwise it is the server's. Returns 1 if more
 * challenges must follow; 0 when the client side is complete, and only then may
 * 235 be accepted; -1 with out empty: EX_PROTOCOL for an invalid challenge,
 * EX_NOPERM if the identity is unsuitable.
 *
 * After 0 from OAUTHBEARER or XOAUTH2, one challenge may follow: the server's
 * error, which must be answered before the server sends 535.
 */
int sasl_step(struct sasl *s, const char *challenge, size_t len,
	struct buffer *out, struct error *err);

/* Returns the error that the server sent in a challenge, escaped, or "". */
const char *sasl_server_error(const struct sasl *s);

/* Frees the exchange; s may be NULL. libgsasl does not wipe its copies of the
 * secret. */
void sasl_free(struct sasl *s);

/* Returns the version of libgsasl in use, borrowed. */
const char *sasl_library_version(void);

#endif
