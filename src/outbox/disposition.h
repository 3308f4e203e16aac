/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decides whether a queued message is removed, deferred, held or given up after
 * a try. */
#ifndef ONEHOP_OUTBOX_DISPOSITION_H
#define ONEHOP_OUTBOX_DISPOSITION_H

#include <stdint.h>

#include "base/error.h"
#include "config/account.h"
#include "outbox/held.h"
#include "outbox/outbox.h"
#include "report/outcome.h"
#include "smtp/reuse.h"

/* Maximum number of messages given up that a flush reports with reasons. */
#define DISPOSITION_TOLD_MAX 3

/* The account that messages were queued for, and its session. */
struct site {
	char key[HELD_KEY];
	struct account account;
	struct reused_session delivery;
	int stopped;          /* nonzero: no more messages in this run */
	struct error why;     /* why it is stopped */
	int64_t due;          /* no try before that moment; 0: at once */
	unsigned failed;      /* messages given up */
	int told;             /* its user was told why it is stopped */
	int refused;          /* the last message that was tried was refused by
	                         what could be about the server or login */
};

/* The result of a flush, in messages. */
struct flush {
	unsigned sent;
	unsigned waiting;     /* not due yet, or held */
	unsigned failed;      /* given up in this run */
	unsigned unread;      /* of those waiting: cannot be opened or read */
	struct error held;    /* first trouble with a server */
	struct error log;     /* first failure to write a log record */
	int busy;             /* another run has the lock: nothing was done */
};

/* A flush under way, of one outbox. */
struct flushing {
	struct flush result;
	struct error complaints;  /* one line for each problem to report */
	struct outbox outbox;
	size_t journals;          /* number of them when it began */
	unsigned removed;         /* messages that had been accepted before */
	unsigned synced;          /* of these and those sent, the number whose
	                             removal is on disk */
	int changed;              /* nonzero if the room taken has changed */
};

/* One message of a flush. */
struct job {
	const char *id;
	struct site *site;
	struct message_file file; /* without the recipients that are settled */
	size_t *index;            /* position of each recipient in the file */
	struct journal_state state;
	struct journal journal;
};

/* Functions that return int return 0 on success, -1 with err set if the outbox
 * cannot be written or a signal arrived; the flush must then end. */

/* Removes the recipients that are settled according to the journal. */
void disposition_leave_out(struct job *j);

/* Gives up the open recipients for which too many tries had an unknown outcome,
 * and the message if no others are open. Returns 1 if it is still to be tried,
 * as with no open recipient. */
int disposition_end_doubts(struct flushing *f, struct job *j,
	struct error *err);

/* Removes a message that all remaining recipients have accepted; gives it up if
 * other recipients had refused it. */
int disposition_settle(struct flushing *f, struct job *j, struct error *err);

/*
 * Decides from the result of the attempt what becomes of a message that was not
 * accepted for all recipients. Trouble with the server or the login stops the
 * site. 421, or 530 and its like, in reply to a message is a temporary refusal
 * of that message; for two messages in a row it stops the site, too.
 */
int disposition_judge(struct flushing *f, struct job *j,
	const struct attempt *a, struct error *err);

/* Counts the messages of a stopped site as waiting, and reports once the
 * trouble that its user can fix. */
void disposition_hold(struct flushing *f, struct site *site, size_t messages);

/* Counts a message that cannot be opened or read as waiting, and reports it.
 * Only the first few are named. */
void disposition_skip(struct flushing *f, const char *id,
	const struct error *why);

/* Gives up a message that cannot be tried, and logs this. */
int disposition_give_up(struct flushing *f, struct job *j, const char *why,
	struct error *err);

/* Writes the attempt to the log of the account. Keeps the first error in
 * f->result.log. */
void disposition_record(struct flushing *f, struct attempt *attempt);

/* Adds a line for the user. The code of all becomes the most serious one. */
void disposition_complain(struct error *all, int code, const char *text);

#endif
