/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controlling terminal: messages, yes-or-no questions, password prompts. */
#ifndef ONEHOP_BASE_TERMINAL_H
#define ONEHOP_BASE_TERMINAL_H

#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "base/buffer.h"
#include "base/error.h"

/* Opens the controlling terminal for reading and writing if this process is in
 * its foreground. Returns a descriptor that the caller closes, or -1. */
int terminal_open(void);

/* The terminal while a command may use it. */
struct terminal_loan {
	int fd;     /* -1: this process is not in the foreground of one */
	int is_lent;
	struct termios before;
};

void terminal_loan_begin(struct terminal_loan *loan);

/* If the command, which leads a process group, was stopped because it reads or
 * sets the terminal, moves it to the foreground and continues it. */
void terminal_lend_if_stopped(struct terminal_loan *loan, pid_t command);

/* Takes the terminal back as it was, once the command has ended. is_lent stays
 * as it is. */
void terminal_loan_end(struct terminal_loan *loan);

/* Writes to a descriptor as printf() does, ignoring failures. Untrusted octets
 * must be escaped first (escape.h). */
void terminal_say(int fd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Writes a line over the one on the terminal fd that takes so many columns; ""
 * erases it. Nothing is written from the background, since a process may be
 * stopped for that, nor on a dumb terminal, which would show each state of the
 * line. Returns the columns that the line takes now.
 */
size_t terminal_redraw(int fd, size_t columns, const char *line);

/*
 * Asks a yes-or-no question. Returns 1 for a line that begins with y, 0 for
 * any other and at the end of input; -1 EX_TEMPFAIL on a signal or after five
 * minutes without an answer.
 */
int terminal_confirm(int fd, const char *question, struct error *err);

/*
 * Prompts on the controlling terminal with echo off and appends the line
 * entered within five minutes. Returns 0 on success, -1 EX_CONFIG; EX_TEMPFAIL
 * at the limit. If signals are held (poll.h), echo is restored before a signal
 * takes effect.
 */
int terminal_read_secret(struct buffer *out, const char *question,
	struct error *err);

#endif
