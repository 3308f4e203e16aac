/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The octets of standard input, kept so that they can be read twice. */
#ifndef ONEHOP_MESSAGE_SPOOL_H
#define ONEHOP_MESSAGE_SPOOL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/* Up to here in memory; beyond, in a file without a name. */
#define SPOOL_MEMORY_MAX ((size_t)1 << 20)

/* A lone dot ends the message if nothing follows it for so long. */
#define SPOOL_SILENCE_MS 5000

/* The size of one read, octets. */
#define SPOOL_BLOCK ((size_t)64 << 10)

enum spool_place {
	SPOOL_MEMORY,
	SPOOL_FILE,     /* ours, unlinked */
	SPOOL_STDIN     /* a regular file on stdin, read where it is */
};

enum spool_until {
	SPOOL_UNTIL_END,
	SPOOL_UNTIL_DOT /* at a terminal a line "." ends it as well */
};

struct spool {
	enum spool_place place;
	struct buffer memory;   /* for SPOOL_MEMORY */
	int fd;                 /* for the others; closed if SPOOL_FILE */
	off_t start;            /* of the octets in fd: stdin's offset */
	off_t size;             /* octets */
	int unread;             /* source may have more; see spool_next */
	int source;
	int dot_ends;           /* SPOOL_UNTIL_DOT, and source is a terminal */
};

/*
 * Will be filled from fd, by spool_next. A regular file larger than
 * SPOOL_MEMORY_MAX is not copied, only its offset is moved after what is
 * there now. s need not be set before.
 */
void spool_open(struct spool *s, int fd, enum spool_until until);

/*
 * A file for spools to come, for a time when none can be made any more. A
 * descriptor to close, never 0; -1 EX_IOERR.
 */
int spool_reserve(struct error *err);

/* Makes {0} a spool in the reserved file, whose earlier content is dropped.
 * The descriptor stays the caller's. */
void spool_begin(struct spool *s, int reserved);

/* Appends octets to a spool that onehop itself fills; {0} is empty. 0, or -1
 * EX_IOERR. */
int spool_add(struct spool *s, const void *data, size_t n,
	struct error *err);

/*
 * Up to SPOOL_BLOCK octets from offset: their count, *data borrowed from the
 * spool or read into block, which has room for so many. 0 at the end; -1
 * EX_IOERR, also if the file has become shorter than it was.
 */
ssize_t spool_block(const struct spool *s, off_t offset, char *block,
	const char **data, struct error *err);

/*
 * The same, but where the spool ends, the source is read on and what comes is
 * kept, so that who looks at each block sees it while it is at hand. -1 also
 * EX_NOINPUT if the source is not open for reading, EX_IOERR if it cannot be
 * read or kept.
 */
ssize_t spool_next(struct spool *s, off_t offset, char *block,
	const char **data, struct error *err);

/*
 * Returns 1 if the message has octets at offset. At the end of what has come
 * so far it waits SPOOL_SILENCE_MS for the source; a source that stays silent
 * is read no more, and 0 is returned. -1 as spool_next. block has room for
 * SPOOL_BLOCK octets.
 */
int spool_has_more(struct spool *s, off_t offset, char *block,
	struct error *err);

/*
 * Reads and drops what is left of the source, or on fd, so that a caller that
 * is still writing does not die of SIGPIPE. Not at a terminal.
 */
void spool_finish(struct spool *s);
void spool_drain(int fd);

void spool_free(struct spool *s);

#endif
