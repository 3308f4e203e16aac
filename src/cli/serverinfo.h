/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --serverinfo: shows what a smarthost is and offers, and how onehop would use
 * it. Sends no message. */
#ifndef ONEHOP_CLI_SERVERINFO_H
#define ONEHOP_CLI_SERVERINFO_H

#include "base/error.h"
#include "cli/options.h"
#include "config/account.h"

/*
 * Connects, authenticates with --auth-test, and prints the results to fd, as
 * JSON with --json. Results obtained before a failure are also printed. Returns
 * 0 on success; -1 with the error of the session, or EX_IOERR.
 */
int serverinfo_show(int fd, const struct account *a,
	const struct options *options, struct error *err);

#endif
