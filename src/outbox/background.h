/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outbox emptied behind a run that succeeded. A process of its own does
 * it, made before the run turns to the network, so that nobody waits for it
 * and nothing of it can change the run's result.
 */
#ifndef ONEHOP_OUTBOX_BACKGROUND_H
#define ONEHOP_OUTBOX_BACKGROUND_H

/* It begins no message after so many seconds. */
#define LATER_SECONDS 20

struct background {
	int go;    /* to tell it; -1: there is none */
};

/*
 * Makes the process, if there is something in the outbox at path, and the
 * outbox if it is missing: a run that is confined could not. path may be NULL;
 * config is -C of the run or NULL. The process does nothing until it is told
 * to, and ends if it never is.
 */
void background_prepare(struct background *l, const char *path,
	const char *config);

/* Tells it to begin, or to end. */
void background_begin(struct background *l);
void background_cancel(struct background *l);

#endif
