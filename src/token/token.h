/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tokens of an address: a JSON object with the members version,
 * access_token, expires (seconds since 1970), token_url, where the refresh
 * token is used, and optionally refresh_token, scope (as granted), revoke_url,
 * and used, the moment of a request with this refresh token that has had no
 * reply.
 */
#ifndef ONEHOP_TOKEN_TOKEN_H
#define ONEHOP_TOKEN_TOKEN_H

#include <time.h>

#include "token/oauth.h"

/*
 * Updates token from an access token response (RFC 6749 5.1) that arrived at
 * now. Keeps the refresh token and the scope if the response lacks them.
 * Returns 0 on success, -1 with err set: EX_TEMPFAIL.
 */
int token_take(json_t *token, const json_t *reply, time_t now,
	struct error *err);

/* token_format() appends a token as one line of JSON. token_parse() reads such
 * a line and returns the token, owned by the caller, or NULL with err set:
 * EX_CONFIG. */
void token_format(struct buffer *out, const json_t *token);
json_t *token_parse(struct buffer *text, struct error *err);

/* Posts the form to a token endpoint and updates the token from the reply.
 * Returns 0 on success, -1 with err set as by oauth_request() and
 * token_take(). */
int token_request(json_t *token, const struct oauth_account *a,
	const char *url, const char *const *form, struct error *err);

/* Writes a moment of the token in RFC 3339 form to text. Returns 1 on success,
 * 0 with text unchanged if the token has no such member. */
int token_moment(char *text, size_t size, const json_t *token,
	const char *name);

#endif
