/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The delivery status report for messages of an account that were given up (RFC
 * 3464): at most one for each flush, from the null sender, so that it is never
 * itself reported.
 */
#ifndef ONEHOP_OUTBOX_BOUNCE_H
#define ONEHOP_OUTBOX_BOUNCE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/string_list.h"
#include "config/account.h"
#include "outbox/outbox.h"

/* A report under construction; {0} is empty. */
struct bounce {
	struct account *account;       /* of the messages, borrowed */
	struct message_file first;     /* source of origin and header */
	struct string_list ids;        /* of the messages */
	struct buffer text;            /* human-readable part */
	struct buffer status;          /* message/delivery-status fields */
};

/* Adds a message of the account that was given up, unless it has been reported,
 * has the null sender, is damaged, or the account wants no reports. */
void bounce_add(struct bounce *b, const struct outbox *o, const char *id,
	struct account *a);

/*
 * Queues the report to outbox_report, and records in the journals that the
 * messages have been reported. The account's deliver_by, hold_for and
 * hold_until are for its messages only, and are unset. Returns 0 with id set to
 * that of the report; -1 with err set: EX_IOERR, EX_TEMPFAIL.
 */
int bounce_queue(struct bounce *b, const struct outbox *o, char id[OUTBOX_ID],
	struct error *err);

void bounce_free(struct bounce *b);

#endif
