/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The message from stdin: spooled, its header indexed and edited, written in
 * wire form. Bodies never live in memory beyond a block or 1 MiB.
 */
#ifndef ONEHOP_MESSAGE_H
#define ONEHOP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "error.h"
#include "header.h"
#include "stream.h"

#define MESSAGE_MEMORY_MAX ((size_t)1 << 20)
#define MESSAGE_HEADER_MAX ((size_t)4 << 20)

/* Where the octets of stdin are kept: memory, or a descriptor. */
struct spool {
	struct buffer memory;   /* used while fd is -1 */
	int fd;                 /* -1, an unlinked file, or stdin itself */
	int borrowed;           /* fd is the caller's: do not close */
	off_t start;            /* stdin's offset when we began */
	off_t size;             /* octets of message in it */
};

/* A field of the header as it stands, and what became of it. */
struct message_field {
	struct field at;        /* in message.header */
	char *text;             /* replaces the whole field, "Name: body\n",
	                           owned; NULL if unchanged */
	int removed;
};

struct message {
	struct spool spool;
	struct buffer header;         /* as read: LF ends, bare CR a space */
	struct message_field *fields; /* in order; text and removed tell edits */
	size_t nfields;
	struct buffer added;          /* new fields, LF ends; go in front */
	off_t body;                   /* where the body begins in the spool */
	off_t body_end;               /* past it: the lone dot, or the end */
	int dots;                     /* ".." at a line's start loses a dot */
	uint64_t body_size;           /* in wire form, before dot-stuffing */
	int body_8bit;                /* any octet above 127 */
	int header_8bit;
	uint64_t longest_line;        /* octets without line end, all lines */
	uint64_t longest_line_number; /* counted from 1 */
};

enum message_form {
	MESSAGE_STUFFED, /* for DATA: dots doubled, final dot not written */
	MESSAGE_PLAIN    /* for BDAT and --pretend */
};

/*
 * Reads fd to its end. dots: a line "." ends the message and ".." at a line's
 * start stands for "." (sendmail without -i); the rest is read and dropped.
 * Drops leading "From " and ">From " lines, finds the header's end with or
 * without a blank line. 0; -1: EX_NOINPUT closed or no descriptor, EX_IOERR
 * read or spool trouble, EX_DATAERR NUL in the header or header too large.
 */
int message_read(struct message *m, int fd, int dots, struct error *err);

/* The first field of that name not removed at or after *index, which becomes
 * its index; 0 if there is none. */
int message_find(const struct message *m, const char *name, size_t *index);

/* The field's body now, unfolded, edits included: owned string. */
char *message_field_body(const struct message *m, size_t index);

/* Edits. body is unfolded; it is folded for the wire. -1 EX_DATAERR if it
 * cannot be folded to 998. */
void message_remove(struct message *m, const char *name);
int message_replace(struct message *m, size_t index, const char *name,
	const char *body, struct error *err);
int message_add(struct message *m, const char *name, const char *body,
	struct error *err);

/* Octets in wire form, header edits included, before dot-stuffing: SIZE. */
uint64_t message_size(const struct message *m);

/* Writes header, separator and body with CRLF ends; the last line is always
 * ended. 0; -1: the stream's error, or EX_IOERR from the spool. */
int message_write(const struct message *m, enum message_form form,
	struct stream *out, struct error *err);

void message_free(struct message *m);

#endif
