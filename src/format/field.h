/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Header fields, RFC 5322 2.2: found, unfolded, compared, written. Works on a
 * header block whose lines end in LF and that holds no NUL. Pure: the clock and
 * the random octets are parameters.
 */
#ifndef ONEHOP_FORMAT_FIELD_H
#define ONEHOP_FORMAT_FIELD_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"

/* A field; offsets into the block it was found in. */
struct field {
	size_t start;     /* first octet of the name */
	size_t name_len;  /* without blanks before the colon */
	size_t body;      /* first octet after the colon */
	size_t end;       /* past the line end of its last line */
};

/*
 * Returns whether the line (no line end) is the first line of a field: a name
 * of printable ASCII but colon and space, optional blanks (obsolete), a colon.
 */
int field_is_valid(const char *line, size_t len);

/*
 * The field at *offset, which moves past it, continuation lines included.
 * 1; 0 at the end of the block or at a line that starts no field.
 */
int field_next(const char *block, size_t len, size_t *offset,
	struct field *f);

/* Returns whether the field has this name, whatever its case. */
int field_is(const char *block, const struct field *f, const char *name);

/* Its body on one line, outer blanks dropped: owned string. */
char *field_unfold(const char *block, const struct field *f);

/* Appends "Mon, 23 Nov 2026 09:30:00 +0100" (RFC 5322 3.3). east is the
 * zone's offset in seconds. */
void field_add_date(struct buffer *out, time_t when, long east);

/* Appends "<unique@domain>": seconds in base 36 and 16 random octets. */
void field_add_message_id(struct buffer *out, time_t when,
	const unsigned char random[16], const char *domain);

/*
 * Appends "Name: body\n", folded before blanks so that lines keep to 76
 * octets where they can and to 998 always; quoted strings that fit a line are
 * not broken. 0, or -1 if a name or word longer than 997 octets makes that
 * impossible or the body holds a line end (out unchanged).
 */
int field_add_folded(struct buffer *out, const char *name,
	const char *body);

#endif
