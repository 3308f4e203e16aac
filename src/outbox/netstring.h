/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Named values as netstrings, one per line: "18:sender me@here.org,\n". The
 * length in front says where a value ends, so that no value can forge another.
 * Pure.
 */
#ifndef ONEHOP_OUTBOX_NETSTRING_H
#define ONEHOP_OUTBOX_NETSTRING_H

#include <stddef.h>

#include "base/buffer.h"

/* A value found; both borrowed from the text. */
struct netstring {
	const char *name;   /* letters and "-" */
	size_t name_len;
	const char *value;  /* without control characters */
	size_t value_len;
};

/* Appends one; value holds no control character. */
void netstring_add(struct buffer *out, const char *name, const char *value);

/*
 * The next one at *offset, which moves behind it. 1; 0 if the text is all
 * right as far as it goes and more of it is needed; -1 it is none.
 */
int netstring_next(const char *text, size_t len, size_t *offset,
	struct netstring *n);

#endif
