/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a long content is, for a person at a terminal. */
#ifndef ONEHOP_NET_PROGRESS_H
#define ONEHOP_NET_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "net/transport.h"

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

/*
 * A transport over lower that counts what it sends of total octets and, once
 * that takes its time, shows it on the terminal fd. Nothing is drawn while we
 * are in the background there.
 */
struct transport *progress_open(struct transport *lower, int fd,
	uint64_t total);

/* Erases the line, frees the transport, returns the lower one. */
struct transport *progress_close(struct transport *progress);

#endif
