/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SASL exchanges, client side, as begin and step; the only libgsasl user.
 * Does no I/O and knows nothing of base64 lines.
 */
#ifndef ONEHOP_AUTH_SASL_H
#define ONEHOP_AUTH_SASL_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "format/mechanism.h"

/* As much as 12288 octets of base64 hold: RFC 4954 4 asks for no more. */
#define SASL_CHALLENGE_MAX ((size_t)9216)

struct sasl; /* one exchange */

/* The client's identity; strings borrowed until sasl_free. */
struct sasl_identity {
	const char *user;
	const char *secret;        /* password or token */
	const char *host;          /* of the smarthost */
	unsigned port;
	const char *binding;       /* of the TLS session, base64, or NULL */
	const char *binding_type;  /* "tls-exporter" or "tls-unique" */
	const char *domain;        /* ntlmdomain, or NULL */
};

/*
 * Starts an exchange. 0 with *s owned by the caller; -1 with *s NULL:
 * EX_UNAVAILABLE if the library lacks the mechanism, or the identity what the
 * mechanism needs; EX_NOPERM for a password that SCRAM cannot use.
 */
int sasl_begin(struct sasl **s, const struct mechanism *mechanism,
	const struct sasl_identity *identity, struct error *err);

/*
 * Takes a challenge, decoded, and replaces out's content with the response.
 * A client-first mechanism begins with an empty challenge, which yields the
 * initial response; any other begins with the server's first challenge.
 * Returns 1 if more challenges must come, 0 when our side is satisfied - only
 * then may 235 be believed -, -1 with out empty: EX_PROTOCOL for a challenge
 * that no honest server sends, EX_NOPERM if our identity does not suit.
 * After OAUTHBEARER's and XOAUTH2's 0 one challenge may yet come: the
 * server's error, which must be answered before it sends its 535.
 */
int sasl_step(struct sasl *s, const char *challenge, size_t len,
	struct buffer *out, struct error *err);

/* The server's words about its refusal in a challenge, escaped, or "". */
const char *sasl_server_error(const struct sasl *s);

/* NULL is fine. libgsasl frees its copies of the secret unwiped. */
void sasl_free(struct sasl *s);

/* The version of libgsasl that runs, borrowed. */
const char *sasl_library_version(void);

#endif
