/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line per message: to a file, to syslog. Allocates nothing, so that it
 * cannot turn an accepted message into a failure. */
#ifndef ONEHOP_LOG_H
#define ONEHOP_LOG_H

#include "account.h"
#include "envelope.h"
#include "error.h"
#include "message.h"
#include "submit.h"

#define LOG_RECORD_MAX 4096

/*
 * Writes the record of the run where the account wants it. result says what
 * became of the message (code 0: accepted). 0; -1 with a warning in err that
 * names the file: the caller prints it and changes nothing else.
 */
int log_write(const struct account *a, const struct envelope *e,
	const struct message *m, const struct submission *facts,
	const struct error *result, struct error *err);

#endif
