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

/* What there is to tell of a run; all borrowed. */
struct log_entry {
	const struct account *account;
	const struct envelope *envelope;
	const struct message *message;
	const struct submission *facts;
	const struct error *result;    /* code 0: accepted */
};

/*
 * Writes the record of the run where its account wants it. 0; -1 with a
 * warning in err that names the file: the caller prints it and changes nothing
 * else.
 */
int log_write(const struct log_entry *entry, struct error *err);

#endif
