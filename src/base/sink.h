/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where octets go: a connection, a file, the MIME converter. */
#ifndef ONEHOP_BASE_SINK_H
#define ONEHOP_BASE_SINK_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* The most room that one reserve may ask for, octets. */
#define SINK_RESERVE_MAX ((size_t)1 << 20)

struct sink {
	/* Returns room for n octets, valid until the next call. */
	char *(*reserve)(struct sink *s, size_t n);
	/* Takes the first n octets of that room. Returns 0 or -1. */
	int (*commit)(struct sink *s, size_t n, struct error *err);
};

/* Copies len octets into the sink. Returns 0 or -1. */
int sink_add(struct sink *s, const void *data, size_t len,
	struct error *err);

/* Writes to a descriptor in large blocks. */
struct file_sink {
	struct sink sink;     /* first: the two are cast */
	struct buffer block;
	int fd;               /* stays the caller's */
	int code;             /* sysexits code of a write that fails */
};

void file_sink_open(struct file_sink *f, int fd, int code);

/* Writes what the block holds. Returns 0 or -1. */
int file_sink_flush(struct file_sink *f, struct error *err);

/* Frees the block and drops what was not flushed. */
void file_sink_close(struct file_sink *f);

#endif
