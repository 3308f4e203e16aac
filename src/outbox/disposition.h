/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of a queued message when it is not accepted: put off, held,
 * divided or given up. */
#ifndef ONEHOP_OUTBOX_DISPOSITION_H
#define ONEHOP_OUTBOX_DISPOSITION_H

#include <stdint.h>

#include "base/error.h"
#include "outbox/outbox.h"
#include "outbox/site.h"
#include "report/outcome.h"

/* What a flush is to do; all borrowed. */
struct flush_order {
	const char *path;    /* of the outbox */
	const char *config;  /* -C of this run, or NULL: for what cannot say
	                        whose it is */
	int64_t until;       /* no message is begun later (wait.h) */
	int trace;           /* descriptor for the dialogues, or -1 */
};

/* What came of it, messages. */
struct flush {
	unsigned sent;
	unsigned waiting;   /* not due yet, or held back by trouble */
	unsigned failed;    /* given up in this run */
	struct error held;  /* trouble with a server, the first one */
	struct error log;   /* why a record was not written, the first one */
	int busy;           /* another run is at it: nothing was done */
};

/* One under way. */
struct flushing {
	struct flush *result;
	struct outbox outbox;     /* locked */
	struct sites sites;
	const struct flush_order *order;
	struct error complaints;  /* what a person has to know, in lines */
};

/* A message of it. */
struct job {
	const char *id;
	struct site *site;        /* NULL until the message is read */
	struct message_file entry;
	struct history history;
	struct journal journal;
};

/* All that return int: 0, or -1 EX_TEMPFAIL if the outbox cannot be written,
 * or a signal came: then the flush is to end. */

/*
 * Decides on a message that was tried and not accepted by all it is for, by
 * the attempt's result. A server in trouble stops its site.
 */
int disposition_judge(struct flushing *f, struct job *j,
	const struct attempt *a,
	struct error *err);

/* Leaves a message of a site that is stopped, and tells once of what only its
 * user can help. */
int disposition_hold(struct flushing *f, const struct job *j,
	struct error *err);

/* Gives up what cannot even be tried, and logs that. */
int disposition_give_up(struct flushing *f, const struct job *j,
	const char *why,
	struct error *err);

/* Tells the log of the account; the first trouble with that is kept. */
void disposition_record(struct flushing *f, struct attempt *attempt);

/* Another line for the user; the code that needs one most is that of all. */
void disposition_complain(struct error *all, int code, const char *text);

/* For a message that does not say whose it is. */
struct site *disposition_default_site(struct flushing *f);

#endif
