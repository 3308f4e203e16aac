/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --outbox enable and --outbox status: the key, the directory, and what runs
 * onehop -q now and then. */
#ifndef ONEHOP_SETUP_OUTBOX_ENABLE_H
#define ONEHOP_SETUP_OUTBOX_ENABLE_H

#include "base/error.h"
#include "config/selection.h"

/* All is borrowed. */
struct outbox_enable {
	const struct selection *selection; /* the account; -C */
	int output;   /* descriptor for what is done */
	int trace;    /* for the dialogue of the test message, or -1 */
};

/*
 * Sets the key outbox of the account in its file, makes the directory, has a
 * systemd timer or cron run onehop -q, and sends a test message through the
 * outbox. Shows each step before the first is taken, and asks at a terminal.
 * Steps that are done already are left out. Returns 0; -1 EX_CONFIG the file
 * or the scheduler has to be seen to by hand, EX_CANTCREAT, or the error of
 * the test message.
 */
int outbox_enable_run(const struct outbox_enable *e, struct error *err);

/* Shows what there is and what is missing. Returns 0 if nothing is, else -1
 * EX_CONFIG. */
int outbox_enable_status(const struct outbox_enable *e, struct error *err);

#endif
