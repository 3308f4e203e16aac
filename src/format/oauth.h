/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OAuth 2.0 tokens as SASL messages, which libgsasl does not support. */
#ifndef ONEHOP_FORMAT_OAUTH_H
#define ONEHOP_FORMAT_OAUTH_H

#include "base/buffer.h"
#include "base/error.h"

/* User, token and server; all borrowed. */
struct oauth_request {
	const char *user;
	const char *token;
	const char *host;
	unsigned port;
};

/*
 * Append the initial response of OAUTHBEARER (RFC 7628 3.1), or of XOAUTH2, the
 * older form of Google and Microsoft. Return 0 on success; -1 EX_NOPERM if user
 * or token contains a character that the message cannot hold.
 */
int oauth_write_bearer(struct buffer *out, const struct oauth_request *r,
	struct error *err);
int oauth_write_xoauth2(struct buffer *out, const struct oauth_request *r,
	struct error *err);

#endif
