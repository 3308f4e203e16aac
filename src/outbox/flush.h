/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox emptied: one session for each account serves its messages. */
#ifndef ONEHOP_OUTBOX_FLUSH_H
#define ONEHOP_OUTBOX_FLUSH_H

#include "base/error.h"
#include "outbox/disposition.h"

/*
 * Sends the messages of the outbox that are due. 0: nothing was given up and
 * no account needs its user. -1: EX_UNAVAILABLE messages were given up,
 * EX_NOPERM a server refuses the user or password, EX_CONFIG an account cannot
 * be found any more, EX_TEMPFAIL interrupted, or the outbox cannot be read or
 * written, EX_CANTCREAT it is not private. Several causes are several lines of
 * text. signals_hold() has been called.
 */
int flush_outbox(struct flush *f, const struct flush_order *order,
	struct error *err);

/* Writes one line about the flush on fd, for a person at a terminal. */
void flush_report(int fd, const struct flush *flush);

#endif
