/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Encodes header fields with octets above 127 as ASCII, following the grammar
 * of each field: RFC 2047 words in free text, phrases and comments, RFC 2231 in
 * parameters, A-labels in domains. Pure.
 */
#ifndef ONEHOP_FORMAT_FIELD_ENCODE_H
#define ONEHOP_FORMAT_FIELD_ENCODE_H

#include "base/buffer.h"

/*
 * Appends the unfolded body of the named field in ASCII. charset is the charset
 * of octets that are not UTF-8; NULL or "" means unknown. Returns 0 on success;
 * -1 with out unchanged if an 8-bit octet is where no encoding is defined, as
 * in a local part.
 */
int field_encode(struct buffer *out, const char *name, const char *body,
	const char *charset);

/* Returns the body of the named field with a blank after each comma of its
 * list, where a line can be folded; owned. NULL if the field has no list of
 * addresses or phrases. */
char *field_space_list(const char *name, const char *body);

#endif
