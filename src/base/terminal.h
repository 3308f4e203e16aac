/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controlling terminal: messages, yes-or-no questions, password prompts. */
#ifndef ONEHOP_BASE_TERMINAL_H
#define ONEHOP_BASE_TERMINAL_H

#include "base/buffer.h"
#include "base/error.h"

/* Opens the controlling terminal for reading and writing if this process is in
 * its foreground. Returns a descriptor that the caller closes, or -1. */
int terminal_open(void);

/* Writes to a descriptor as printf() does, ignoring failures. Untrusted octets
 * must be escaped first (escape.h). */
void terminal_say(int fd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Returns whether a line of the terminal fd may be redrawn: a background
 * process that writes there may be stopped for it, and a dumb terminal would
 * show each state of the line. */
int terminal_can_redraw(int fd);

/*
 * Asks a yes-or-no question. Returns 1 for a line that begins with y, 0 for
 * any other and at the end of input; -1 EX_TEMPFAIL on a signal or after five
 * minutes without an answer.
 */
int terminal_confirm(int fd, const char *question, struct error *err);

/*
 * Prompts on the controlling terminal with echo off and appends the line
 * entered within five minutes. Returns 0 on success, -1 EX_CONFIG. If signals
 * are held (poll.h), echo is restored before a signal takes effect.
 */
int terminal_read_secret(struct buffer *out, const char *question,
	struct error *err);

#endif
