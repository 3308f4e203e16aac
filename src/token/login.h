/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logs in to obtain the first token, in one of two ways. */
#ifndef ONEHOP_TOKEN_LOGIN_H
#define ONEHOP_TOKEN_LOGIN_H

#include "token/token.h"

/*
 * Device authorization (RFC 8628): shows the URI and the code on standard error
 * and polls until the user has answered. Stores the tokens in token. Returns 0
 * on success, -1 with err set: EX_NOPERM if denied or expired, EX_TEMPFAIL,
 * EX_CONFIG.
 */
int login_device(json_t *token, const struct oauth_account *a,
	struct error *err);

/*
 * Authorization code with PKCE (RFC 8252, 7636): opens a browser and waits for
 * the redirect on a port of 127.0.0.1, or for a line with its URL from a
 * terminal on standard input. Stores tokens and returns like login_device().
 */
int login_browser(json_t *token, const struct oauth_account *a,
	struct error *err);

enum redirect {
	REDIRECT_FAILED = -1,  /* refused by the user or the server; err set */
	REDIRECT_OTHER = 0,    /* of another request, or no redirect */
	REDIRECT_CODE = 1      /* the code was appended */
};

/*
 * Appends the code from a redirect (RFC 6749 4.1.2). url is its URL, or the
 * target of an HTTP request, and ends at a blank. Returns REDIRECT_OTHER if the
 * state differs; REDIRECT_FAILED with err set: EX_NOPERM. Pure.
 */
enum redirect redirect_parse(struct buffer *code, const char *url,
	const char *state, struct error *err);

#endif
