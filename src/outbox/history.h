/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What became of a queued message so far, from the journal beside it, and when
 * it is to be tried again. Pure: the clock and chance are parameters. Moments
 * are seconds since 1970.
 *
 * A journal is lines of text, "WORD MOMENT [DUE] [words]":
 *
 *	reading    the file is about to be read
 *	read       and was
 *	trying     it is about to be sent
 *	ending     the end of its content is: from here the outcome is unknown
 *	accepted   by all it was for
 *	deferred   refused for now; next try not before DUE
 *	held       not tried: there is trouble with its server
 *	late       past its life, and another try has failed
 *	unknown    the server may have it; next try not before DUE
 *	failed     given up
 *	retried    its user wants it tried as if it were new
 */
#ifndef ONEHOP_OUTBOX_HISTORY_H
#define ONEHOP_OUTBOX_HISTORY_H

#include <stddef.h>
#include <stdint.h>

/* A message that fails past this age fails for good (RFC 5321 4.5.4.1). */
#define HISTORY_LIFE_SECONDS ((int64_t)5 * 24 * 3600)

/* What crashed us so often is not tried again. */
#define HISTORY_CRASHES_MAX 3

/* One unknown outcome and two more tries. */
#define HISTORY_DOUBTS_MAX 3

#define HISTORY_REASON 400

/* {0} is that of a message that was never tried. */
struct history {
	unsigned tries;      /* that ended without acceptance */
	unsigned doubts;     /* of these, outcome unknown */
	unsigned crashes;    /* readings or tries without any end, in a row */
	int accepted;        /* only its removal is missing */
	int64_t due;         /* not to be tried before; 0: at once */
	int64_t last;        /* moment of the last line */
	int64_t began;       /* when its user wanted it retried, or 0 */
	int64_t late;        /* when first a try failed past its life, or 0 */
	char reason[HISTORY_REASON]; /* of the last failure, or "" */
};

/* Takes in a whole journal. Lines that are none, as the last one of a machine
 * that lost its power, do not count. */
void history_read(struct history *h, const char *journal, size_t len);

/*
 * When to try again after so many tries: 5 minutes times their square, six
 * hours at most, a fifth more or less as chance says.
 */
int64_t history_next(unsigned tries, int64_t now, uint32_t chance);

/* May it be tried now? A due moment further off than any can be is the work
 * of a clock that was wrong. */
int history_is_due(const struct history *h, int64_t now);

/* Is it past its life, counted from when it was queued or retried? */
int history_is_late(const struct history *h, int64_t queued, int64_t now);

/*
 * Is it to be given up, now that another try failed? Only if a try failed past
 * its life an hour ago, too: a clock that jumps gives up nothing.
 */
int history_is_over(const struct history *h, int64_t queued, int64_t now);

#endif
