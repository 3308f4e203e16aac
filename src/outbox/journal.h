/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal of a queued message records what happened to it since it was
 * queued. Lines of text, "WORD MOMENT [DUE] [words]", are appended to a file
 * beside the message. Moments are seconds since 1970.
 *
 *	reading    the content is about to be read
 *	trying     the message is about to be sent
 *	ending     the end of the content is about to be sent; from now on the
 *	           outcome is unknown; with "2,4-7", for these recipients
 *	accepted   by all recipients; with "2,4-7", by these (counted from 1)
 *	refused    "3 words": that recipient was refused permanently, or is
 *	           given up
 *	deferred   a temporary refusal; next try at DUE
 *	held       not sent, for no fault of the message; next try at DUE
 *	unknown    the server may have accepted it for those that the last
 *	           "ending" names; next try at DUE
 *	failed     given up
 *	retried    the user wants it tried as if it were new
 *	reported   a report that it was given up has been queued
 *
 * An incomplete or unknown line is ignored. The functions that read are pure:
 * the clock and the random number are parameters.
 */
#ifndef ONEHOP_OUTBOX_JOURNAL_H
#define ONEHOP_OUTBOX_JOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "envelope/envelope.h"

/* A message deferred for longer fails permanently (RFC 5321 4.5.4.1). */
#define JOURNAL_LIFE_SECONDS ((int64_t)5 * 24 * 3600)

/* Number of crashes while it is read after which a message is given up. */
#define JOURNAL_CRASHES_MAX 3

/* Number of tries with unknown outcome after which a message is given up. */
#define JOURNAL_DOUBTS_MAX 3

/* Size of a reason, octets, including the NUL. */
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
	unsigned doubts;     /* tries with unknown outcome for this one only */
	unsigned ending;     /* 1: named by the last "ending" */
};

/* The state of a message according to its journal. {0}: never tried. */
struct journal_state {
	unsigned tries;      /* tries that ended without acceptance */
	unsigned doubts;     /* of these, tries with unknown outcome for all */
	unsigned crashes;    /* consecutive crashes while it was read */
	int accepted;        /* by all recipients; only removal is missing */
	int failed;          /* given up */
	int reported;        /* a report about that has been queued */
	int64_t due;         /* no try before that moment; 0: at once */
	int64_t retried;     /* when the user last asked for a retry, or 0 */
	int64_t life;        /* seconds it has been deferred for, without the
	                        time when its server was unreachable */
	int64_t talked;      /* last try that reached its server, or 0 */
	char reason[JOURNAL_REASON]; /* of the last failure, or "" */
	struct journal_recipient *to; /* in the order of the file; owned */
	size_t n;            /* length of to; later recipients are open */
};

/* Reads a whole journal. Call journal_state_free() afterwards. */
void journal_read(struct journal_state *s, const char *text, size_t len);

void journal_state_free(struct journal_state *s);

/* Returns whether the recipient, counted from 0, is not settled. */
int journal_recipient_is_open(const struct journal_state *s, size_t index);

/* Returns the number of tries whose outcome is unknown for the recipient,
 * counted from 0. */
unsigned journal_doubts(const struct journal_state *s, size_t index);

/*
 * Returns the moment of the next try after the given number of tries: 5 minutes
 * times its square, at most six hours, varied at random by a fifth. chance is
 * a random number.
 */
int64_t journal_next_try(unsigned tries, int64_t now, uint32_t chance);

/* Returns whether the moment has come. A moment too far in the future was
 * written with a wrong clock and counts as past. */
int journal_is_due(int64_t due, int64_t now);

/* Returns whether a message that is to be deferred now has been deferred for
 * longer than JOURNAL_LIFE_SECONDS. */
int journal_is_over(const struct journal_state *s, int64_t now);

/* A journal open for writing. */
struct journal {
	int fd;
	off_t start;  /* size of the file to roll back to, octets */
	int ending;   /* JOURNAL_ENDING was written, but no result yet */
};

/* Takes ownership of fd, which is open for reading and appending. Removes a
 * last line without a line end, which a full disk or a power cut has left.
 * Returns 0 on success, -1 with err set: EX_TEMPFAIL. */
int journal_open(struct journal *j, int fd, struct error *err);

/*
 * Appends a line with one write(2). due is used for deferred, held and unknown.
 * words may be NULL. JOURNAL_ENDING and the lines after it, except the
 * acceptance by all, are on disk when the function returns. Returns 0 on
 * success, -1 with err set: EX_TEMPFAIL.
 */
int journal_write(struct journal *j, enum journal_event event, int64_t due,
	const char *words, struct error *err);

/* Syncs the journal to disk. Returns 0 on success, -1 with err set:
 * EX_TEMPFAIL. */
int journal_sync(const struct journal *j, struct error *err);

/*
 * Appends which recipients have accepted and which have refused the message,
 * according to their replies in the envelope. index[i] is the position of
 * recipient i in the file. Returns 0 on success, -1 with err set: EX_TEMPFAIL.
 */
int journal_write_replies(struct journal *j, const struct envelope *e,
	const size_t *index, struct error *err);

/*
 * Appends JOURNAL_ENDING for the recipients that are pending or in doubt, with
 * index as above. Returns 0 on success, -1 with err set: EX_TEMPFAIL.
 */
int journal_write_ending(struct journal *j, const struct envelope *e,
	const size_t *index, struct error *err);

/* Appends that the recipient, counted from 0, is given up. Returns 0 on
 * success, -1 with err set: EX_TEMPFAIL. */
int journal_give_up(struct journal *j, size_t index, const char *words,
	struct error *err);

/* Reserves disk space for the result of a try with that many recipients.
 * Returns 0 on success, -1 with err set: EX_TEMPFAIL. */
int journal_reserve(const struct journal *j, size_t recipients,
	struct error *err);

/* Removes the lines appended since the journal was opened, up to the last
 * recipient that was given up. */
void journal_rollback(struct journal *j);

void journal_close(struct journal *j);

#endif
