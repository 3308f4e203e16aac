/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTPS requests; the only user of libcurl. */
#ifndef ONEHOP_TOKEN_HTTPS_H
#define ONEHOP_TOKEN_HTTPS_H

#include "base/buffer.h"
#include "base/error.h"

struct https_reply {
	long status;
	int is_json;         /* its content type says so */
	struct buffer body;  /* secret */
};

#define HTTPS_REPLY { .body = { .kind = BUFFER_SECRET, .max = 64 << 10 } }

/* Appends "name=value", percent-encoded, with "&" before it if needed. */
void form_add(struct buffer *form, const char *name, const char *value);

/*
 * Requests the URL: GET without a form, else POST. Certificates are verified
 * with ca_file, or the system's if it is NULL. Redirects are not followed.
 * Returns 0; -1 EX_TEMPFAIL no answer, status 5xx or 429, or a body over the
 * limit; EX_CONFIG bad URL, CA file, a redirect.
 */
int https_request(struct https_reply *r, const char *url,
	const struct buffer *form, const char *ca_file, struct error *err);

#endif
