/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors, hints and notices of a run on stderr, and its record in the log. */
#ifndef ONEHOP_REPORT_STDERR_H
#define ONEHOP_REPORT_STDERR_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "report/outcome.h"

/*
 * Writes the error to fd: one line, or one for each error of a config file, and
 * the hint. tried names the account and the host tried last; NULL if none was.
 * Writes nothing if there is no error.
 */
void report_error(int fd, const struct error *err,
	const struct attempt *tried);

/* Writes to fd that the message is in the outbox and why; nothing if it is
 * not. */
void report_queued(int fd, const struct error *err);

/* Writes "onehop: text" and a line end to fd. */
void report_line(int fd, const char *text);

/* Writes the notice of the submission to fd, if there is one. */
void report_notice(int fd, const struct submission *facts);

/* Prints what was wrong without stopping the message, if anything was. */
void report_warning(int fd, const struct envelope *e);

/* Records the attempt in its account's log; if that fails, writes a warning
 * to fd. */
void report_attempt(int fd, const struct attempt *a);

/* Writes the JSON result to output; see result_json.h for room. */
void report_result(int fd, int output, struct buffer *room,
	const struct attempt *a);

#endif
