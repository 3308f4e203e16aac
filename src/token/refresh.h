/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A valid access token, from the store or from the authorization server. */
#ifndef ONEHOP_TOKEN_REFRESH_H
#define ONEHOP_TOKEN_REFRESH_H

#include "base/buffer.h"
#include "token/oauth_config.h"

/* Sets endpoints that the account lacks from its issuer's metadata, if it has
 * an issuer. Returns 0; -1 EX_TEMPFAIL, EX_CONFIG. */
int oauth_discover(struct oauth_account *a, struct error *err);

/* Begins a form with the client's ID and secret. Returns 0, -1 EX_CONFIG. */
int oauth_client_form(struct buffer *form, const struct oauth_account *a,
	struct error *err);

/*
 * Appends an access token that is valid for five minutes at least. Without
 * one in the store, uses the refresh token (RFC 6749 6); of several processes
 * one does so. The new tokens are stored before this returns. Returns 0; -1
 * EX_NOPERM log in again, EX_TEMPFAIL, EX_CONFIG.
 */
int token_get(struct buffer *out, const struct oauth_account *a,
	struct error *err);

#endif
