/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Header fields with octets above 127, made ASCII by the grammar of each:
 * RFC 2047 words in free text, phrases and comments, RFC 2231 in parameters,
 * A-labels in domains. Pure.
 */
#ifndef ONEHOP_FORMAT_FIELD_ENCODE_H
#define ONEHOP_FORMAT_FIELD_ENCODE_H

#include "base/buffer.h"

/*
 * Appends the body of the field of that name, which is unfolded, in ASCII.
 * charset names the octets if they are not UTF-8; NULL or "" means unknown.
 * Returns 0, or -1 with out unchanged if an octet stands where no encoding is
 * defined, as in a local part.
 */
int field_encode(struct buffer *out, const char *name, const char *body,
	const char *charset);

#endif
