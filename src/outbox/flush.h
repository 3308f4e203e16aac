/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sends the messages of an outbox, with one session for each account. The
 * accounts are served in parallel. */
#ifndef ONEHOP_OUTBOX_FLUSH_H
#define ONEHOP_OUTBOX_FLUSH_H

#include <stdint.h>

#include "base/error.h"
#include "outbox/disposition.h"

/* The task of a flush. All is borrowed. */
struct flush_order {
	const char *path;    /* of the outbox */
	const char *config;  /* argument of -C, or NULL: for messages that name
	                        no account */
	int64_t until;       /* no message is begun after it (poll.h) */
	int trace;           /* descriptor for the dialogues, or -1 */
	enum {
		FLUSH_DUE,   /* messages that are due */
		FLUSH_ALL    /* all messages, ignoring pauses */
	} which;
};

/*
 * Sends the messages of the outbox. Returns 0 if no message was given up and no
 * account needs the user's attention; -1 with err set: EX_UNAVAILABLE if
 * messages were given up, EX_NOPERM if a server refuses the user or password,
 * EX_CONFIG if an account cannot be used with its configuration, EX_TEMPFAIL if
 * interrupted or if the outbox cannot be read or written, EX_CANTCREAT if
 * another user can write to it. Each cause is one line of text. Requires
 * signals_hold().
 */
int flush_outbox(struct flush *result, const struct flush_order *order,
	struct error *err);

/* Writes one line about the flush to fd, for a terminal. */
void flush_report(int fd, const struct flush *flush);

#endif
