/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sandbox of OpenBSD: unveil() and pledge(). */
#include "config.h"

#include "base/sandbox.h"

#include <unistd.h>

int
sandbox_confine(const struct sandbox_needs *needs)
{
	static const char *const rights[] = {
		[SANDBOX_READ] = "r",
		[SANDBOX_WRITE] = "rw",
		[SANDBOX_KEEP] = "rwc"
	};

	for (size_t i = 0; i < needs->n; i++)
		(void)unveil(needs->paths[i].path,
		    rights[needs->paths[i].right]);
	/* setsockopt() alone needs "inet"; "error" spares us the SIGABRT */
	return pledge(needs->signals
	    ? "stdio rpath wpath cpath fattr flock unix inet dns getpw error "
	    "proc"
	    : "stdio rpath wpath cpath fattr flock unix inet dns getpw error",
	    NULL);
}
