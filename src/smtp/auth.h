/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AUTH, RFC 4954: the mechanism chosen, the exchange carried over base64. */
#ifndef ONEHOP_SMTP_AUTH_H
#define ONEHOP_SMTP_AUTH_H

#include "auth/password.h"
#include "auth/sasl.h"
#include "base/buffer.h"
#include "base/error.h"
#include "smtp/session.h"

/* One authentication under way. {0} is empty. */
struct auth {
	const struct mechanism *mechanism; /* NULL: nothing to do */
	struct sasl_identity identity;
	struct sasl *exchange;
	struct buffer response;  /* base64 of our next response, secret */
	struct buffer binding;   /* base64 channel binding of this session */
	int satisfied;           /* our side has what it wants */
	struct password *secret;   /* borrowed */
	int refused;             /* code of the last refusal, or 0 */
	const struct mechanism *first; /* refused before this one, or NULL */
	int bare;                /* no initial response is sent */
};

/* Returns whether the account asks for authentication. */
int auth_is_wanted(const struct account *a);

/* Returns whether it will need a user's password or token. */
int auth_needs_secret(const struct account *a);

/*
 * Chooses the mechanism and makes the initial response. secret is borrowed
 * until auth_free. May be called again for a new session. -1: EX_UNAVAILABLE
 * no mechanism fits, EX_NOPERM a password would go out in clear, or the
 * exchange's own errors.
 */
int auth_prepare(struct auth *x, struct session *s, struct password *secret,
	struct error *err);

/* Returns whether MAIL may follow in the same flight (RFC 4954 4: PLAIN and
 * EXTERNAL with an initial response that fits the line). */
int auth_may_pipeline(const struct auth *x, const struct session *s);

/* Queues the AUTH command, with its initial response if that fits. */
int auth_put(struct auth *x, struct session *s, struct error *err);

/* Takes the reply to a pipelined AUTH: 235 or an error. */
int auth_get(struct auth *x, struct session *s, struct error *err);

/* The whole exchange in step: put, challenges and responses, 235; falls back
 * as auth_fall_back() does. */
int auth_run(struct auth *x, struct session *s, struct error *err);

/*
 * After a refusal: tries once the next mechanism that the server offers and
 * that the same password and TLS allow, where the refusal can mean that the
 * server has no verifier for the first (SCRAM: 535, 504, 454; PLAIN: 501 to its
 * initial response). Returns 0 if it is accepted. Returns -1 with err as it
 * was, or naming both.
 */
int auth_fall_back(struct auth *x, struct session *s, struct error *err);

void auth_free(struct auth *x);

#endif
