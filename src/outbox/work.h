/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages that a flush sends, by account. */
#ifndef ONEHOP_OUTBOX_WORK_H
#define ONEHOP_OUTBOX_WORK_H

#include <sys/types.h>

#include "base/string_list.h"
#include "config/selection.h"
#include "outbox/flush.h"
#include "outbox/held.h"

/* The messages of a site, and the process that sends them. */
struct work {
	struct site site;
	int unreadable;         /* holds messages whose account is unknown */
	struct error unread;    /* why it is, of the first of them */
	struct string_list ids; /* of messages that are due, in the order in
	                           which they are tried */
	struct string_list refused; /* those that were refused before, while
	                               messages are collected */
	size_t named;           /* number of these whose journal's directory
	                           entry is on disk */
	int busy;               /* another run is sending its messages */
	int lock;               /* descriptor that holds the site's lock, or
	                           negative */
	pid_t child;
	int report;             /* pipe from which its struct work_report is
	                           read, or -1 */
};

struct work_list {
	struct work **at;
	size_t n;
};

/* Returns the work of the account that the selection selects, owned by the
 * list, and adds it if needed. unreadable is nonzero for messages whose account
 * is unknown. */
struct work *work_find(struct work_list *list, const struct selection *origin,
	const struct flush_order *order, int unreadable);

/* Frees the list. */
void work_free(struct work_list *list);

/* Adds each queued message to the work of its account if it is due; counts it
 * as waiting otherwise. Removes messages that all recipients had accepted.
 * Returns 0 on success, -1 with err set. */
int work_collect(struct flushing *f, struct work_list *list,
	const struct flush_order *order, struct error *err);

/* Takes the locks of all sites. The messages of those that another run is
 * sending are counted as waiting; so are those of a lock that cannot be made,
 * which is reported. */
void work_lock(struct flushing *f, struct work_list *list);

/* Releases the lock of the site. */
void work_unlock(struct work *w);

/* Stops the accounts that an earlier flush held, unless they are due or their
 * config file has been edited. */
void work_apply_held(struct work_list *list, const struct held *held);

/* Writes the list of accounts that are held. before is the list that was read
 * when the flush began: another run may have changed it meanwhile. */
void work_note_held(const struct flushing *f, const struct work_list *list,
	const struct held *before);

#endif
