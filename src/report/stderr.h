/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run has to say when it is over: to a person, to a log. */
#ifndef ONEHOP_REPORT_STDERR_H
#define ONEHOP_REPORT_STDERR_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "report/outcome.h"

/*
 * The error on fd: one line - one for each error of a config file -, and one
 * more if the user can do something. tried names the account and the host that
 * was turned to last; NULL if none was. Nothing if there is no error.
 */
void report_error(int fd, const struct error *err,
	const struct attempt *tried);

/* That the message is in the outbox and why, as one line on fd for a person who
 * looks; nothing if it is not. */
void report_queued(int fd, const struct error *err);

/* Writes "onehop: text" and a line end on fd. */
void report_line(int fd, const char *text);

/* What was learnt on the way and will not be said a second time, as one line
 * on fd; nothing if there is nothing. */
void report_notice(int fd, const struct submission *facts);

/* Prints what was wrong without stopping the message, if anything was. */
void report_warning(int fd, const struct envelope *e);

/* Records the attempt where its account wants it; a log that cannot be
 * written costs a line on fd. */
void report_attempt(int fd, const struct attempt *a);

/* The same for a program that listens on output; see result.h for room. */
void report_result(int fd, int output, struct buffer *room,
	const struct attempt *a);

#endif
