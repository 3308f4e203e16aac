/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The limits of an outbox: outbox_max_messages and outbox_max_size. The file
 * "tally" in the outbox holds "MESSAGES OCTETS", so that a run that queues a
 * message reads no directory. It is never synced. If it is missing, or reaches
 * a limit, the messages are counted again.
 */
#ifndef ONEHOP_OUTBOX_ROOM_H
#define ONEHOP_OUTBOX_ROOM_H

#include <stdint.h>

#include "base/error.h"
#include "config/account.h"
#include "outbox/outbox.h"

/*
 * Reserves room for a message of that many octets. Returns 0 on success, -1
 * with err set: EX_TEMPFAIL if there are too many messages, or if they and the
 * journals are too large.
 */
int room_take(const struct outbox *o, const struct account *limits,
	uint64_t octets, struct error *err);

/* Counts the messages and octets in the outbox and writes the tally. */
void room_count(const struct outbox *o);

#endif
