/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows the progress of a long transfer on a terminal. */
#ifndef ONEHOP_NET_PROGRESS_H
#define ONEHOP_NET_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "net/transport.h"

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

/*
 * Makes a transport over lower that counts the octets sent of total and, if
 * sending takes long, shows the progress on the terminal fd. Nothing is drawn
 * while the process is in the background of the terminal.
 */
struct transport *progress_open(struct transport *lower, int fd,
	uint64_t total);

/* Erases the line, frees the transport and returns lower. */
struct transport *progress_close(struct transport *progress);

#endif
