/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps the octets of standard input so that they can be read twice. */
#ifndef ONEHOP_MESSAGE_SPOOL_H
#define ONEHOP_MESSAGE_SPOOL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/* Octets kept in memory; a larger spool is an unnamed file. */
#define SPOOL_MEMORY_MAX ((size_t)1 << 20)

/* A lone dot ends the message if nothing follows it for this time. */
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
 * Initialises s, which spool_fetch() fills from fd. A regular file larger than
 * SPOOL_MEMORY_MAX is not copied; its offset is moved to its present end.
 */
void spool_open(struct spool *s, int fd, enum spool_until until);

/*
 * Opens a file for later spools, before the sandbox forbids creating one.
 * Returns a descriptor to close, never 0; -1 EX_IOERR.
 */
int spool_reserve(struct error *err);

/* Starts a spool in the reserved file, whose earlier content is discarded. The
 * caller still owns the descriptor. */
void spool_begin(struct spool *s, int reserved);

/* Appends octets to a spool that onehop itself fills; {0} is empty. Returns 0,
 * or -1 EX_IOERR. */
int spool_add(struct spool *s, const void *data, size_t n,
	struct error *err);

/*
 * Returns up to SPOOL_BLOCK octets at offset: their number, and *data, borrowed
 * from the spool or read into block, which has room for SPOOL_BLOCK. Returns 0
 * at the end; -1 EX_IOERR, also if the file has become shorter.
 */
ssize_t spool_block(const struct spool *s, off_t offset, char *block,
	const char **data, struct error *err);

/*
 * The same, but reads the source at the end of the spool and keeps the octets,
 * so that a caller can examine each block as it arrives. Returns -1 also with
 * EX_NOINPUT if the source is not open for reading, EX_IOERR if it cannot be
 * read or kept.
 */
ssize_t spool_next(struct spool *s, off_t offset, char *block,
	const char **data, struct error *err);

/*
 * Returns 1 if the message has octets at offset. At the end of the octets
 * received so far it waits SPOOL_SILENCE_MS for the source; if the source stays
 * silent it is closed to further reading, and 0 is returned. Returns -1 like
 * spool_next(). block has room for SPOOL_BLOCK octets.
 */
int spool_has_more(struct spool *s, off_t offset, char *block,
	struct error *err);

/*
 * Reads and discards the rest of the source, or of fd, so that a caller that is
 * still writing does not die of SIGPIPE. Does nothing at a terminal.
 */
void spool_finish(struct spool *s);
void spool_drain(int fd);

void spool_free(struct spool *s);

#endif
