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

/* Returns whether the replies of the attempt's recipients settle them one by
 * one: with partial_delivery, and after the content in LMTP. */
int enqueue_is_partial(const struct attempt *a);

/*
 * Returns whether a later try may succeed: after trouble with the network or
 * the server, a 4yz reply, a signal, or trouble that the user can fix, such as
 * a refused login or an unavailable password.
 */
int enqueue_may_succeed_later(const struct attempt *a);

/*
 * Queues the message of a failed attempt in its account's outbox for the
 * recipients that are not settled, if the account has an outbox and a later try
 * may succeed. err is the error of the attempt. On success err gets
 * OUTCOME_QUEUED and code 0, with a hint if the user has something to fix; if
 * some recipients were refused permanently, err keeps their refusal. If the
 * outbox cannot take the message, err is set: EX_TEMPFAIL, EX_CANTCREAT.
 */
void enqueue_message(const struct attempt *a, const struct selection *selection,
	struct error *err);

/*
 * Same as enqueue_message(), for a message that has no account because the
 * config files have errors, as described by err. Fills in account and envelope
 * as far as the files can be read.
 */
void enqueue_unconfigured(struct account *account, struct envelope *envelope,
	const struct request *request, struct message *m,
	const struct selection *selection, struct error *err);

#endif
