/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OAuth 2 tokens as SASL messages; libgsasl knows neither form. */
#ifndef ONEHOP_FORMAT_OAUTH_H
#define ONEHOP_FORMAT_OAUTH_H

#include "base/buffer.h"
#include "base/error.h"

/* The client, what it asks for and where; all borrowed. */
struct oauth_request {
	const char *user;
	const char *token;
	const char *host;
	unsigned port;
};

/*
 * Append the initial response of OAUTHBEARER (RFC 7628 3.1), and of XOAUTH2,
 * Google's and Microsoft's older form. 0; -1 EX_NOPERM for a user or token
 * that would break the message's form.
 */
int oauth_write_bearer(struct buffer *out, const struct oauth_request *r,
	struct error *err);
int oauth_write_xoauth2(struct buffer *out, const struct oauth_request *r,
	struct error *err);

#endif
