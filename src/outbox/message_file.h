/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message of the outbox as a file that explains itself: netstrings, the
 * content in wire form, the digest of all that, END. less(1) shows it.
 *
 *	onehop outbox 1
 *	12:account work,
 *	18:sender me@here.org,
 *	22:recipient you@there.de,
 *	12:content 3456,
 *	3456:...,
 *	71:sha256 (64 digits),
 *	END
 */
#ifndef ONEHOP_OUTBOX_MESSAGE_FILE_H
#define ONEHOP_OUTBOX_MESSAGE_FILE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/selection.h"
#include "envelope/envelope.h"
#include "message/message.h"

/* How a file begins and ends. */
#define ENTRY_MAGIC "onehop outbox 1\n"
#define ENTRY_END "END\n"

/* Records of a file, without the content, octets. */
#define ENTRY_HEAD_MAX ((size_t)16 << 20)

/* What a file holds; moments are seconds since 1970. */
struct message_file {
	struct selection origin; /* account, config, overrides: they lead to
	                             the account once more */
	struct envelope envelope;
	struct message message;
	int64_t queued;           /* when it came */
	int64_t due;              /* first try not before, or 0 */
	unsigned doubts;          /* tries before, outcome unknown */
	char *reason;             /* why it was queued, escaped */
	struct buffer head;       /* records as read; origin borrows from it */
	int fd;                   /* that message reads from; owned, or -1 */
};

/* Which of the envelope's recipients a file is for. */
enum message_file_part {
	ENTRY_WHOLE,
	ENTRY_OPEN,    /* those neither accepted nor refused for good */
	ENTRY_REFUSED  /* those with a 5yz one */
};

/*
 * Writes the file: 0; -1 EX_TEMPFAIL, or EX_IOERR from the
 * message's spool. The message's size must be that of its
 * octets. The caller makes it durable.
 */
int message_file_write(int fd, const struct message_file *e,
	enum message_file_part part,
	struct error *err);

/* How many recipients that would be. */
size_t message_file_count(const struct envelope *e,
	enum message_file_part part);

/*
 * Reads and checks all of the file, which becomes the entry's even if that
 * fails. 0; -1: EX_DATAERR it is damaged, EX_NOPERM it is not ours, EX_IOERR.
 * message_file_free in either case.
 */
int message_file_read(struct message_file *e, int fd, struct error *err);

/* The same of the records alone: message stays empty, and the digest is not
 * looked at. */
int message_file_read_head(struct message_file *e, int fd, struct error *err);

void message_file_free(struct message_file *e);

#endif
