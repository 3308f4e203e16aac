/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line on the terminal that says what the program is waiting for. */
#ifndef ONEHOP_NET_WAIT_LINE_H
#define ONEHOP_NET_WAIT_LINE_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* {0} draws nothing. */
struct wait_line {
	int fd;           /* terminal, or 0 */
	char peer[128];   /* host and port, escaped */
	char awaited[48]; /* what the peer is to send */
	int64_t since;    /* when the wait began, as deadline_now */
	int64_t drawn;    /* when the line was drawn last */
	size_t shown;     /* its columns; 0 if nothing is drawn */
};

/* Each function accepts NULL, for a line that draws nothing. */

/* Sets the host that the next waits are for; port 0 is not shown. */
void wait_line_name(struct wait_line *w, const char *host, unsigned port);

/* Starts a wait. */
void wait_line_begin(struct wait_line *w, const char *awaited);

/*
 * Waits like poll_any(). From the third second on it draws "waiting for the
 * greeting of mail.example.org:587 (5 s)" each second, by terminal_redraw().
 */
int wait_line_poll(struct wait_line *w, struct pollfd *fds, size_t n,
	int64_t deadline, struct error *err);

/* Erases the line, if drawn. */
void wait_line_erase(struct wait_line *w);

#endif
