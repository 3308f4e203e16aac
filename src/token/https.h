/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTPS requests. The only user of libcurl. */
#ifndef ONEHOP_TOKEN_HTTPS_H
#define ONEHOP_TOKEN_HTTPS_H

#include "base/buffer.h"
#include "base/error.h"

struct https_reply {
	long status;
	int is_sent;         /* the server may have received the request */
	int is_repeated;     /* the first reply was lost */
	int is_json;         /* according to its content type */
	struct buffer body;  /* secret */
};

#define HTTPS_REPLY { .body = { .kind = BUFFER_SECRET, .max = 64 << 10 } }

/* Appends "name=value" pairs, percent-encoded and separated by "&". fields are
 * alternating names and values, and end in NULL; a value that is NULL leaves
 * its pair out. */
void form_add(struct buffer *form, const char *const *fields);

/*
 * Requests the URL, with GET if form is NULL, else with POST. Verifies
 * certificates against ca_file, or against the system's if it is NULL. Does not
 * follow redirects. If the connection breaks before the reply, the request is
 * made once more. Returns 0 on success, -1 with err set: EX_TEMPFAIL if there
 * is no answer, the status is 5xx or 429, or the body exceeds the limit;
 * EX_CONFIG for a bad URL, a bad CA file, or a redirect. The caller frees
 * r->body in either case.
 */
int https_request(struct https_reply *r, const char *url,
	const struct buffer *form, const char *ca_file, struct error *err);

#endif
