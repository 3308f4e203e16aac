/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The message from stdin: spooled, its header indexed and edited, written in
 * wire form. At most a block or 1 MiB of a body is in memory.
 */
#ifndef ONEHOP_MESSAGE_MESSAGE_H
#define ONEHOP_MESSAGE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/sink.h"
#include "format/field.h"
#include "message/spool.h"

/* A field of the header in its original form, and its edit. */
struct message_field {
	struct field at;        /* in message.header */
	char *text;             /* replaces the whole field, "Name: body\n",
	                           owned; NULL if unchanged */
	int removed;
};

struct message {
	struct spool spool;
	struct buffer header;         /* as read: LF ends, bare CR a space */
	struct message_field *fields; /* in order, with their edits */
	size_t nfields;
	struct buffer added;          /* new fields, LF ends; go in front */
	off_t body;                   /* where the body begins in the spool */
	off_t body_end;               /* past it: the lone dot, or the end */
	int dots;                     /* a lone dot ended it or may have: ".."
	                                 at a line's start stands for "." */
	uint64_t body_size;           /* in wire form, before dot-stuffing */
	int body_8bit;                /* any octet above 127 */
	int header_8bit;              /* the same, of the header */
	uint64_t longest_line;        /* octets without line end, all lines;
	                                 right beyond WIREFORM_LINE_MAX */
	uint64_t longest_line_number; /* counted from 1, as on stdin */
};

enum message_form {
	MESSAGE_STUFFED, /* for DATA: dots doubled, final dot not written */
	MESSAGE_PLAIN    /* for BDAT and --pretend */
};

/*
 * Reads fd to its end. m need not be set before. dots (sendmail without -i):
 * ".." at a line's start stands for ".", and a line "." ends the message if
 * nothing follows it: at a terminal, at the end of the input, or where the
 * input stays silent for SPOOL_SILENCE_MS. If text follows a line ".", the
 * whole input is text and all its dots stay. Drops leading "From " and
 * ">From " lines, finds the header's end with or without a blank line. Returns
 * 0; -1 with m empty: EX_NOINPUT if fd is closed or not open for reading,
 * EX_IOERR if reading or spooling fails, EX_DATAERR for a NUL in the header or
 * a header that is too large.
 */
int message_read(struct message *m, int fd, int dots, struct error *err);

/* Reads the message from a filled spool, which becomes part of it; no dot ends
 * it. Returns 0, or -1 with the spool freed. */
int message_take(struct message *m, struct spool *spool, struct error *err);

/* Makes a message of a text that onehop has written. Returns 0 or -1. */
int message_from_text(struct message *m, const struct buffer *text,
	struct error *err);

/* Finds the first field of that name at or after *index that was not removed.
 * Returns 1 with its index in *index, or 0. */
int message_find(const struct message *m, const char *name, size_t *index);

/* Returns the current body of the field, unfolded. Owned. */
char *message_field_body(const struct message *m, size_t index);

/* Removes every field of that name. */
void message_remove(struct message *m, const char *name);

/* Replace field index, or add a field at the top. body is unfolded; it is
 * folded for the wire. Return -1 EX_DATAERR if a line would exceed 998
 * octets. */
int message_replace(struct message *m, size_t index, const char *name,
	const char *body, struct error *err);
int message_add(struct message *m, const char *name, const char *body,
	struct error *err);

/*
 * Encodes octets above 127 in the header by the grammar of each field
 * (field_encode.h). A field that cannot be encoded and a signed header stay
 * unchanged; header_8bit is set if any such octet remains.
 */
void message_encode_header(struct message *m);

/* Reads and discards the rest of stdin, for a run that ends before
 * message_read(): its caller would die of SIGPIPE. */
void message_drain(int fd);

/* Returns the size in wire form with header edits, before dot-stuffing. */
uint64_t message_size(const struct message *m);

/*
 * Writes header, separator and body with CRLF line ends, also after the last
 * line; at most message_size() octets before stuffing. Returns 0; -1 with the
 * error of the sink, or EX_IOERR from the spool or if the file on stdin has
 * changed since it was read: no final dot may follow.
 */
int message_write(const struct message *m, enum message_form form,
	struct sink *out, struct error *err);

void message_free(struct message *m);

#endif
