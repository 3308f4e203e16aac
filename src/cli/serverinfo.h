/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --serverinfo: what a smarthost is and offers, and what we would make of it.
 * Sends no message. */
#ifndef ONEHOP_CLI_SERVERINFO_H
#define ONEHOP_CLI_SERVERINFO_H

#include "base/error.h"
#include "cli/options.h"
#include "config/account.h"

/*
 * Connects, with --auth-test authenticates, and prints what was found on fd,
 * as JSON with --json. What was found before something went wrong is printed
 * as well. 0, or -1 with the session's error, or EX_IOERR.
 */
int serverinfo_show(int fd, const struct account *a,
	const struct options *options, struct error *err);

#endif
