/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of an authorization server, and stored tokens: the only user of
 * jansson. Pure. */
#ifndef ONEHOP_TOKEN_OAUTH_REPLY_H
#define ONEHOP_TOKEN_OAUTH_REPLY_H

#include <time.h>

#include "base/buffer.h"
#include "base/error.h"
#include "token/https.h"
#include "token/oauth_config.h"

/* Tokens of an account. */
struct access_token {
	struct buffer access;   /* secret; empty if there is none */
	struct buffer refresh;
	time_t expires;         /* of the access token */
	char *scope;            /* as granted, or NULL */
	char *token_url;        /* where the refresh token is used */
	char *revoke_url;       /* or NULL */
};

#define TOKEN_INIT { .access = { .kind = BUFFER_SECRET }, \
	.refresh = { .kind = BUFFER_SECRET } }

void token_free(struct access_token *t);

/*
 * Takes an access token response (RFC 6749 5.1) that came now. A refresh token
 * that it lacks is kept. Returns 0; -1 EX_TEMPFAIL not a token response,
 * EX_NOPERM log in again, EX_CONFIG the request or the client is refused
 * (5.2). A code of RFC 8628 3.5 in *error_code is not owned; it is "" without
 * an error response.
 */
int oauth_reply_token(struct access_token *t, const struct https_reply *r,
	time_t now, char error_code[64], struct error *err);

/* A device authorization response, RFC 8628 3.2. */
struct device_grant {
	struct buffer code;    /* secret */
	char *user_code;
	char *uri;
	char *uri_complete;    /* or NULL */
	unsigned expires;      /* seconds */
	unsigned interval;
};

int oauth_reply_device(struct device_grant *g, const struct https_reply *r,
	struct error *err);

void device_grant_free(struct device_grant *g);

/* Sets the endpoints that the account lacks from its issuer's metadata (RFC
 * 8414 3.2). Returns 0; -1 EX_TEMPFAIL, EX_CONFIG. */
int oauth_reply_metadata(struct oauth_account *a,
	const struct https_reply *r, struct error *err);

/* Write and read a stored token: one line of JSON. token_parse() returns 0;
 * -1 EX_CONFIG. */
void token_format(struct buffer *out, const struct access_token *t);
int token_parse(struct access_token *t, const struct buffer *text,
	struct error *err);

#endif
