/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encodings of mail: base64, quoted-printable, RFC 2047 words, xtext. */
#ifndef ONEHOP_FORMAT_ENCODE_H
#define ONEHOP_FORMAT_ENCODE_H

#include <stddef.h>

#include "base/buffer.h"

/* Maximum length of the charset name in an encoded word, octets. */
#define ENCODED_CHARSET_MAX 16

/* Appends len octets as base64 (RFC 4648 4) without line breaks. Returns 0 on
 * success, -1 if the buffer's ceiling would be exceeded. */
int base64_encode(struct buffer *out, const void *data, size_t len);

/*
 * Decodes strict base64 and appends the octets: padding is required, no other
 * characters and no nonzero trailing bits are allowed. Returns 0 on success, -1
 * with out unchanged.
 */
int base64_decode(struct buffer *out, const char *text, size_t len);

/*
 * Appends one line of text (without line end) as quoted-printable, RFC 2045
 * 6.7, with soft line breaks ("=" CRLF) at 76 octets. A "." or "From " at the
 * beginning of a line is encoded. The caller adds the line end.
 */
void quoted_printable_encode(struct buffer *out, const char *line,
	size_t len);

/*
 * Appends UTF-8 text (or octets of an unknown charset) as RFC 2047 encoded
 * words of at most 75 octets, separated by spaces, without splitting
 * characters. Printable ASCII without "=?" is appended unchanged.
 */
void encoded_word_encode(struct buffer *out, const char *text);

/*
 * Appends len octets in the given charset (a name of at most
 * ENCODED_CHARSET_MAX octets) as encoded words, even if they are ASCII. The
 * first word has at most first octets (at least 30), the others at most 75.
 */
void encoded_word_add(struct buffer *out, const char *text, size_t len,
	const char *charset, size_t first);

/* Appends text as xtext (RFC 3461 4): "+", "=" and nonprintable characters are
 * written as +HH. */
void xtext_encode(struct buffer *out, const char *text);

/* Decodes xtext. Returns a string owned by the caller; NULL if the text is
 * invalid or encodes a control or 8-bit character. */
char *xtext_decode(const char *text);

#endif
