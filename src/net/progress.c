/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "base/poll.h"
#include "base/terminal.h"

/* Lifetime of a sample, milliseconds. */
#define SAMPLE 3000

/* Interval between two checks while the peer accepts nothing, milliseconds. */
#define SECOND 1000

#define LINE_SIZE 128

void
progress_note(struct progress_meter *m, int64_t at, uint64_t done)
{
	m->now.at = at;
	m->now.done = done < m->total ? done : m->total;
	if (at - m->past[1].at < SAMPLE)
		return;
	m->past[0] = m->past[1];
	m->past[1] = m->now;
}

/* Returns the rate in octets per second; 0 if nothing is sent. */
static uint64_t
rate(const struct progress_meter *m)
{
	int64_t ms = m->now.at - m->past[0].at;

	if (ms <= 0)
		return 0;
	return (m->now.done - m->past[0].done) * 1000 / (uint64_t)ms;
}

/* Returns the unit for a number of octets, and its size. */
static const char *
unit(uint64_t octets, double *length)
{
	*length = octets < 1024 * 1024 ? 1024 : 1024 * 1024;
	return octets < 1024 * 1024 ? "KiB" : "MiB";
}

/* Writes "1.2 MiB/s  0:19 left". */
static void
print_rest(char *out, size_t size, const struct progress_meter *m)
{
	uint64_t speed = rate(m), left;
	const char *name;
	double length;

	if (m->now.done >= m->total) {
		snprintf(out, size, "waiting for the reply");
		return;
	}
	if (speed == 0) {
		snprintf(out, size, "stalled");
		return;
	}
	left = (m->total - m->now.done) / speed;
	name = unit(speed, &length);
	if (left < 3600)
		snprintf(out, size, "%.1f %s/s  %u:%02u left",
		    (double)speed / length, name, (unsigned)left / 60,
		    (unsigned)left % 60);
	else
		snprintf(out, size, "%.1f %s/s  %llu:%02u h left",
		    (double)speed / length, name,
		    (unsigned long long)left / 3600,
		    (unsigned)(left % 3600 / 60));
}

void
progress_line(char *out, size_t size, const struct progress_meter *m,
    unsigned columns)
{
	unsigned percent = m->total == 0 ? 100 : (unsigned)
	    ((double)m->now.done * 100 / (double)m->total);
	double length;
	const char *name = unit(m->total, &length);
	char rest[80];

	print_rest(rest, sizeof(rest), m);
	snprintf(out, size, "%u %%  %.1f of %.1f %s  %s", percent,
	    (double)m->now.done / length, (double)m->total / length, name,
	    rest);
	if (columns > 0 && strlen(out) >= columns)
		out[columns - 1] = '\0';
}

static void
draw(struct progress *p)
{
	char line[LINE_SIZE];

	p->drawn = p->meter.now.at;
	progress_line(line, sizeof(line), &p->meter, platform_columns(p->fd));
	p->shown = terminal_redraw(p->fd, p->shown, line);
}

/* Records how much the peer has received, and draws that if it is time. */
static void
look(struct progress *p)
{
	int64_t now = deadline_now();
	uint64_t held = platform_unacknowledged(p->socket);
	uint64_t done = p->written > held ? p->written - held : 0;

	/* TLS overhead may make it less than before */
	progress_note(&p->meter, now,
	    done > p->meter.now.done ? done : p->meter.now.done);
	if (now - p->began >= PROGRESS_PATIENCE &&
	    now - p->drawn >= PROGRESS_INTERVAL)
		draw(p);
}

void
progress_begin(struct progress *p, int fd, int socket, uint64_t total)
{
	memset(p, 0, sizeof(*p));
	p->fd = fd;
	p->socket = socket;
	p->began = deadline_now();
	p->meter.total = total;
	p->meter.past[0].at = p->meter.past[1].at = p->began;
}

void
progress_count(struct progress *p, size_t n)
{
	p->written += n;
	look(p);
}

int
progress_poll(struct progress *p, struct pollfd *fd, int64_t deadline,
    struct error *err)
{
	for (;;) {
		int64_t wake = deadline_first(deadline, deadline_in(SECOND));
		int ready = poll_any(fd, 1, wake, err);

		look(p);
		if (ready != 0 || wake == deadline)
			return ready;
	}
}

void
progress_end(struct progress *p)
{
	if (p->shown > 0)
		p->shown = terminal_redraw(p->fd, p->shown, "");
}
