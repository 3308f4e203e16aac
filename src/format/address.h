/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail addresses: checks, compares and writes them as RFC 5321 4.1.2 paths. */
#ifndef ONEHOP_FORMAT_ADDRESS_H
#define ONEHOP_FORMAT_ADDRESS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* RFC 5321 4.5.3.1, octets; format/domain limits the domain. */
#define ADDRESS_LOCAL_MAX 64
#define ADDRESS_PATH_MAX 254 /* the path without its angle brackets */

/* One mailbox of a list. Strings are owned and contain no NUL. */
struct address {
	char *name;    /* display name, unquoted and unfolded; NULL if none */
	char *local;   /* local part, without quotes and quoted-pairs */
	char *domain;  /* domain or [literal]; NULL for a bare name */
	size_t start;  /* the addr-spec, without route and <>, is ... */
	size_t end;    /* ... the octets [start, end) of the text */
};

/*
 * Checks that the address is valid for MAIL or RCPT: lengths, no control
 * characters, no octet that could end the path; the domain is present and is
 * strict LDH (A-labels, see domain.h) or an address literal. UTF-8 is allowed
 * in the local part (RFC 6531 3.3). Returns 0 on success, -1 EX_DATAERR.
 */
int address_check_path(const struct address *a, struct error *err);

/*
 * Returns whether the text is local@domain of the plainest form, which needs no
 * parser: letters and digits, '-', '_', '+' or '=' in the local part, single
 * dots between them, and shorter than every limit. It is a valid path as it is.
 * *at becomes the offset of the '@'.
 */
int address_is_plain(const char *text, size_t len, size_t *at);

/*
 * Appends local@domain for MAIL and RCPT, without <>; the local part is quoted
 * where RFC 5321 4.1.2 requires it. Without a domain, only the local part is
 * appended.
 */
void address_add_path(struct buffer *out, const struct address *a);

/*
 * Appends the mailbox for a header field: "Name <path>", without folding. The
 * name is quoted or, if it is not ASCII, encoded as RFC 2047 words. Without a
 * name, only the path is appended.
 */
void address_add_mailbox(struct buffer *out, const char *name,
	const char *path);

/* Returns whether both addresses are the same mailbox: the local parts are
 * identical, the domains equal ignoring ASCII case. */
int address_equal(const struct address *a, const struct address *b);

/* Returns whether the local part contains an octet above 127. */
int address_is_8bit(const struct address *a);

#endif
