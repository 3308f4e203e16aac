/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives up the rights that a process no longer needs; configure chooses the
 * implementation: sandbox_landlock, sandbox_pledge or sandbox_none. */
#ifndef ONEHOP_BASE_SANDBOX_H
#define ONEHOP_BASE_SANDBOX_H

#include <stddef.h>

/* The rights of a confined process to a path that it kept. */
enum sandbox_right {
	SANDBOX_READ,   /* read the file, or all below the directory */
	SANDBOX_WRITE,  /* read and write the file */
	SANDBOX_KEEP    /* in and below the directory: read, write, create,
	                    rename and remove */
};

struct sandbox_path {
	const char *path;
	enum sandbox_right right;
};

/* The rights that a process keeps when it gives up the rest. */
struct sandbox_needs {
	const struct sandbox_path *paths; /* those not there are skipped */
	size_t n;
	int network;     /* new TCP connections */
	int signals;     /* to processes that were there before */
};

/*
 * Gives up, for this thread and all that it will start, until the end:
 * executing programs, gaining rights, opening any file that needs does not
 * list, and as much of network and signals as the system can take away. What
 * is open stays open. 0; -1 if the system cannot confine, or not more than
 * this process is already: nothing, or only a part, was given up.
 */
int sandbox_confine(const struct sandbox_needs *needs);

#endif
