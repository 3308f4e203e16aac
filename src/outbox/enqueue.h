/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Queues a message that failed temporarily. */
#ifndef ONEHOP_OUTBOX_ENQUEUE_H
#define ONEHOP_OUTBOX_ENQUEUE_H

#include "base/error.h"
#include "config/account.h"
#include "config/selection.h"
#include "envelope/envelope.h"
#include "envelope/request.h"
#include "message/message.h"
#include "report/outcome.h"

/* Returns whether the account allows that only some recipients get the
 * message. */
int enqueue_is_partial(const struct account *a);

/*
 * Returns whether a later try may succeed: after trouble with the network or
 * the server, a 4yz reply, a signal, and trouble that the user can fix: a
 * refused login, a password that cannot be had.
 */
int enqueue_may_succeed_later(const struct attempt *a);

/*
 * Puts the message of a failed attempt into its account's outbox, if there is
 * one and a later try may succeed, for the recipients that are not settled.
 * err is the error of the attempt. On success it gets OUTCOME_QUEUED and code
 * 0, with a hint if the user has something to fix; if some recipients were
 * refused permanently, it tells their refusal. If the outbox cannot take the
 * message, err says so: EX_TEMPFAIL, EX_CANTCREAT.
 */
void enqueue_message(const struct attempt *a, const struct selection *selection,
	struct error *err);

/*
 * The same for a message that has come to no account, because the config files
 * are wrong; err says so. Fills in account and envelope as far as the files can
 * be read.
 */
void enqueue_unconfigured(struct account *account, struct envelope *envelope,
	const struct request *request, struct message *m,
	const struct selection *selection, struct error *err);

#endif
