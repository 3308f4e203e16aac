/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AUTH (RFC 4954): selects the mechanism and performs the exchange in base64.
 */
#ifndef ONEHOP_SMTP_AUTH_H
#define ONEHOP_SMTP_AUTH_H

#include "auth/password.h"
#include "auth/sasl.h"
#include "base/buffer.h"
#include "base/error.h"
#include "smtp/session.h"

/* One authentication. {0} is empty. */
struct auth {
	const struct mechanism *mechanism; /* NULL: no authentication needed */
	struct sasl_identity identity;
	struct sasl *exchange;
	struct buffer response;  /* base64 of the next response, secret */
	struct buffer binding;   /* channel binding of the session, base64 */
	int satisfied;           /* the client side is complete */
	struct password *secret;   /* borrowed */
	int refused;             /* code of the last refusal, or 0 */
	const struct mechanism *first; /* refused before this one, or NULL */
	int bare;                /* send no initial response */
};

/* Returns whether the account requires authentication. */
int auth_is_wanted(const struct account *a);

/* Returns whether authentication needs a password or token. */
int auth_needs_secret(const struct account *a);

/*
 * Selects the mechanism and computes the initial response. secret is borrowed
 * until auth_free(). May be called again for a new session. Returns 0 on
 * success; -1 EX_UNAVAILABLE if no mechanism fits, EX_NOPERM if a password
 * would be sent in cleartext, or the error of the exchange.
 */
int auth_prepare(struct auth *x, struct session *s, struct password *secret,
	struct error *err);

/* Returns whether MAIL may be pipelined after AUTH (RFC 4954 4: PLAIN and
 * EXTERNAL with an initial response that fits on the line). */
int auth_may_pipeline(const struct auth *x, const struct session *s);

/* Queues the AUTH command, with its initial response if that fits. Returns 0 on
 * success, -1 with err set. */
int auth_put(struct auth *x, struct session *s, struct error *err);

/*
 * Reads the reply to a pipelined AUTH. Returns 0 for 235, else -1 with err set.
 */
int auth_get(struct auth *x, struct session *s, struct error *err);

/*
 * Performs the whole exchange: command, challenges and responses, final reply;
 * falls back as auth_fall_back() does. Returns 0 on success, -1 with err set.
 */
int auth_run(struct auth *x, struct session *s, struct error *err);

/*
 * After a refusal, tries the next mechanism that the server offers and that the
 * same password and session allow, once, if the refusal can mean that the
 * server has no verifier for the first mechanism (SCRAM: 535, 504, 454; PLAIN:
 * 501 to its initial response). Returns 0 if it is accepted; -1 with err
 * unchanged, or naming both mechanisms.
 */
int auth_fall_back(struct auth *x, struct session *s, struct error *err);

void auth_free(struct auth *x);

#endif
