/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the header of a spooled message. */
#ifndef ONEHOP_MESSAGE_HEADER_H
#define ONEHOP_MESSAGE_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "message/spool.h"

#define HEAD_MAX ((size_t)4 << 20)

struct header {
	struct buffer text;    /* the fields: LF ends, bare CR a blank */
	off_t body;            /* what follows them, in the spool */
	int ended;             /* by a line ".": there is no body */
	off_t next;            /* past that line, in the spool */
	uint64_t lines;        /* lines before the body */
	uint64_t longest_line; /* of the fields: octets without line end */
	uint64_t longest_line_number; /* 1 is the first line of the spool */
};

/*
 * Reads the header: drops leading "From " and ">From " lines of a mailbox file
 * if they have a time of day or fields follow; ends at a blank line or before
 * the first line that is neither field nor continuation. dots: a line "." ends
 * the message. Returns 0, and the caller owns text; -1: the errors of
 * spool_next(), or EX_DATAERR for a NUL or more than HEAD_MAX octets.
 */
int header_read(struct header *head, struct spool *spool, int dots,
	struct error *err);

#endif
