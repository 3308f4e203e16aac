/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: the two ways to the first token. */
#ifndef ONEHOP_TOKEN_LOGIN_H
#define ONEHOP_TOKEN_LOGIN_H

#include "token/token.h"

/* Device authorization, RFC 8628: shows the URI and the code on standard
 * error and polls until the user has answered. Takes the tokens. Returns 0; -1
 * EX_NOPERM denied or expired, EX_TEMPFAIL, EX_CONFIG. */
int login_device(json_t *token, const struct oauth_account *a,
	struct error *err);

/*
 * Authorization code with PKCE (RFC 8252, 7636): opens a browser and waits on
 * a port of 127.0.0.1 for the redirect, or at the terminal on standard input
 * for a line with its URL. Errors as above.
 */
int login_browser(json_t *token, const struct oauth_account *a,
	struct error *err);

enum redirect {
	REDIRECT_FAILED = -1,  /* refused by the user or the server; err set */
	REDIRECT_OTHER = 0,    /* of another request, or no redirect */
	REDIRECT_CODE = 1
};

/* Takes the code from a redirect (RFC 6749 4.1.2): its URL, or the target of
 * an HTTP request, up to a blank. A wrong state is REDIRECT_OTHER. Pure. -1
 * EX_NOPERM. */
enum redirect redirect_parse(struct buffer *code, const char *url,
	const char *state, struct error *err);

#endif
