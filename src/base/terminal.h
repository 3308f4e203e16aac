/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controlling terminal: print, ask for yes or no, ask for a password. */
#ifndef ONEHOP_BASE_TERMINAL_H
#define ONEHOP_BASE_TERMINAL_H

#include "base/buffer.h"
#include "base/error.h"

/* Opens the controlling terminal to read and write, if this process is in its
 * foreground; else returns -1. The caller closes it. */
int terminal_open(void);

/* Writes to a descriptor as printf does and ignores failures. Foreign octets
 * must have gone through escape.h. */
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
 * Asks at the controlling terminal without echo and appends the line typed, at
 * most five minutes long. Returns 0; -1 EX_CONFIG. The echo is restored on a
 * signal if signals are held (poll.h).
 */
int terminal_read_secret(struct buffer *out, const char *question,
	struct error *err);

#endif
