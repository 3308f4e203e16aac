/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tokens of an address: a JSON object with version, access_token, expires
 * (seconds since 1970), token_url, where the refresh token is used, and perhaps
 * refresh_token, scope (as granted) and revoke_url.
 */
#ifndef ONEHOP_TOKEN_TOKEN_H
#define ONEHOP_TOKEN_TOKEN_H

#include <time.h>

#include "token/oauth.h"

/*
 * Takes an access token response (RFC 6749 5.1) that came now. A refresh token
 * and a scope that it lacks are kept. Returns 0; -1 EX_TEMPFAIL.
 */
int token_take(json_t *token, const json_t *reply, time_t now,
	struct error *err);

/* Write and read a stored token: one line of JSON. token_parse() returns it,
 * owned, or NULL with EX_CONFIG. */
void token_format(struct buffer *out, const json_t *token);
json_t *token_parse(struct buffer *text, struct error *err);

/*
 * Appends an access token that is valid for five minutes at least. Without
 * one in the store, uses the refresh token (RFC 6749 6); of several processes
 * one does so. The new tokens are stored before this returns. Returns 0; -1
 * EX_NOPERM log in again, EX_TEMPFAIL, EX_CONFIG.
 */
int token_get(struct buffer *out, const struct oauth_account *a,
	struct error *err);

#endif
