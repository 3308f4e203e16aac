/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Header fields, RFC 5322 2.2: finds, unfolds, compares and writes them. Header
 * blocks have lines that end in LF and contain no NUL. Pure: the time and
 * random octets are parameters.
 */
#ifndef ONEHOP_FORMAT_FIELD_H
#define ONEHOP_FORMAT_FIELD_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"

/* A field, as offsets into the block in which it was found. */
struct field {
	size_t start;     /* first octet of the name */
	size_t name_len;  /* without blanks before the colon */
	size_t body;      /* first octet after the colon */
	size_t end;       /* after the line end of its last line */
};

/*
 * Returns whether the line (without line end) begins a field: a name of
 * printable ASCII except colon and space, optional blanks (obsolete syntax),
 * and a colon.
 */
int field_is_valid(const char *line, size_t len);

/*
 * Reads the field at *offset, including continuation lines, and advances
 * *offset past it. Returns 1 on success, 0 at the end of the block or at a line
 * that does not begin a field.
 */
int field_next(const char *block, size_t len, size_t *offset,
	struct field *f);

/* Returns whether the field has this name, ignoring case. */
int field_is(const char *block, const struct field *f, const char *name);

/* Returns the body on one line without leading and trailing blanks, owned by
 * the caller. */
char *field_unfold(const char *block, const struct field *f);

/* Appends "Mon, 23 Nov 2026 09:30:00 +0100" (RFC 5322 3.3). east is the UTC
 * offset in seconds. */
void field_add_date(struct buffer *out, time_t when, long east);

/* Appends "<unique@domain>", where unique is made from the seconds in base 36
 * and 16 random octets. */
void field_add_message_id(struct buffer *out, time_t when,
	const unsigned char random[16], const char *domain);

/*
 * Appends "Name: body\n", folded at blanks so that lines have at most 76 octets
 * where possible and never more than 998; quoted strings that fit on a line are
 * not broken. Returns 0 on success; -1 with out unchanged if a name or word is
 * longer than 997 octets or the body contains a line end.
 */
int field_add_folded(struct buffer *out, const char *name,
	const char *body);

#endif
