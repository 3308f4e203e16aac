/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encodings of mail: base64, quoted-printable, RFC 2047 words, xtext. */
#ifndef ONEHOP_FORMAT_ENCODE_H
#define ONEHOP_FORMAT_ENCODE_H

#include <stddef.h>

#include "base/buffer.h"

/* Octets of a charset's name in an encoded word. */
#define ENCODED_CHARSET_MAX 16

/* Appends len octets as base64 (RFC 4648 4) without line breaks. 0, or -1
 * past the buffer's ceiling. */
int base64_encode(struct buffer *out, const void *data, size_t len);

/*
 * Appends the octets of strict base64: padding required, nothing else
 * allowed, no stray bits. 0, or -1 with out unchanged.
 */
int base64_decode(struct buffer *out, const char *text, size_t len);

/*
 * Appends one line of text (no line end) as quoted-printable, RFC 2045 6.7,
 * soft breaks ("=" CRLF) at 76; a "." or "From " that would begin a line is
 * encoded. The caller ends the line.
 */
void quoted_printable_encode(struct buffer *out, const char *line,
	size_t len);

/*
 * Appends UTF-8 text (or octets of an unknown charset) as RFC 2047 encoded
 * words of at most 75 octets, joined by spaces, never splitting a character.
 * Text that is printable ASCII and has no "=?" is appended as it is.
 */
void encoded_word_encode(struct buffer *out, const char *text);

/*
 * Appends len octets in that charset (at most ENCODED_CHARSET_MAX octets) as
 * encoded words, whatever they are: the first word of at most first octets (at
 * least 30), the others of 75.
 */
void encoded_word_add(struct buffer *out, const char *text, size_t len,
	const char *charset, size_t first);

/* Appends xtext, RFC 3461 4: "+" "=" and what is not printable as +HH. */
void xtext_encode(struct buffer *out, const char *text);

/* Returns what the xtext encodes, owned; NULL if it is invalid or encodes a
 * control or 8-bit character. */
char *xtext_decode(const char *text);

#endif
