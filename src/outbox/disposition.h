/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decides what becomes of a queued message after a try: removed, deferred,
 * held or given up. */
#ifndef ONEHOP_OUTBOX_DISPOSITION_H
#define ONEHOP_OUTBOX_DISPOSITION_H

#include <stdint.h>

#include "base/error.h"
#include "config/account.h"
#include "outbox/held.h"
#include "outbox/outbox.h"
#include "report/outcome.h"
#include "smtp/reuse.h"

/* Messages given up that a flush reports with their reasons, at most. */
#define DISPOSITION_TOLD_MAX 3

/* The account that messages were queued for, and its session. */
struct site {
	char key[HELD_KEY];
	struct account account;
	struct reused_session delivery;
	int stopped;          /* no more messages in this run: why */
	struct error why;
	int64_t due;          /* no try before that moment; 0: at once */
	unsigned failed;      /* messages given up */
	int told;             /* its user was told why it is stopped */
};

/* The result of a flush, in messages. */
struct flush {
	unsigned sent;
	unsigned waiting;     /* not due yet, or held */
	unsigned failed;      /* given up in this run */
	struct error held;    /* trouble with a server, the first one */
	struct error log;     /* why a record was not written, the first one */
	int busy;             /* another run has the lock: nothing was done */
};

/* A flush under way, of one outbox. */
struct flushing {
	struct flush result;
	struct error complaints;  /* what a person has to know, in lines */
	struct outbox outbox;     /* locked */
};

/* A message of it. */
struct job {
	const char *id;
	struct site *site;
	struct message_file file; /* recipients that are settled are left out */
	size_t *index;            /* place of each recipient in the file */
	struct journal_state state;
	struct journal journal;
};

/* Functions that return int return 0, or -1 with err set if the outbox cannot
 * be written or a signal came: then the flush ends. */

/* Leaves out the recipients that the journal says are settled. */
void disposition_leave_out(struct job *j);

/* Removes a message that its recipients have accepted; gives it up if others
 * had refused it. */
int disposition_settle(struct flushing *f, struct job *j, struct error *err);

/*
 * Decides on a message that was tried and not accepted by all recipients, by
 * the result of the attempt. Trouble with the server stops the site.
 */
int disposition_judge(struct flushing *f, struct job *j,
	const struct attempt *a, struct error *err);

/* Counts messages of a stopped site as waiting, and tells once of trouble
 * that its user can fix. */
void disposition_hold(struct flushing *f, struct site *site, size_t messages);

/* Gives up a message that cannot be tried, and logs that. */
int disposition_give_up(struct flushing *f, struct job *j, const char *why,
	struct error *err);

/* Writes the attempt to the log of the account; keeps the first error. */
void disposition_record(struct flushing *f, struct attempt *attempt);

/* Adds a line for the user; the most serious code becomes that of all. */
void disposition_complain(struct error *all, int code, const char *text);

#endif
