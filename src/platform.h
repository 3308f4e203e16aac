/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The few things that systems do differently; the one file with #if. */
#ifndef ONEHOP_PLATFORM_H
#define ONEHOP_PLATFORM_H

#include <stddef.h>

/* Overwrites with zeros in a way that no compiler removes. */
void platform_wipe(void *data, size_t len);

/* Fills data with unpredictable octets, at most 256. 0 or -1. */
int platform_random(void *data, size_t len);

/* Were we started with more rights than our caller has (set-user-id)? */
int platform_is_elevated(void);

/* No core file and no ptrace by others: memory may hold a password. */
void platform_hide_memory(void);

/*
 * A new file in the directory that has no name, or none any more: mode 0600
 * whatever the umask, close-on-exec, to read and write. -1 with errno.
 */
int platform_open_unnamed(const char *directory);

/* Closes every descriptor from first on; for a child before exec. */
void platform_close_from(int first);

/* Acknowledges now what was read from a TCP socket: a server that sends small
 * pieces waits for it, and the system would hold it back for 40 ms. */
void platform_acknowledge(int fd);

/* Does the getaddrinfo() error say that the name or its addresses do not
 * exist? */
int platform_is_unknown_host(int eai);

/* Does res_query() clear the AD bit of an answer unless the administrator
 * trusts the resolver ("options trust-ad" of resolv.conf)? */
int platform_strips_authentic(void);

#endif
