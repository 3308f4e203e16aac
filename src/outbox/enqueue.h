/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What could not be handed over and may be later goes to the outbox. */
#ifndef ONEHOP_OUTBOX_ENQUEUE_H
#define ONEHOP_OUTBOX_ENQUEUE_H

#include "base/error.h"
#include "config/selection.h"
#include "report/outcome.h"

/*
 * May a later try succeed: was it the network, a server in trouble, a 4yz
 * reply, a signal?
 */
int enqueue_is_worthwhile(const struct attempt *a);

/*
 * Puts the message of a failed attempt into its account's outbox, if there is
 * one and that is worthwhile, for the recipients that have not got it; err is
 * the attempt's error. Then err tells OUTCOME_QUEUED with code 0, or, if some
 * recipients were refused for good, their refusal. If the outbox cannot take
 * it, err says so: EX_TEMPFAIL, EX_CANTCREAT.
 */
void enqueue_message(const struct attempt *a, const struct selection *selection,
	struct error *err);

#endif
