/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Advice on a refused password or token. */
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

/* Adds the hint for the refusal, if there is one. */
void auth_advise(const struct auth_refusal *r, struct error *err);

/* Adds the hint where none of the mechanisms that the server offers, upper
 * case names with one space between, is used by "auth on". */
void auth_advise_offer(const char *offered, struct error *err);

#endif
