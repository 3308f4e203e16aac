/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The few things that systems do differently; the one file with #if. */
#ifndef ONEHOP_BASE_PLATFORM_H
#define ONEHOP_BASE_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Overwrites with zeros in a way that no compiler removes. */
void platform_wipe(void *data, size_t len);

/* Fills data with unpredictable octets, at most 256. 0 or -1. */
int platform_random(void *data, size_t len);

/* Returns whether we have more rights than our caller (set-user-id). */
int platform_is_elevated(void);

/* No core file and no ptrace by others: memory may hold a password. */
void platform_hide_memory(void);

/*
 * A new file in the directory that has no name, or none any more: mode 0600
 * whatever the umask, close-on-exec, to read and write. -1 with errno.
 */
int platform_open_unnamed(const char *directory);

/*
 * Reserves n octets past the end of the file, whose size stays. Returns 0 on
 * success or where the system cannot reserve, -1 with errno if there is no
 * room.
 */
int platform_reserve(int fd, off_t n);

/*
 * Renames a file of the directory unless the new name is taken. Where the
 * system cannot rename so, the name is looked up before, and must be one that
 * no other process chooses. Returns 0, or -1 with errno.
 */
int platform_rename_new(int directory, const char *from, const char *to);

/* Closes every descriptor from first on; for a child before exec. */
void platform_close_from(int first);

/* Acknowledges now what was read from a TCP socket: a server that sends small
 * pieces waits for it, and the system would hold it back for 40 ms. */
void platform_acknowledge(int fd);

/* Returns whether the getaddrinfo() error says that the name or its addresses
 * do not exist. */
int platform_is_unknown_host(int eai);

/* Returns whether res_query() clears the AD bit of an answer unless the
 * administrator trusts the resolver ("options trust-ad" of resolv.conf). */
int platform_strips_authentic(void);

/* The machine as seccomp(2) names it; 0 where there is none, or where one
 * system call serves for all of socket(), connect(), .... */
uint32_t platform_audit_machine(void);

/* How wide the terminal is, in columns; 0 if nobody knows. */
unsigned platform_columns(int fd);

#endif
