/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: one line per message, written to a file and to syslog. Allocates no
 * memory, so that logging cannot turn an accepted message into a failure. */
#ifndef ONEHOP_REPORT_LOG_H
#define ONEHOP_REPORT_LOG_H

#include <stddef.h>

#include "base/error.h"
#include "report/outcome.h"

/* Maximum length of a line with its LF, octets. It is written with one
 * write(2), so that lines of other processes cannot split it. */
#define LOG_LINE_MAX 4096

struct log_line {
	char text[LOG_LINE_MAX]; /* NUL-terminated, without LF */
	size_t len;
};

/*
 * Composes the line in the format of the account: when, outcome, exit, account,
 * host, address, tls, verify, auth, user, from, to, size, msgid, queueid,
 * reply, error, ms; an empty field is omitted. when may be "". A value cannot
 * end the line or imitate another field, and each is cut to its limit.
 */
void log_line_compose(struct log_line *l, const struct attempt *a,
	const char *when);

/*
 * Opens the account's log file, creating it if missing, before the process is
 * confined. Returns a descriptor for the caller to close; 0 if there is no log
 * file or it cannot be opened, in which case log_write() reports the reason.
 */
int log_open(const struct account *a);

/*
 * Writes the log line of the attempt to the log file and to syslog, as
 * configured. Returns 0 on success; -1 with a warning in err that names the
 * file. The caller prints it; the result of the run does not change.
 */
int log_write(const struct attempt *a, struct error *err);

#endif
