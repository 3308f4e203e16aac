/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows the progress of a long transfer on a terminal. */
#ifndef ONEHOP_NET_PROGRESS_H
#define ONEHOP_NET_PROGRESS_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Milliseconds until the line is shown, and between its updates. */
#define PROGRESS_PATIENCE 2000
#define PROGRESS_INTERVAL 200

/* The number of octets sent at a time, as of deadline_now(). */
struct progress_sample {
	int64_t at;
	uint64_t done;
};

struct progress_meter {
	uint64_t total;                 /* octets */
	struct progress_sample past[2]; /* the rate is measured from past[0] */
	struct progress_sample now;
};

/*
 * Records that done octets have been sent at this time. The rate is measured
 * over the last 3 to 6 seconds, because the first octets only fill the system's
 * buffers.
 */
void progress_note(struct progress_meter *m, int64_t at, uint64_t done);

/* Formats the line for a terminal with that many columns, the last of which is
 * left empty: "34 % 12.1 of 35.0 MiB 1.2 MiB/s 0:19 left". Pure. */
void progress_line(char *out, size_t size, const struct progress_meter *m,
	unsigned columns);

/* The progress of a content that is being sent, on a terminal. */
struct progress {
	struct progress_meter meter;
	int fd;            /* the terminal */
	int socket;        /* to the peer */
	uint64_t written;  /* octets that the transport took */
	int64_t began;     /* moment */
	int64_t drawn;     /* moment, or 0 */
	size_t shown;      /* columns on the terminal */
};

/* Begins a content of total octets. */
void progress_begin(struct progress *p, int fd, int socket, uint64_t total);

/* Counts octets that the transport took. They are done once the peer has
 * acknowledged them. */
void progress_count(struct progress *p, size_t n);

/* Waits for the socket like poll_any() and redraws the line each second, unless
 * the process is in the background of the terminal. */
int progress_poll(struct progress *p, struct pollfd *fd, int64_t deadline,
	struct error *err);

/* Erases the line. */
void progress_end(struct progress *p);

#endif
