/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The redirect that ends an authorization request (RFC 6749 4.1.2). Pure. */
#ifndef ONEHOP_TOKEN_REDIRECT_H
#define ONEHOP_TOKEN_REDIRECT_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

enum redirect {
	REDIRECT_FAILED = -1,  /* refused by the user or the server; err set */
	REDIRECT_OTHER = 0,    /* of another request, or no redirect */
	REDIRECT_CODE = 1
};

/*
 * Takes a redirect URL, or the target of an HTTP request, with the parameters
 * code and state. code becomes a secret. A wrong state is REDIRECT_OTHER. -1
 * EX_NOPERM.
 */
enum redirect redirect_parse(struct buffer *code, const char *url, size_t len,
	const char *state, struct error *err);

#endif
