/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a log says of an attempt, in one line. Allocates nothing, so that it
 * cannot turn an accepted message into a failure. */
#ifndef ONEHOP_REPORT_LOGLINE_H
#define ONEHOP_REPORT_LOGLINE_H

#include <stddef.h>

#include "report/outcome.h"

/* Octets of a line with its LF: one write that nobody else's parts. */
#define LOGLINE_MAX 4096

struct logline {
	char text[LOGLINE_MAX]; /* ends in a NUL, in no LF */
	size_t len;
};

/*
 * Composes the line in the format of the account: when, outcome, exit, account,
 * host, address, tls, verify, auth, user, from, to, size, msgid, queueid,
 * reply, error, ms; what is not known is left out. when may be "". Nothing in
 * it can end the line or pass for another field, and nothing is too long.
 */
void log_line_compose(struct logline *l, const struct attempt *a,
	const char *when);

#endif
