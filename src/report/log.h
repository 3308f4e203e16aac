/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line per message: composed, then written to a file and to syslog.
 * Allocates nothing, so that it cannot turn an accepted message into a
 * failure. */
#ifndef ONEHOP_REPORT_LOG_H
#define ONEHOP_REPORT_LOG_H

#include <stddef.h>

#include "base/error.h"
#include "report/outcome.h"

/* Octets of a line with its LF: written with one write(2), so that lines of
 * other processes cannot split it. */
#define LOG_LINE_MAX 4096

struct log_line {
	char text[LOG_LINE_MAX]; /* ends in a NUL, in no LF */
	size_t len;
};

/*
 * Composes the line in the format of the account: when, outcome, exit, account,
 * host, address, tls, verify, auth, user, from, to, size, msgid, queueid,
 * reply, error, ms; a field without a value is left out. when may be "". No
 * value can end the line or look like another field, and each is cut to its
 * limit.
 */
void log_line_compose(struct log_line *l, const struct attempt *a,
	const char *when);

/*
 * Opens the account's log file, creating it if missing, while the process may
 * still do so. Returns a descriptor to close; 0 if there is no log file or it
 * cannot be opened: log_write then says why.
 */
int log_open(const struct account *a);

/*
 * Writes the record of the attempt to the log file and to syslog, as the
 * account asks. 0; -1 with a warning in err that names the file: the caller
 * prints it, and the result of the run does not change.
 */
int log_write(const struct attempt *a, struct error *err);

#endif
