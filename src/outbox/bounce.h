/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report about messages that were given up (RFC 3464): one for each flush
 * at most, from the null sender, so that nothing reports about it in turn.
 */
#ifndef ONEHOP_OUTBOX_BOUNCE_H
#define ONEHOP_OUTBOX_BOUNCE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/string_list.h"
#include "config/account.h"
#include "outbox/outbox.h"

/* A report while it is made; {0} tells of nothing. */
struct bounce {
	const struct account *account; /* of the first message, borrowed */
	struct message_file first;     /* it gives origin and header */
	struct string_list ids;        /* of the messages */
	struct buffer text;            /* for people */
	struct buffer status;          /* fields for programs */
};

/*
 * Adds a message that was given up, unless it has been reported, has the null
 * sender, is damaged, or its account wants its reports elsewhere than the
 * first one's.
 */
void bounce_add(struct bounce *b, const struct outbox *o, const char *id,
	const struct account *a);

/*
 * Queues the report to outbox_report, and notes in the journals that the
 * messages have been reported. Returns 0 with the ID of the report; -1
 * EX_IOERR, EX_TEMPFAIL.
 */
int bounce_queue(struct bounce *b, const struct outbox *o, char id[OUTBOX_ID],
	struct error *err);

void bounce_free(struct bounce *b);

#endif
