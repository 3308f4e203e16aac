/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Foreign octets made fit to be shown. Whatever a server, a message or a
 * config file says reaches a terminal or a log only through here.
 */
#ifndef ONEHOP_BASE_ESCAPE_H
#define ONEHOP_BASE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Room that suits most quotes in an error text. */
#define ESCAPE_QUOTE 512

/*
 * Writes the len octets at text into out, NUL-terminated: C0 and C1 controls,
 * DEL, the backslash, bidi controls, line and paragraph separators and octets
 * that are not UTF-8 become \xNN; a text that does not fit ends in "...".
 * size is at least 4.
 * Returns out.
 */
char *escape(char *out, size_t size, const char *text, size_t len);

/* The same for a string. */
char *escape_string(char *out, size_t size, const char *text);

/*
 * The same for lines of text, into out without a NUL: LF, TAB and backslashes
 * stay, so that what is escaped already does not change. Writes as much as
 * size (at least 16) has room for, moves *text and *len past it, and returns
 * the octets written.
 */
size_t escape_lines(char *out, size_t size, const char **text, size_t *len);

/* Appends a text that stays within its line: LF and TAB are escaped too,
 * backslashes stay. */
void escape_add(struct buffer *out, const char *text);

/* Returns whether a terminal may show the character unchanged. A backslash it
 * may not: that begins an escape. */
int escape_is_harmless(uint32_t character);

/* A host and its port as one word, escaped: "name:25", "[::1]:25"; a name that
 * does not fit is cut before its port. size is at least 12. */
char *escape_server(char *out, size_t size, const char *host, unsigned port);

#endif
