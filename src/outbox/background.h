/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flushes the outbox after a run that succeeded, in a process of its own that
 * is forked before the run connects: nobody waits for it, and it cannot change
 * the result of the run.
 */
#ifndef ONEHOP_OUTBOX_BACKGROUND_H
#define ONEHOP_OUTBOX_BACKGROUND_H

#include "base/error.h"
#include "config/selection.h"
#include "report/outcome.h"

struct background {
	int go;    /* write end of its pipe; -1: there is no process */
};

/*
 * Forks a process if the outbox at path holds messages. Makes the outbox if
 * it is missing, which a confined run cannot. path may be NULL; config is -C
 * of the run or NULL. The process waits for background_begin and ends without
 * it.
 */
void background_prepare(struct background *l, const char *path,
	const char *config);

/* Starts the flush, or ends the process. */
void background_begin(struct background *l);
void background_cancel(struct background *l);

/*
 * With outbox_first: queues the message and sends it in the background. Returns
 * 1 with err as enqueue_message leaves it; 0 if the account wants its messages
 * sent directly, or the outbox cannot take this one.
 */
int background_send(const struct attempt *a, const struct selection *selection,
	struct error *err);

#endif
