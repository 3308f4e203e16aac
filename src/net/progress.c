/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/poll.h"
#include "base/xmalloc.h"

/* How long a sample serves, milliseconds. */
#define SAMPLE 3000

/* A line with what is written around it. */
#define LINE_SIZE 256

struct progress {
	struct transport transport; /* first: its functions get this back */
	struct transport *lower;
	struct progress_meter meter;
	int fd;
	int64_t began;
	int64_t drawn;  /* moment, or 0 */
	size_t shown;   /* columns that stand there */
};

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

/* Octets a second; 0 if nothing moves. */
static uint64_t
rate(const struct progress_meter *m)
{
	int64_t ms = m->now.at - m->past[0].at;

	if (ms <= 0)
		return 0;
	return (m->now.done - m->past[0].done) * 1000 / (uint64_t)ms;
}

/* The unit that suits a number of octets, and its length. */
static const char *
unit(uint64_t octets, double *length)
{
	*length = octets < 1024 * 1024 ? 1024 : 1024 * 1024;
	return octets < 1024 * 1024 ? "KiB" : "MiB";
}

/* "1.2 MiB/s  0:19 left". */
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
put(const struct progress *p, const char *text, size_t len)
{
	if (write(p->fd, text, len) < 0)
		return; /* nobody looks */
}

/* A background process that writes to its terminal may be stopped for it. */
static int
is_in_background(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group > 0 && group != getpgrp();
}

static void
draw(struct progress *p, int64_t now)
{
	char line[LINE_SIZE / 2], text[LINE_SIZE];
	unsigned columns = platform_columns(p->fd);
	int n;

	if (now - p->began < PROGRESS_PATIENCE ||
	    now - p->drawn < PROGRESS_INTERVAL || is_in_background(p->fd))
		return;
	progress_line(line, sizeof(line), &p->meter, columns);
	n = snprintf(text, sizeof(text), "\r%-*s", (int)p->shown, line);
	put(p, text, (size_t)n);
	p->drawn = now;
	p->shown = strlen(line);
}

static void
erase(struct progress *p)
{
	char text[LINE_SIZE];
	int n;

	if (p->shown == 0 || is_in_background(p->fd))
		return;
	n = snprintf(text, sizeof(text), "\r%*s\r", (int)p->shown, "");
	put(p, text, (size_t)n);
}

static void
count(struct progress *p, size_t n)
{
	int64_t now = deadline_now();

	progress_note(&p->meter, now, p->meter.now.done + n);
	draw(p, now);
}

static ssize_t
progress_read(struct transport *t, void *data, size_t n, struct error *err)
{
	struct progress *p = (struct progress *)t;

	count(p, 0);
	return p->lower->read(p->lower, data, n, err);
}

static ssize_t
progress_write(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	struct progress *p = (struct progress *)t;
	ssize_t taken = p->lower->write(p->lower, data, n, err);

	count(p, taken > 0 ? (size_t)taken : 0);
	return taken;
}

static int
progress_flush(struct transport *t, struct error *err)
{
	struct progress *p = (struct progress *)t;

	return p->lower->flush(p->lower, err);
}

static void
close_both(struct transport *t)
{
	struct transport *lower = progress_close(t);

	lower->close(lower);
}

struct transport *
progress_open(struct transport *lower, int fd, uint64_t total)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	p->transport.read = progress_read;
	p->transport.write = progress_write;
	p->transport.flush = progress_flush;
	p->transport.close = close_both;
	p->transport.fd = lower->fd;
	p->lower = lower;
	p->fd = fd;
	p->began = deadline_now();
	p->meter.total = total;
	p->meter.past[0].at = p->meter.past[1].at = p->began;
	return &p->transport;
}

struct transport *
progress_close(struct transport *progress)
{
	struct progress *p = (struct progress *)progress;
	struct transport *lower = p->lower;

	erase(p);
	free(p);
	return lower;
}
