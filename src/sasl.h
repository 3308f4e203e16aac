/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL exchanges, client side, as begin and step; the only libgsasl user.
 * Does no I/O and knows nothing of base64. */
#ifndef ONEHOP_SASL_H
#define ONEHOP_SASL_H

#include <stddef.h>

#include "buffer.h"
#include "error.h"

/* RFC 7677 4 asks for 4096; the ceiling bounds our CPU time. */
#define SASL_ITERATIONS_MIN 4096
#define SASL_ITERATIONS_MAX 600000

struct sasl; /* one exchange */

/* Who we are; strings borrowed until sasl_free. */
struct sasl_identity {
	const char *user;
	const char *secret;        /* password or token; never copied by us */
	const char *host;          /* of the smarthost */
	unsigned port;
	const char *binding;       /* base64 tls-exporter, or NULL */
	const char *domain;        /* ntlmdomain, or NULL */
};

/* Properties of a mechanism, for the one table of them. */
struct sasl_mechanism {
	const char *name;
	int automatic;      /* chosen by "auth on", in table order */
	int plaintext;      /* shows the secret to the server: TLS only */
	int one_round;      /* ends in one round trip: may be pipelined
	                       (RFC 4954 4) */
	int needs_binding;  /* -PLUS */
	int needs_user;     /* user and secret, EXTERNAL does not */
	int client_first;   /* has an initial response */
};

/* The entry of that name (any case), or NULL. */
const struct sasl_mechanism *sasl_find(const char *name);

/*
 * The first automatic mechanism of our own order that the server offers and
 * the session allows; NULL if none. offered: upper case names, one space
 * between. confidential: TLS is up, or the peer is this machine.
 */
const struct sasl_mechanism *sasl_choose(const char *offered,
	int confidential, int has_binding, int has_user);

/* Starts an exchange. 0 with *s owned by the caller; -1 EX_UNAVAILABLE if the
 * library lacks the mechanism. */
int sasl_begin(struct sasl **s, const struct sasl_mechanism *mechanism,
	const struct sasl_identity *identity, struct error *err);

/*
 * Takes a challenge (len 0 at the start), replaces out's content with the
 * response. Returns 1 if more challenges must come, 0 when our side is
 * satisfied - only then may 235 be believed -, -1: EX_PROTOCOL for a challenge
 * that no honest server sends, EX_NOPERM if our identity does not suit.
 */
int sasl_step(struct sasl *s, const char *challenge, size_t len,
	struct buffer *out, struct error *err);

void sasl_free(struct sasl *s);

/* The version of libgsasl that runs, borrowed. */
const char *sasl_library_version(void);

#endif
