/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives up the rights that a process no longer needs. configure selects the
 * implementation: sandbox_landlock, sandbox_pledge or sandbox_none. */
#ifndef ONEHOP_BASE_SANDBOX_H
#define ONEHOP_BASE_SANDBOX_H

#include <stddef.h>

/* The operations allowed on a path. */
enum sandbox_right {
	SANDBOX_READ,   /* read the file, or all files below the directory */
	SANDBOX_WRITE,  /* read and write the file */
	SANDBOX_KEEP    /* in and below the directory: read, write, create,
	                    rename and remove */
};

struct sandbox_path {
	const char *path;
	enum sandbox_right right;
};

/* The rights that a process keeps. */
struct sandbox_needs {
	const struct sandbox_path *paths; /* missing ones are skipped */
	size_t n;
	int network;     /* new TCP connections */
	int signals;     /* to processes that exist already */
};

/*
 * Confines this thread and everything it starts, irrevocably: it cannot execute
 * programs, gain privileges, or open files that needs does not list; network
 * access and signals are restricted as far as the system supports it. Open
 * descriptors remain usable. Returns 0 on success; -1 if the system cannot
 * confine the process, or not further than it already is: nothing, or only a
 * part, was given up.
 */
int sandbox_confine(const struct sandbox_needs *needs);

#endif
