/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flushes the outbox after a successful run, in a separate process that is
 * forked once the run is connected: without a connection nothing is flushed.
 * Nothing waits for it, and it cannot change the result of the run.
 */
#ifndef ONEHOP_OUTBOX_BACKGROUND_H
#define ONEHOP_OUTBOX_BACKGROUND_H

#include <sys/types.h>

#include "base/error.h"
#include "config/selection.h"
#include "report/outcome.h"
#include "smtp/submit.h"

struct background {
	const char *path;   /* of the outbox, or NULL; borrowed */
	const char *config; /* argument of -C, or NULL; borrowed */
	int prepared;
	int go;      /* write end of its pipe; -1: there is no process */
	pid_t child; /* that has forked it, to be waited for */
};

/* Sets l to an outbox and the argument of -C; nothing is forked yet. */
void background_init(struct background *l, const char *path,
	const char *config);

/*
 * The connected function of struct submit_options, with a struct background as
 * its context. On the first call, forks a process if the outbox holds messages;
 * the process wipes the secrets of s, waits for background_begin(), and exits
 * if the run ends without calling it. Creates the outbox if it is missing,
 * because a sandboxed run cannot do so later.
 */
void background_prepare(void *context, struct submitter *s);

/* background_begin() starts the flush; background_cancel() ends the process
 * instead. Both do nothing if there is no process. */
void background_begin(struct background *l);
void background_cancel(struct background *l);

/*
 * With outbox_first, queues the message and sends it in the background. Returns
 * 1 with err set as by enqueue_message(); 0 if the account wants its messages
 * sent directly, or if the outbox cannot take this one.
 */
int background_send(const struct attempt *a, const struct selection *selection,
	struct error *err);

#endif
