/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Differences between operating systems. platform.c is the only file with #if.
 */
#ifndef ONEHOP_BASE_PLATFORM_H
#define ONEHOP_BASE_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Overwrites len octets with zeros in a way that the compiler cannot remove. */
void platform_wipe(void *data, size_t len);

/* Fills data with len (at most 256) cryptographically random octets. Returns 0
 * on success, -1 on failure. */
int platform_random(void *data, size_t len);

/* Writes n (even, at most 64) random hexadecimal digits and a NUL. Returns 0 on
 * success, -1 on failure. */
int platform_random_hex(char *text, size_t n);

/* Returns whether the process runs with more privileges than its caller
 * (set-user-ID or set-group-ID). */
int platform_is_elevated(void);

/* Returns whether the file is the kernel's account of a process, such as
 * /proc/1/cmdline: its owner has not written it. */
int platform_is_of_procfs(int fd);

/* Disables core dumps and ptrace by other processes, because memory may hold a
 * password. */
void platform_hide_memory(void);

/*
 * Creates an unnamed file in the directory, open for reading and writing, with
 * mode 0600 whatever the umask, and close-on-exec. Returns a descriptor, or -1
 * with errno set.
 */
int platform_open_unnamed(const char *directory);

/*
 * Reserves n octets past the end of the file without changing its size. Returns
 * 0 on success or if the system cannot reserve space, -1 with errno set if
 * there is not enough space.
 */
int platform_reserve(int fd, off_t n);

/*
 * Renames a file in the directory unless the new name exists. If the system
 * cannot do this atomically, the name is checked first, and no other process
 * may choose it. Returns 0 on success, -1 with errno set.
 */
int platform_rename_new(int directory, const char *from, const char *to);

/* Closes all descriptors from first up; for a child process before exec. */
void platform_close_from(int first);

/*
 * Acknowledges data received on a TCP socket at once. The system would delay
 * the acknowledgement by 40 ms, and a server that sends small segments waits
 * for it.
 */
void platform_acknowledge(int fd);

/* Returns the octets written to the socket that the peer has not acknowledged;
 * 0 where the system does not tell. */
size_t platform_unacknowledged(int fd);

/* Returns whether the getaddrinfo() error code means that the name does not
 * exist or has no address. */
int platform_is_unknown_host(int eai);

/* Returns whether res_query() clears the AD bit of an answer unless the
 * administrator trusts the resolver ("options trust-ad" in resolv.conf). */
int platform_strips_authentic(void);

/* Finds the user at the other end of a unix socket. Returns 0; -1 if fd is not
 * one or the system cannot tell. */
int platform_peer_user(int fd, uid_t *uid);

/* Returns whether the process uses ptrace(2) on itself: a build with the
 * address sanitizer does, to look for leaks. */
int platform_traces_itself(void);

/* Returns the machine as seccomp(2) names it; 0 if there is no name, or if one
 * system call serves for all of socket(), connect() and so on. */
uint32_t platform_audit_machine(void);

/* Returns the width of the terminal in columns, or 0 if it is unknown. */
unsigned platform_columns(int fd);

#endif
