/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/wait_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/poll.h"

/* Milliseconds before the line appears, and between two of its states. */
#define PATIENCE 3000
#define INTERVAL 1000

#define LINE_SIZE 256

void
wait_line_begin(struct wait_line *w)
{
	if (w->fd > 0)
		w->since = deadline_now();
}

int64_t
wait_line_due(const struct wait_line *w)
{
	if (w->fd <= 0)
		return DEADLINE_NONE;
	return w->shown > 0 ? w->drawn + INTERVAL : w->since + PATIENCE;
}

/* A background process that writes to its terminal may be stopped for it; a
 * dumb terminal cannot redraw a line. */
static int
may_draw(const struct wait_line *w)
{
	const char *term = getenv("TERM");
	pid_t group = tcgetpgrp(w->fd);

	return (group <= 0 || group == getpgrp()) &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}

void
wait_line_draw(struct wait_line *w, const char *awaited)
{
	char line[LINE_SIZE], text[2 * LINE_SIZE];
	unsigned columns = platform_columns(w->fd);
	int64_t now = deadline_now();
	int n;

	w->drawn = now;
	if (!may_draw(w)) {
		w->since = now;
		return;
	}
	snprintf(line, sizeof(line), "waiting for %s of %s (%lld s)", awaited,
	    w->peer, (long long)((now - w->since) / 1000));
	if (columns > 0 && strlen(line) >= columns)
		line[columns - 1] = '\0';
	n = snprintf(text, sizeof(text), "\r%-*s", (int)w->shown, line);
	if (write(w->fd, text, (size_t)n) < 0)
		return; /* nobody looks */
	w->shown = strlen(line);
}

void
wait_line_erase(struct wait_line *w)
{
	char text[LINE_SIZE + 2];
	int n;

	if (w->shown == 0)
		return;
	n = snprintf(text, sizeof(text), "\r%*s\r", (int)w->shown, "");
	w->shown = 0;
	if (may_draw(w) && write(w->fd, text, (size_t)n) < 0)
		return; /* nobody looks */
}
