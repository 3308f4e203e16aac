/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line on the terminal that says what the program is waiting for. */
#ifndef ONEHOP_NET_WAIT_LINE_H
#define ONEHOP_NET_WAIT_LINE_H

#include <stddef.h>
#include <stdint.h>

/* {0} draws nothing. */
struct wait_line {
	int fd;          /* terminal, or 0 */
	char peer[128];  /* host and port, escaped */
	int64_t since;   /* when the wait began, as deadline_now */
	int64_t drawn;   /* when the line was drawn last */
	size_t shown;    /* its columns; 0 if nothing is drawn */
};

/* Starts a wait. */
void wait_line_begin(struct wait_line *w);

/* Returns when to draw next; DEADLINE_NONE if nothing is to be drawn. */
int64_t wait_line_due(const struct wait_line *w);

/* Draws "waiting for the greeting of mail.example.org:587 (5 s)", unless the
 * process is in the background of the terminal or the terminal is dumb. */
void wait_line_draw(struct wait_line *w, const char *awaited);

/* Erases the line, if drawn. */
void wait_line_erase(struct wait_line *w);

#endif
