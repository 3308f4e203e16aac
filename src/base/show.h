/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of text for people. Every text for a terminal goes through here, so
 * that no octet of others reaches one unescaped, even where its writer has
 * forgotten escape().
 */
#ifndef ONEHOP_BASE_SHOW_H
#define ONEHOP_BASE_SHOW_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/sink.h"

/* Writes what somebody asked to see, escaped as by escape_lines(). Returns 0;
 * -1 EX_IOERR. */
int show_answer(int fd, const char *text, size_t len, struct error *err);

/* The same for what nobody may be reading: a failure is ignored. Allocates
 * nothing. */
void show_note(int fd, const char *text, size_t len);

/* The octets of a message: exact for a file or a pipe; escaped, with LF for
 * CRLF, on a terminal. */
struct show_sink {
	struct sink sink;      /* first: the two are cast */
	struct file_sink exact;
	struct buffer text;    /* since the last whole line */
	int is_terminal;
};

void show_sink_open(struct show_sink *s, int fd);

/* Writes what the sink holds. Returns 0; -1 EX_IOERR. */
int show_sink_flush(struct show_sink *s, struct error *err);

/* Frees what the sink holds. */
void show_sink_close(struct show_sink *s);

#endif
