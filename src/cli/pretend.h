/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --pretend: shows what a run would do, without doing it. */
#ifndef ONEHOP_CLI_PRETEND_H
#define ONEHOP_CLI_PRETEND_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"

/* Writes account (secrets as ***), envelope and message to fd. Returns 0 on
 * success, -1 EX_IOERR. */
int pretend_show(int fd, const struct account *a, const struct envelope *e,
	const struct message *m, struct error *err);

#endif
