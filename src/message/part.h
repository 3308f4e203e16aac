/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One part of a message that is converted: what is known of it, and its header
 * written anew. */
#ifndef ONEHOP_MESSAGE_PART_H
#define ONEHOP_MESSAGE_PART_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "format/mime_header.h"
#include "message/spool.h"

/* What a transport takes. */
enum part_transport {
	PART_8BIT, /* any octets but lines of at most WIREFORM_LINE_MAX */
	PART_7BIT  /* ASCII alone */
};

struct part {
	struct mime_header entity;
	int is_top;               /* the message itself */
	int is_signed;            /* it, or one around it */
	int is_long;              /* a line of its body passes the limit */
	int is_8bit;              /* its body does */
	int is_utf8;              /* and all of that is UTF-8 */
	uint64_t line;            /* the first that is too long or 8-bit */
};

/* Must its body become quoted-printable, if it may? */
int part_is_converted(const struct part *p, enum part_transport transport);

/*
 * Appends the part's header (lines ended by LF) to out: long lines folded,
 * 8-bit words encoded, its encoding as it will be. 0; -1 EX_DATAERR naming the
 * field that cannot be helped, or the spool's error.
 */
int part_write_header(struct spool *out, const struct part *p,
	const struct buffer *header, enum part_transport transport,
	struct error *err);

/* Is an octet above 127? */
int part_is_8bit(const char *text, size_t len);

#endif
