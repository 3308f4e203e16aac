/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells the user what a flush leaves in the outbox. */
#ifndef ONEHOP_OUTBOX_SUMMARY_H
#define ONEHOP_OUTBOX_SUMMARY_H

#include "outbox/work.h"

/* Adds lines to f->complaints: about messages that cannot be read, messages
 * given up that the user has not seen, and the oldest message if it has waited
 * for longer than outbox_patience. May add an account to the list. */
void summary_add(struct flushing *f, struct work_list *list,
	const struct flush_order *order);

#endif
