/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An attempt to submit a message and its outcome, as reported by log, JSON and
 * stderr. */
#ifndef ONEHOP_REPORT_OUTCOME_H
#define ONEHOP_REPORT_OUTCOME_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/submit.h"

/* All members are borrowed; each may be empty if the attempt ended early. */
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
 * Returns the outcome as one word:
 *   accepted  accepted by the smarthost for all recipients
 *   queued    stored in the outbox
 *   partial   accepted by the smarthost for some recipients
 *   refused   refused permanently by the smarthost
 *   failed    not accepted, for another reason
 *   unknown   the smarthost may have accepted it
 */
const char *outcome_of(const struct attempt *a);

#endif
