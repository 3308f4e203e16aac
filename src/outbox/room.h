/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Room for another message: outbox_max_messages and outbox_max_size. The file
 * "tally" of the outbox holds "MESSAGES OCTETS", so that a run that queues
 * reads no directory. It is never synced. One that is missing, or says that
 * there is no room, is counted anew.
 */
#ifndef ONEHOP_OUTBOX_ROOM_H
#define ONEHOP_OUTBOX_ROOM_H

#include <stdint.h>

#include "base/error.h"
#include "config/account.h"
#include "outbox/outbox.h"

/*
 * Takes room for a message of that many octets. Returns 0; -1 EX_TEMPFAIL if
 * there are too many messages, or they and the journals are too large.
 */
int room_take(const struct outbox *o, const struct account *limits,
	uint64_t octets, struct error *err);

/* Counts what is there now. */
void room_count(const struct outbox *o);

#endif
