/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One attempt to submit a message, and its outcome: what log, JSON and stderr
 * report. */
#ifndef ONEHOP_REPORT_OUTCOME_H
#define ONEHOP_REPORT_OUTCOME_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/submit.h"

/* All borrowed; each may be empty if the attempt ended early. */
struct attempt {
	const struct account *account;
	const struct envelope *envelope;
	const struct message *message;
	const struct submission *facts;
	const struct error *result;
	int code;  /* exit code of the run */
	int log;   /* from log_open; 0 if not opened */
	const char *client; /* user of -bs, "www-data(33)"; "" or NULL */
};

/*
 * Returns the outcome in one word:
 *   accepted  the smarthost has it, for every recipient
 *   queued    it is in the outbox
 *   partial   the smarthost has it, for some of the recipients
 *   refused   the smarthost refused it for good
 *   failed    nobody has it, for another reason
 *   unknown   the smarthost may have it
 */
const char *outcome_of(const struct attempt *a);

#endif
