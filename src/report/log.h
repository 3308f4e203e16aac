/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line per message: to a file, to syslog. Allocates nothing, so that it
 * cannot turn an accepted message into a failure. */
#ifndef ONEHOP_REPORT_LOG_H
#define ONEHOP_REPORT_LOG_H

#include "base/error.h"
#include "report/outcome.h"

/*
 * Opens the account's log file, which is made if it is missing, while the
 * process may still do so. A descriptor to close; 0 if there is none or it
 * cannot be opened: log_write will say why.
 */
int log_open(const struct account *a);

/*
 * Writes the record of the attempt where its account wants it. 0; -1 with a
 * warning in err that names the file: the caller prints it and changes nothing
 * else.
 */
int log_write(const struct attempt *a, struct error *err);

#endif
