/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One attempt to hand over a message, and what became of it: what a log, a
 * program and a person are told. */
#ifndef ONEHOP_REPORT_OUTCOME_H
#define ONEHOP_REPORT_OUTCOME_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/submit.h"

/* All borrowed; each may be empty, as an attempt may end early. */
struct attempt {
	const struct account *account;
	const struct envelope *envelope;
	const struct message *message;
	const struct submission *facts;
	const struct error *result;
	int code;  /* exit code that the run ends with */
	int log;   /* as log_open gave it; 0: not opened */
};

/*
 * What became of it, in one word:
 *   accepted  the smarthost has it, for every recipient
 *   queued    it is in the outbox: the smarthost could not be given it yet
 *   partial   the smarthost has it, for some of the recipients
 *   refused   the smarthost does not want it and never will
 *   failed    nobody has it, for another reason or for now
 *   unknown   the smarthost may have it
 */
const char *outcome_of(const struct attempt *a);

#endif
