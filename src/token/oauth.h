/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to an authorization server. */
#ifndef ONEHOP_TOKEN_OAUTH_H
#define ONEHOP_TOKEN_OAUTH_H

#include "token/https.h"
#include "token/oauth_config.h"

/* Fails with an error response of the server; words are its description or
 * NULL. Returns -1 with err set. */
int oauth_refuse(struct error *err, int code, const char *error,
	const char *words);

/*
 * Evaluates a reply. Sets *object to its JSON object, owned by the caller, also
 * for an error response. Returns 0 on success, -1 with err set: EX_TEMPFAIL if
 * the reply is not JSON; for an error response (RFC 6749 5.2), EX_NOPERM if the
 * user must log in again, EX_CONFIG if the request or the client is refused.
 */
int oauth_reply(json_t **object, struct https_reply *r, struct error *err);

/*
 * Posts the client's ID and secret and the form (https.h). Uses GET if form is
 * NULL. Evaluates the reply like oauth_reply(), or only its status if object is
 * NULL. Returns 0 on success, -1 with err set as by oauth_reply() and
 * https_request(); the outcome is OUTCOME_UNKNOWN if a good reply may be lost.
 */
int oauth_request(json_t **object, const struct oauth_account *a,
	const char *url, const char *const *form, struct error *err);

/* Sets the account's missing endpoints from its issuer's metadata (RFC 8414
 * 3.2), if it has an issuer. Returns 0 on success, -1 with err set:
 * EX_TEMPFAIL, EX_CONFIG. */
int oauth_discover(struct oauth_account *a, struct error *err);

#endif
