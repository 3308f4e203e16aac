/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/wait_line.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/terminal.h"

/* Delay before the line appears, and between two updates, milliseconds. */
#define PATIENCE 3000
#define INTERVAL 1000

#define LINE_SIZE 256

void
wait_line_name(struct wait_line *w, const char *host, unsigned port)
{
	if (w == NULL)
		return;
	if (port == 0)
		escape_string(w->peer, sizeof(w->peer), host);
	else
		escape_server(w->peer, sizeof(w->peer), host, port);
}

void
wait_line_begin(struct wait_line *w, const char *awaited)
{
	if (w == NULL || w->fd <= 0)
		return;
	w->since = deadline_now();
	snprintf(w->awaited, sizeof(w->awaited), "%s", awaited);
}

/* Returns the next moment to draw. */
static int64_t
next_draw(const struct wait_line *w)
{
	if (w == NULL || w->fd <= 0)
		return DEADLINE_NONE;
	return w->drawn > w->since ? w->drawn + INTERVAL
	    : w->since + PATIENCE;
}

static void
draw(struct wait_line *w)
{
	char line[LINE_SIZE];
	unsigned columns = platform_columns(w->fd);
	int64_t now = deadline_now();

	w->drawn = now;
	snprintf(line, sizeof(line), "waiting for %s of %s (%lld s)",
	    w->awaited, w->peer, (long long)((now - w->since) / 1000));
	if (columns > 0 && strlen(line) >= columns)
		line[columns - 1] = '\0';
	w->shown = terminal_redraw(w->fd, w->shown, line);
}

int
wait_line_poll(struct wait_line *w, struct pollfd *fds, size_t n,
    int64_t deadline, struct error *err)
{
	for (;;) {
		int64_t wake = deadline_first(deadline, next_draw(w));
		int ready = poll_any(fds, n, wake, err);

		if (ready != 0 || wake == deadline)
			return ready;
		draw(w);
	}
}

void
wait_line_erase(struct wait_line *w)
{
	if (w != NULL && w->shown > 0)
		w->shown = terminal_redraw(w->fd, w->shown, "");
}
