/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes lines of text for people. All text for a terminal is written by these
 * functions, so that no untrusted octet reaches it unescaped, even if a caller
 * has omitted escape().
 */
#ifndef ONEHOP_BASE_SHOW_H
#define ONEHOP_BASE_SHOW_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/sink.h"

/* Writes output that the user asked for, escaped as by escape_lines(). Returns
 * 0 on success, -1 EX_IOERR. */
int show_answer(int fd, const char *text, size_t len, struct error *err);

/* Same as show_answer(), for messages that may have no reader: failures are
 * ignored. Allocates no memory. */
void show_note(int fd, const char *text, size_t len);

/* A sink for the octets of a message: unchanged for a file or a pipe; escaped,
 * and with LF for CRLF, on a terminal. */
struct show_sink {
	struct sink sink;      /* first: the two are cast */
	struct file_sink exact;
	struct buffer text;    /* after the last complete line */
	int is_terminal;
};

void show_sink_open(struct show_sink *s, int fd);

/* Writes the buffered octets. Returns 0 on success, -1 EX_IOERR. */
int show_sink_flush(struct show_sink *s, struct error *err);

/* Frees the buffer and discards octets that were not flushed. */
void show_sink_close(struct show_sink *s);

#endif
