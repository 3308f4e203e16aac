/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages that a flush sends, by account. */
#ifndef ONEHOP_OUTBOX_WORK_H
#define ONEHOP_OUTBOX_WORK_H

#include <sys/types.h>

#include "base/string_list.h"
#include "config/selection.h"
#include "outbox/flush.h"
#include "outbox/held.h"

/* The messages of a site, and its process. */
struct work {
	struct site site;
	int unreadable;         /* for messages whose site is unknown */
	struct string_list ids; /* of messages that are due */
	size_t named;           /* of these, whose journals have a name on the
	                           disk */
	pid_t child;
	int report;             /* reads its struct work_report, or -1 */
};

struct work_list {
	struct work **at;
	size_t n;
};

/* Returns the work of the account that the selection leads to, adding it if
 * needed. unreadable: for messages whose account is unknown. */
struct work *work_find(struct work_list *list, const struct selection *origin,
	const struct flush_order *order, int unreadable);

/* Frees the list. */
void work_free(struct work_list *list);

/* Adds the message to the work of its account if it is due; counts it as
 * waiting otherwise. Returns whether it was removed, as it was accepted. */
int work_sort(struct flushing *f, struct work_list *list, const char *id,
	const struct flush_order *order);

/* Stops the accounts that an earlier flush holds, unless their moment has come
 * or their file was edited. */
void work_apply_held(struct work_list *list, const struct held *held);

/* Writes the accounts that this flush holds; before is the earlier list. */
void work_note_held(const struct flushing *f, const struct work_list *list,
	const struct held *before);

#endif
