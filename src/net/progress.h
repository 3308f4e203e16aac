/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a long content is, for a person at a terminal. */
#ifndef ONEHOP_NET_PROGRESS_H
#define ONEHOP_NET_PROGRESS_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* From here on it is worth a line, milliseconds; and how often that changes. */
#define PROGRESS_PATIENCE 2000
#define PROGRESS_INTERVAL 200

/* The amount sent of a whole, and when; moments as in base/poll.h. */
struct progress_sample {
	int64_t at;
	uint64_t done;
};

struct progress_meter {
	uint64_t total;                 /* octets */
	struct progress_sample past[2]; /* the rate is that since past[0] */
	struct progress_sample now;
};

/*
 * Takes note that so many octets are done now. The rate is that of the last 3
 * to 6 seconds: what went before, into the system's buffers, says little.
 */
void progress_note(struct progress_meter *m, int64_t at, uint64_t done);

/*
 * The line for a terminal with that many columns, the last of them unused:
 * "34 %  12.1 of 35.0 MiB  1.2 MiB/s  0:19 left". Pure.
 */
void progress_line(char *out, size_t size, const struct progress_meter *m,
	unsigned columns);

/* A content that is sent, as a person at a terminal sees it. */
struct progress {
	struct progress_meter meter;
	int fd;            /* the terminal */
	int socket;        /* to the peer */
	uint64_t written;  /* octets that the transport took */
	int64_t began;
	int64_t drawn;     /* moment, or 0 */
	size_t shown;      /* columns that stand there */
};

/* A content of total octets begins. */
void progress_begin(struct progress *p, int fd, int socket, uint64_t total);

/* Counts octets that the transport took. Those that the peer has not
 * acknowledged do not count as done. */
void progress_count(struct progress *p, size_t n);

/* Waits for the socket as poll_any() does and redraws the line each second. */
int progress_poll(struct progress *p, struct pollfd *fd, int64_t deadline,
	struct error *err);

/* Erases the line. */
void progress_end(struct progress *p);

#endif
