/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal of a queued message: what happened to it since it was queued.
 * Lines of text, "WORD MOMENT [DUE] [words]", are appended to a file beside the
 * message; moments are seconds since 1970:
 *
 *	reading    the content is about to be read
 *	trying     the message is about to be sent
 *	ending     the end of the content is about to be sent: from here on the
 *	           outcome is unknown
 *	accepted   by all recipients; with "2,4-7", by these (counted from 1)
 *	refused    "3 words": that recipient was refused permanently
 *	deferred   a temporary refusal; next try at DUE
 *	held       not sent, for no fault of the message; next try at DUE
 *	unknown    the server may have accepted it; next try at DUE
 *	failed     given up
 *	retried    the user wants it tried as if it were new
 *	reported   a report has told that it was given up
 *
 * A line that is incomplete or unknown is ignored. The functions that read are
 * pure: clock and chance are parameters.
 */
#ifndef ONEHOP_OUTBOX_JOURNAL_H
#define ONEHOP_OUTBOX_JOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "envelope/envelope.h"

/* A message that is deferred for longer fails permanently: RFC 5321 4.5.4.1. */
#define JOURNAL_LIFE_SECONDS ((int64_t)5 * 24 * 3600)

/* A message whose reading crashed so often is given up. */
#define JOURNAL_CRASHES_MAX 3

/* A message whose outcome is unknown so often is given up. */
#define JOURNAL_DOUBTS_MAX 3

#define JOURNAL_REASON 400

enum journal_event {
	JOURNAL_READING,
	JOURNAL_TRYING,
	JOURNAL_ENDING,
	JOURNAL_ACCEPTED,
	JOURNAL_REFUSED,
	JOURNAL_DEFERRED,
	JOURNAL_HELD,
	JOURNAL_UNKNOWN,
	JOURNAL_FAILED,
	JOURNAL_RETRIED,
	JOURNAL_REPORTED
};

/* The state of one recipient. */
struct journal_recipient {
	enum { RECIPIENT_OPEN, RECIPIENT_ACCEPTED, RECIPIENT_REFUSED } state;
	char *words;         /* of the refusal, or NULL; owned */
};

/* The state of a message as its journal tells it. {0} is never tried. */
struct journal_state {
	unsigned tries;      /* that ended without acceptance */
	unsigned doubts;     /* of these, outcome unknown */
	unsigned crashes;    /* readings without an end, in a row */
	int accepted;        /* by all: only its removal is missing */
	int failed;          /* given up */
	int reported;        /* and a report has told so */
	int64_t due;         /* no try before; 0: at once */
	int64_t retried;     /* when its user wanted it retried, or 0 */
	int64_t life;        /* seconds it has been deferred for, without the
	                        time when its server was out of reach */
	int64_t talked;      /* last try that reached its server, or 0 */
	char reason[JOURNAL_REASON]; /* of the last failure, or "" */
	struct journal_recipient *to; /* in the order of the file; owned */
	size_t n;            /* of to; recipients past it are open */
};

/* Reads a whole journal. Call journal_state_free afterwards. */
void journal_read(struct journal_state *s, const char *text, size_t len);

void journal_state_free(struct journal_state *s);

/* Returns whether the recipient, counted from 0, is not settled. */
int journal_recipient_is_open(const struct journal_state *s, size_t index);

/*
 * The moment of the next try after so many tries: in 5 minutes times their
 * square, six hours at most, a fifth more or less as chance says.
 */
int64_t journal_next_try(unsigned tries, int64_t now, uint32_t chance);

/* Returns whether the moment has come. One too far in the future was written by
 * a wrong clock, and does not count. */
int journal_is_due(int64_t due, int64_t now);

/* Returns whether a message that is deferred now has been so for too long. */
int journal_is_over(const struct journal_state *s, int64_t now);

/* A journal open for writing. */
struct journal {
	int fd;
	off_t start;  /* its size when it was opened */
	int torn;     /* its last line has no end */
	int ending;   /* JOURNAL_ENDING was written and no result yet */
};

/* Takes over fd, open for reading and appending. Returns 0 on success, -1
 * with err set. */
int journal_open(struct journal *j, int fd, struct error *err);

/*
 * Appends a line in one write(2). due counts for deferred, held and unknown.
 * words may be NULL. JOURNAL_ENDING and what follows it are on the disk when
 * the function returns, except the acceptance by all. Returns 0 on success, -1
 * EX_TEMPFAIL.
 */
int journal_write(struct journal *j, enum journal_event event, int64_t due,
	const char *words, struct error *err);

/* Waits until the disk has the journal. Returns 0, or -1 EX_TEMPFAIL. */
int journal_sync(const struct journal *j, struct error *err);

/*
 * Appends who has accepted and who has refused the message, by the replies of
 * the envelope's recipients. index[i] is the place of recipient i in the file.
 * Returns 0, or -1 EX_TEMPFAIL.
 */
int journal_write_replies(struct journal *j, const struct envelope *e,
	const size_t *index, struct error *err);

/* Reserves room on the disk for the result of a try with so many recipients.
 * Returns 0, or -1 EX_TEMPFAIL if there is none. */
int journal_reserve(const struct journal *j, size_t recipients,
	struct error *err);

/* Removes what was appended since it was opened, unless it must stay. */
void journal_rollback(struct journal *j);

void journal_close(struct journal *j);

#endif
