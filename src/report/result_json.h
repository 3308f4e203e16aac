/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --json: reports an attempt and its outcome to programs. */
#ifndef ONEHOP_REPORT_RESULT_JSON_H
#define ONEHOP_REPORT_RESULT_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "report/outcome.h"

/* Allocates the memory for result_json_write(). Called before the attempt,
 * because the program must not exit once the smarthost has the message. */
void result_json_reserve(struct buffer *room);

/*
 * Writes one JSON object and a LF to fd, with all members listed in
 * man/onehop.1; unknown ones are null. Returns 0 on success, -1 EX_IOERR; the
 * outcome of the message does not change.
 */
int result_json_write(int fd, struct buffer *room, const struct attempt *a,
	struct error *err);

#endif
