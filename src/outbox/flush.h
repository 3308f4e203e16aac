/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sends the messages of an outbox: one session for each account, the accounts
 * side by side. */
#ifndef ONEHOP_OUTBOX_FLUSH_H
#define ONEHOP_OUTBOX_FLUSH_H

#include <stdint.h>

#include "base/error.h"
#include "outbox/disposition.h"

/* The task of a flush. All is borrowed. */
struct flush_order {
	const char *path;    /* of the outbox */
	const char *config;  /* -C of this run, or NULL: for messages that do
	                        not say whose they are */
	int64_t until;       /* no message is begun later (poll.h) */
	int trace;           /* descriptor for the dialogues, or -1 */
	enum {
		FLUSH_DUE,   /* messages that are due */
		FLUSH_ALL    /* all messages, whatever pauses there are */
	} which;
};

/*
 * Sends the messages of the outbox. Returns 0 if none was given up and no
 * account needs its user; -1 with err set: EX_UNAVAILABLE messages were given
 * up, EX_NOPERM a server refuses the user or password, EX_CONFIG an account
 * cannot be used as it is configured, EX_TEMPFAIL interrupted, or the outbox
 * cannot be read or written, EX_CANTCREAT another user can write to it.
 * Several causes are several lines of text. Call signals_hold before.
 */
int flush_outbox(struct flush *result, const struct flush_order *order,
	struct error *err);

/* Writes one line about the flush to fd, for a terminal. */
void flush_report(int fd, const struct flush *flush);

#endif
