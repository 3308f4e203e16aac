/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a host name to a connected transport. */
#ifndef ONEHOP_NET_CONNECT_H
#define ONEHOP_NET_CONNECT_H

#include <stdint.h>

#include "base/error.h"
#include "net/transport.h"
#include "net/wait_line.h"

/* Where to; all strings borrowed. */
struct connect_target {
	const char *host;       /* A-labels or numeric */
	unsigned port;
	int family;             /* AF_INET or AF_INET6 alone, or AF_UNSPEC */
	const char *socket;     /* unix socket instead of host and port */
	const char *source_ip;  /* numeric, or NULL */
	unsigned seconds;       /* limit for each address; 0 = 30 */
	int64_t deadline;       /* of the whole run */
	struct wait_line *waits; /* drawn meanwhile, or NULL */
};

/* The result of it. */
struct connect_result {
	int local;              /* the peer is this machine: loopback or a unix
	                           socket; 0 through a proxy or command */
	char address[64];       /* numeric address, or the socket's path cut */
	int64_t resolved_ms;    /* moments: resolver done, connected */
	int64_t connected_ms;
	int refused;            /* each address refused the connection */
	int unreachable;        /* there is no route to any address */
};

/*
 * Resolves and connects, all within the deadline: IPv6 and IPv4 in turns, the
 * next address after 250 ms or a failure, the first to answer wins (RFC 8305).
 * 0 with *transport owned by the caller. -1: EX_NOHOST the name does not
 * exist, EX_TEMPFAIL resolver or connection trouble naming every address
 * tried, EX_OSERR no descriptors, EX_CONFIG socket or source_ip is unusable.
 */
int connect_open(struct transport **transport,
	const struct connect_target *target, struct connect_result *result,
	struct error *err);

/* Returns whether the host is a loopback address (127/8, ::1) or "localhost".
 * No look-up is made. */
int connect_is_loopback(const char *host);

#endif
