/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes errors, hints and notices of a run to stderr, and its log line. */
#ifndef ONEHOP_REPORT_STDERR_H
#define ONEHOP_REPORT_STDERR_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "report/outcome.h"

/*
 * Writes the error to fd, one line for each error of a config file, else one
 * line, and then the hint. tried names the account and the host tried last, or
 * is NULL. Writes nothing if there is no error.
 */
void report_error(int fd, const struct error *err,
	const struct attempt *tried);

/* Writes to fd that the message is in the outbox and why, if it is. */
void report_queued(int fd, const struct error *err);

/* Writes "onehop: text" and a line end to fd. */
void report_line(int fd, const char *text);

/* Writes the notice of the submission to fd, if any. */
void report_notice(int fd, const struct submission *facts);

/* Writes the warning of the envelope to fd, if any. */
void report_warning(int fd, const struct envelope *e);

/*
 * Logs the attempt as the account asks; if that fails, writes a warning to fd.
 */
void report_attempt(int fd, const struct attempt *a);

/* Writes the JSON result to output and a failure of that to fd. See
 * result_json.h for room. */
void report_result(int fd, int output, struct buffer *room,
	const struct attempt *a);

#endif
