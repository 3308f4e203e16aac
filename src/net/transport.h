/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What carries octets: a socket, a child's stdio, TLS over one of them, or a
 * test's memory. Never blocks; the caller waits (base/poll.h) and calls again.
 */
#ifndef ONEHOP_NET_TRANSPORT_H
#define ONEHOP_NET_TRANSPORT_H

#include <sys/types.h>

#include "base/error.h"

struct wait_line;

/* Results of read and write besides counts. */
enum {
	TRANSPORT_FAILED = -1,     /* err says why; the transport is dead */
	TRANSPORT_WANT_READ = -2,  /* wait for POLLIN on fd, call again */
	TRANSPORT_WANT_WRITE = -3  /* wait for POLLOUT on fd, call again */
};

struct transport {
	/* Up to n octets into data: their count, 0 at a clean end, or enum. */
	ssize_t (*read)(struct transport *t, void *data, size_t n,
		struct error *err);
	/* Takes up to n octets: their count (> 0), or enum. */
	ssize_t (*write)(struct transport *t, const void *data, size_t n,
		struct error *err);
	/* Sends on what write took but still holds: 0, or enum. */
	int (*flush)(struct transport *t, struct error *err);
	/* Closes and frees, the transports below included. */
	void (*close)(struct transport *t);
	int fd;  /* to wait on; -1 for memory, which is always ready */
	struct wait_line *waits; /* shows a person what is waited for, or NULL;
	                            borrowed */
};

#endif
