/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line on a terminal that says what a run waits for. */
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

/* Each function takes NULL for a line that draws nothing. */

/* The next waits are for this host; port 0 is not shown. */
void wait_line_name(struct wait_line *w, const char *host, unsigned port);

/* A wait begins. */
void wait_line_begin(struct wait_line *w, const char *awaited);

/*
 * Waits as poll_any() does. From the third second of the wait on it draws
 * "waiting for the greeting of mail.example.org:587 (5 s)", anew each second,
 * unless terminal_can_redraw() says no.
 */
int wait_line_poll(struct wait_line *w, struct pollfd *fds, size_t n,
	int64_t deadline, struct error *err);

/* Removes the line, if there is one. */
void wait_line_erase(struct wait_line *w);

#endif
