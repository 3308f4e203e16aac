/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Destinations for octets: a connection, a file, the MIME converter. */
#ifndef ONEHOP_BASE_SINK_H
#define ONEHOP_BASE_SINK_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Maximum number of octets that one reserve may request. */
#define SINK_RESERVE_MAX ((size_t)1 << 20)

struct sink {
	/* Returns space for n octets, valid until the next call. */
	char *(*reserve)(struct sink *s, size_t n);
	/* Takes the first n octets of that space. Returns 0, or -1 with
	 * err set. */
	int (*commit)(struct sink *s, size_t n, struct error *err);
};

/* Copies len octets into the sink. Returns 0 on success, -1 with err set. */
int sink_add(struct sink *s, const void *data, size_t len,
	struct error *err);

/* A sink that writes to a descriptor in large blocks. */
struct file_sink {
	struct sink sink;     /* first: the two are cast */
	struct buffer block;
	int fd;               /* borrowed */
	int code;             /* exit code for a failed write */
};

void file_sink_open(struct file_sink *f, int fd, int code);

/* Writes the buffered octets. Returns 0 on success, -1 with err set. */
int file_sink_flush(struct file_sink *f, struct error *err);

/* Frees the block and discards octets that were not flushed. */
void file_sink_close(struct file_sink *f);

#endif
