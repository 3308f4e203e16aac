/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes untrusted text safe to display. Text of a server, a message or a config
 * file reaches a terminal or a log only through these functions. */
#ifndef ONEHOP_BASE_ESCAPE_H
#define ONEHOP_BASE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Size of a buffer that holds most quotations in an error text. */
#define ESCAPE_QUOTE 512

/*
 * Writes the len octets at text to out, NUL-terminated. C0 and C1 controls,
 * DEL, backslash, bidi controls, line and paragraph separators, and octets that
 * are not UTF-8 are written as \xNN. Text that does not fit is cut and ends in
 * "...". size is at least 4. Returns out.
 */
char *escape(char *out, size_t size, const char *text, size_t len);

/* Same as escape(), for a string. */
char *escape_string(char *out, size_t size, const char *text);

/*
 * Same as escape(), for lines of text, written to out without a NUL: LF, TAB
 * and backslashes are kept, so that text that is already escaped does not
 * change. Writes as much as fits in size octets (at least 16), advances *text
 * and *len past it, and returns the number of octets written.
 */
size_t escape_lines(char *out, size_t size, const char **text, size_t *len);

/* Appends text that must stay on its line: LF and TAB are also escaped,
 * backslashes are kept. */
void escape_add(struct buffer *out, const char *text);

/* Returns whether the character can be displayed unchanged. The backslash
 * cannot: it begins an escape sequence. */
int escape_is_harmless(uint32_t character);

/* Writes host and port as one escaped word: "name:25", "[::1]:25". A name that
 * does not fit is cut before the port. size is at least 12. Returns out. */
char *escape_server(char *out, size_t size, const char *host, unsigned port);

#endif
