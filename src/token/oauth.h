/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to an authorization server, and the JSON objects it answers. */
#ifndef ONEHOP_TOKEN_OAUTH_H
#define ONEHOP_TOKEN_OAUTH_H

#include <jansson.h>

#include "token/https.h"
#include "token/oauth_config.h"

/* Parses a JSON object, which is wiped when it is freed. Returns it, owned, or
 * NULL. */
json_t *oauth_parse(const char *text, size_t len);

/* Return a member, borrowed: a string, NULL if it is missing or empty; a
 * number of seconds, which servers write as a string as well. */
const char *oauth_text(const json_t *object, const char *name);
long oauth_seconds(const json_t *object, const char *name, long fallback);

/*
 * Takes a reply. *object becomes its JSON object, owned, of an error response
 * as well. Returns 0; -1 EX_TEMPFAIL not JSON; for an error response (RFC 6749
 * 5.2) EX_NOPERM log in again, EX_CONFIG the request or the client is refused.
 */
int oauth_reply(json_t **object, struct https_reply *r, struct error *err);

/*
 * Posts the client's ID and secret and the form: names and values in turn, and
 * NULL. Without a form it is a GET. Takes the reply as oauth_reply() does;
 * without an object, only its status. Returns 0, -1 as oauth_reply() and
 * https_request().
 */
int oauth_request(json_t **object, const struct oauth_account *a,
	const char *url, const char *const *form, struct error *err);

/* Sets endpoints that the account lacks from its issuer's metadata (RFC 8414
 * 3.2), if it has an issuer. Returns 0; -1 EX_TEMPFAIL, EX_CONFIG. */
int oauth_discover(struct oauth_account *a, struct error *err);

#endif
