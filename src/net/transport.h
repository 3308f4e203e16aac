/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interface of a connection: a socket, the stdio of a child process, TLS
 * over one of these, or memory in tests. Never blocks, but for stdio's write;
 * the caller waits (poll.h) and calls again.
 */
#ifndef ONEHOP_NET_TRANSPORT_H
#define ONEHOP_NET_TRANSPORT_H

#include <sys/types.h>

#include "base/error.h"

struct wait_line;

/* Results of read and write other than counts. */
enum {
	TRANSPORT_FAILED = -1,     /* err is set; the transport is unusable */
	TRANSPORT_WANT_READ = -2,  /* wait for POLLIN on fd, call again */
	TRANSPORT_WANT_WRITE = -3  /* wait for POLLOUT on fd, call again */
};

struct transport {
	/* Reads up to n octets into data. Returns their number, 0 at a clean
	 * end of input, or a value of the enum. */
	ssize_t (*read)(struct transport *t, void *data, size_t n,
		struct error *err);
	/* Takes up to n octets. Returns their number (> 0), or a value of the
	 * enum. */
	ssize_t (*write)(struct transport *t, const void *data, size_t n,
		struct error *err);
	/* Sends the octets that write took but still buffers. Returns 0 or a
	 * value of the enum. */
	int (*flush)(struct transport *t, struct error *err);
	/* Closes and frees the transport and those below it. */
	void (*close)(struct transport *t);
	int fd;  /* to wait on; -1 for memory, which is always ready */
	struct wait_line *waits; /* shows a person what is waited for, or NULL;
	                            borrowed */
};

#endif
