/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --json: an attempt and what became of it, for programs. */
#ifndef ONEHOP_REPORT_RESULT_JSON_H
#define ONEHOP_REPORT_RESULT_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "report/outcome.h"

/*
 * Allocates the memory that result_json_write needs. Called before the attempt:
 * nothing may end the program once the smarthost has the message.
 */
void result_json_reserve(struct buffer *room);

/*
 * Writes one JSON object and a LF to fd; man/onehop.1 lists its members, and
 * all of them are there, null where there is nothing to tell. 0, or -1
 * EX_IOERR; what then became of the message stays as it is.
 */
int result_json_write(int fd, struct buffer *room, const struct attempt *a,
	struct error *err);

#endif
