/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a host name to addresses, before a deadline. */
#ifndef ONEHOP_NET_RESOLVE_H
#define ONEHOP_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "net/wait_line.h"

#define RESOLVE_MAX 16

/* The name whose addresses are asked for. */
struct resolve_name {
	const char *host;  /* borrowed; A-labels or numeric */
	unsigned port;
	int family;        /* AF_INET or AF_INET6 alone, or AF_UNSPEC */
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
	size_t dropped;  /* further ones that the resolver named */
};

/*
 * Finds the host's addresses; those of the second family come in between
 * (RFC 8305 4). getaddrinfo() observes no deadline, so it runs in a thread that
 * is abandoned when the time is over. waits is drawn meanwhile, if it is not
 * NULL. 0; -1: EX_NOHOST the name, or an address
 * of the family, does not exist, EX_TEMPFAIL resolver trouble or "timed out",
 * EX_OSERR no thread or no descriptor.
 */
int resolve_host(struct resolve_list *list, const struct resolve_name *name,
	int64_t deadline, struct wait_line *waits, struct error *err);

/* Returns whether the name is "localhost", which is ::1 and 127.0.0.1 whatever
 * the resolver says (RFC 6761 6.3). */
int resolve_is_localhost(const char *host);

/* Returns whether the address is of this machine's loopback: 127/8, ::1. */
int resolve_is_loopback(const struct resolve_address *address);

/* A numeric address; never asks anybody. 0, or -1 EX_CONFIG. */
int resolve_numeric(struct resolve_address *address, const char *text,
	unsigned port, struct error *err);

/* The numeric form: "192.0.2.1", "2001:db8::1". Returns out. */
char *resolve_text(char *out, size_t size,
	const struct resolve_address *address);

#endif
