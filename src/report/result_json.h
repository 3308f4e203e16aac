/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --json: an attempt and its outcome, for programs. */
#ifndef ONEHOP_REPORT_RESULT_JSON_H
#define ONEHOP_REPORT_RESULT_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "report/outcome.h"

/*
 * Allocates the memory for result_json_write. Called before the attempt, as
 * nothing may end the program once the smarthost has the message.
 */
void result_json_reserve(struct buffer *room);

/*
 * Writes one JSON object and a LF to fd, with all members that man/onehop.1
 * lists; an unknown one is null. 0, or -1 EX_IOERR; the outcome of the message
 * does not change.
 */
int result_json_write(int fd, struct buffer *room, const struct attempt *a,
	struct error *err);

#endif
