/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --outbox enable and --outbox status: sets up and checks the key, the
 * directory, and the timer that runs onehop -q. */
#ifndef ONEHOP_SETUP_OUTBOX_ENABLE_H
#define ONEHOP_SETUP_OUTBOX_ENABLE_H

#include "base/error.h"
#include "config/selection.h"

/* All members are borrowed. */
struct outbox_enable {
	const struct selection *selection; /* the account; -C */
	int output;   /* descriptor for reports */
	int trace;    /* descriptor for the test message's dialogue, or -1 */
};

/*
 * Sets the key outbox of the account in its file, creates the directory, sets
 * up a systemd timer or cron to run onehop -q, and sends a test message through
 * the outbox. Shows all steps before taking the first, and asks at a terminal.
 * Skips steps that are already done. Returns 0 on success, -1 with err set:
 * EX_CONFIG if the file or the scheduler must be changed by hand, EX_CANTCREAT,
 * or the error of the test message.
 */
int outbox_enable_run(const struct outbox_enable *e, struct error *err);

/* Shows the state of the outbox and the steps that are missing. Returns 0 if
 * none is missing, -1 with err set: EX_CONFIG. */
int outbox_enable_status(const struct outbox_enable *e, struct error *err);

#endif
