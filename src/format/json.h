/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes JSON texts (RFC 8259) from beginning to end. Pure. */
#ifndef ONEHOP_FORMAT_JSON_H
#define ONEHOP_FORMAT_JSON_H

#include <stdint.h>

#include "base/buffer.h"

/* Open and close an object or array; commas between members are added. name is
 * NULL in an array and at the top level. */
void json_open(struct buffer *out, const char *name, char bracket);
void json_close(struct buffer *out, char bracket);

/* Add one member. An octet that is not UTF-8 is written as U+FFFD. */
void json_add_text(struct buffer *out, const char *name, const char *text);
void json_add_number(struct buffer *out, const char *name, int64_t value);
void json_add_null(struct buffer *out, const char *name);
void json_add_bool(struct buffer *out, const char *name, int value);

/* Adds a text of at most max octets when written with its quotes; a longer one
 * is cut and ends in "...". */
void json_add_limited(struct buffer *out, const char *name, const char *text,
	size_t max);

#endif
