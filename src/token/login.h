/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: the two ways to the first token. */
#ifndef ONEHOP_TOKEN_LOGIN_H
#define ONEHOP_TOKEN_LOGIN_H

#include "base/buffer.h"
#include "base/error.h"
#include "token/oauth_config.h"
#include "token/oauth_reply.h"

/* Device authorization, RFC 8628: shows the URI and the code on output and
 * polls until the user has answered. Returns 0; -1 EX_NOPERM denied or
 * expired, EX_TEMPFAIL, EX_CONFIG. */
int login_device(struct access_token *t, const struct oauth_account *a,
	int output, struct error *err);

/*
 * Authorization code with PKCE (RFC 8252, 7636): opens a browser and waits on
 * a port of 127.0.0.1 for the redirect, or at input for a line with its URL.
 * input is -1 if nobody can type. Errors as above.
 */
int login_browser(struct access_token *t, const struct oauth_account *a,
	int input, int output, struct error *err);

#endif
