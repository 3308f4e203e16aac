/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail addresses: checked, compared, and written as RFC 5321 4.1.2 paths. */
#ifndef ONEHOP_FORMAT_ADDRESS_H
#define ONEHOP_FORMAT_ADDRESS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* RFC 5321 4.5.3.1, octets. */
#define ADDRESS_LOCAL_MAX 64
#define ADDRESS_DOMAIN_MAX 255
#define ADDRESS_PATH_MAX 254 /* the path without its angle brackets */

/* One mailbox of a list. Strings are owned; NUL never occurs in them. */
struct address {
	char *name;    /* display name, unquoted and unfolded; NULL if none */
	char *local;   /* local part, without quotes and quoted-pairs */
	char *domain;  /* domain or [literal]; NULL for a bare name */
	size_t start;  /* where the addr-spec (no route, no <>) stands ... */
	size_t end;    /* ... in the text: octets [start, end) */
};

/*
 * Checks that the address is fit for MAIL or RCPT: lengths, no control
 * character, no octet that could end the path; the domain (A-labels, see
 * domain.h) strict LDH or an address literal, and not missing. Returns 0, or
 * -1 EX_DATAERR.
 * UTF-8 in the local part is allowed (RFC 6531 3.3).
 */
int address_check_path(const struct address *a, struct error *err);

/*
 * Appends local@domain for MAIL and RCPT, without <>; the local part quoted
 * where RFC 5321 4.1.2 wants it. A missing domain gives the local part alone.
 */
void address_add_path(struct buffer *out, const struct address *a);

/*
 * Appends the mailbox for a header field: "Name <path>", the name quoted or,
 * if not ASCII, as RFC 2047 words; no folding. Without a name just the path.
 */
void address_add_mailbox(struct buffer *out, const char *name,
	const char *path);

/*
 * Returns whether both are the same mailbox for our purposes: local parts equal
 * to the letter, domains equal but for ASCII case.
 */
int address_equal(const struct address *a, const struct address *b);

/* Returns whether the local part holds an octet above 127. */
int address_is_8bit(const struct address *a);

#endif
