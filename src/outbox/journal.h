/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file beside a queued message that its tries are noted in: history.h has
 * its grammar. */
#ifndef ONEHOP_OUTBOX_JOURNAL_H
#define ONEHOP_OUTBOX_JOURNAL_H

#include "base/error.h"

/* One open for appending; the descriptor is its opener's. */
struct journal {
	int fd;
};

/*
 * Adds the line "WORD MOMENT words", the moment being now, and waits until the
 * disk has it. format, or NULL, makes the words, which begin with a due moment
 * where the grammar has one. 0, or -1 EX_TEMPFAIL.
 */
int journal_add(const struct journal *j, const char *word, struct error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
