/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolves a host name and connects to it. */
#ifndef ONEHOP_NET_CONNECT_H
#define ONEHOP_NET_CONNECT_H

#include <stdint.h>

#include "base/error.h"
#include "net/transport.h"
#include "net/wait_line.h"

/* The destination; all strings are borrowed. */
struct connect_target {
	const char *host;       /* A-labels or numeric */
	unsigned port;
	int family;             /* AF_INET or AF_INET6 only, or AF_UNSPEC */
	const char *socket;     /* unix socket instead of host and port */
	const char *source_ip;  /* numeric, or NULL */
	unsigned seconds;       /* limit for each address; 0 = 30 */
	int64_t deadline;       /* of the whole run */
	struct wait_line *waits; /* drawn meanwhile, or NULL */
};

/* Facts about the connection. */
struct connect_result {
	int local;              /* the peer is on this machine: loopback or unix
	                           socket; 0 through a proxy or command */
	char address[64];       /* numeric, or the socket's path, cut */
	int64_t resolved_ms;    /* when the resolver answered */
	int64_t connected_ms;   /* when the connection was made */
	int refused;            /* every address refused the connection */
	int unreachable;        /* there is no route to any address */
};

/*
 * Resolves the name and connects before the deadline. IPv6 and IPv4 addresses
 * are tried alternately, the next one after 250 ms or a failure; the first that
 * answers is used (RFC 8305). Returns 0 with *transport owned by the caller.
 * Returns -1: EX_NOHOST if the name does not exist, EX_TEMPFAIL for a resolver
 * or connection failure, naming every address tried, EX_OSERR if no descriptor
 * is available, EX_CONFIG if socket or source_ip is unusable.
 */
int connect_open(struct transport **transport,
	const struct connect_target *target, struct connect_result *result,
	struct error *err);

/* Returns whether host is a loopback address (127/8, ::1) or "localhost". Does
 * not query the resolver. */
int connect_is_loopback(const char *host);

#endif
