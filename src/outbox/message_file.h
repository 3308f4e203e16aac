/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of a queued message: records, an empty line, the content in wire
 * form, and the SHA-256 of all of these. It is readable with less(1).
 *
 *	onehop outbox 2
 *	account work
 *	sender me@here.org
 *	recipient you@there.de
 *	content 3456
 *
 *	(3456 octets)
 *	sha256 (64 digits)
 *
 * A record is one line "name value". A value contains no control characters.
 */
#ifndef ONEHOP_OUTBOX_MESSAGE_FILE_H
#define ONEHOP_OUTBOX_MESSAGE_FILE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/selection.h"
#include "envelope/envelope.h"
#include "message/message.h"

/* The first line consists of this and the version of the format. */
#define MESSAGE_FILE_MAGIC "onehop outbox "
#define MESSAGE_FILE_VERSION 2

/* The name of the last record. */
#define MESSAGE_FILE_SEAL "sha256 "

/* Maximum size of the records, octets. */
#define MESSAGE_FILE_RECORDS_MAX ((size_t)16 << 20)

/* The contents of a file. Moments are seconds since 1970. */
struct message_file {
	struct selection origin; /* selects the message's account */
	struct envelope envelope;
	struct message message;
	int64_t queued;          /* when the message was queued */
	int64_t due;             /* no try before that moment, or 0 */
	unsigned doubts;         /* earlier tries with unknown outcome */
	char *reason;            /* why it was queued, escaped */
	int64_t content;         /* size of the content, octets */
	int64_t size;            /* of the file, octets; not written */
	struct buffer head;      /* records as read; borrowed by origin */
	int fd;                  /* read by message; owned, or -1 */
};

/* The recipients that a file is written for. */
enum message_file_part {
	MESSAGE_FILE_WHOLE, /* all */
	MESSAGE_FILE_OPEN   /* neither accepted nor refused permanently */
};

/* Returns whether the recipient's last reply is neither 2yz nor 5yz. */
int message_file_is_open(const struct recipient *to);

/*
 * Writes the file. The caller syncs it to disk. Returns 0 on success, -1 with
 * err set: EX_TEMPFAIL, or EX_IOERR from the message's spool.
 */
int message_file_write(int fd, const struct message_file *m,
	enum message_file_part part, struct error *err);

/*
 * Reads and checks the file, and takes ownership of fd, even on failure.
 * Returns 0 on success, -1 with err set: EX_DATAERR if the file is damaged,
 * EX_CONFIG if another version of onehop wrote it, EX_NOPERM if it is not a
 * regular file of this user, or others could write it by another name,
 * EX_IOERR. Call message_file_free() in either case.
 */
int message_file_read(struct message_file *m, int fd, struct error *err);

/* Same as message_file_read(), for the records only: message stays empty and
 * the checksum is not verified. */
int message_file_read_head(struct message_file *m, int fd,
	struct error *err);

void message_file_free(struct message_file *m);

#endif
