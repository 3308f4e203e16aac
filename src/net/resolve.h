/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolves host names to addresses, with a deadline. */
#ifndef ONEHOP_NET_RESOLVE_H
#define ONEHOP_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "net/wait_line.h"

#define RESOLVE_MAX 16

/* The name to resolve. */
struct resolve_name {
	const char *host;  /* borrowed; A-labels or numeric */
	unsigned port;
	int family;        /* AF_INET or AF_INET6 only, or AF_UNSPEC */
};

/* A socket address and its length. */
struct resolve_address {
	struct sockaddr_storage socket;
	socklen_t len;
};

/* The addresses of a host in the order in which to try them. */
struct resolve_list {
	struct resolve_address at[RESOLVE_MAX];
	size_t n;
	size_t dropped;  /* number of addresses beyond RESOLVE_MAX */
};

/*
 * Resolves the host and interleaves the addresses of the two families (RFC 8305
 * 4). getaddrinfo() has no timeout, so it runs in a thread that is abandoned at
 * the deadline. Returns 0 on success. Returns -1: EX_NOHOST if the name does
 * not exist or has no address of the family, EX_TEMPFAIL for a resolver failure
 * or "timed out", EX_OSERR if no thread or descriptor is available.
 * waits is drawn meanwhile, or NULL.
 */
int resolve_host(struct resolve_list *list, const struct resolve_name *name,
	int64_t deadline, struct wait_line *waits, struct error *err);

/* Returns whether host is "localhost", which is ::1 and 127.0.0.1 regardless of
 * the resolver (RFC 6761 6.3). */
int resolve_is_localhost(const char *host);

/* Returns whether the address is a loopback address: 127/8, ::1. */
int resolve_is_loopback(const struct resolve_address *address);

/* Converts a numeric address; does not query the resolver. Returns 0 on
 * success, -1 EX_CONFIG. */
int resolve_numeric(struct resolve_address *address, const char *text,
	unsigned port, struct error *err);

/* Writes the numeric form: "192.0.2.1", "2001:db8::1". Returns out. */
char *resolve_text(char *out, size_t size,
	const struct resolve_address *address);

#endif
