/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hints for a refused password or token. */
#ifndef ONEHOP_AUTH_ADVICE_H
#define ONEHOP_AUTH_ADVICE_H

#include "base/error.h"
#include "format/mechanism.h"

/* A refusal; all strings borrowed. */
struct auth_refusal {
	const char *host;   /* of the server */
	const struct mechanism *mechanism;
	int code;
	const char *dsn;    /* enhanced code, or "" */
	const char *text;   /* the whole reply */
};

/* Sets the hint for the refusal, if there is one. */
void auth_advise(const struct auth_refusal *r, struct error *err);

/* Sets the hint if "auth on" uses none of the mechanisms that the server
 * offers; offered holds upper-case names separated by single spaces. */
void auth_advise_offer(const char *offered, struct error *err);

#endif
