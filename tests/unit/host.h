/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This machine under a name of the test's choice. */
#ifndef ONEHOP_TEST_HOST_H
#define ONEHOP_TEST_HOST_H

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *host_name; /* NULL: it cannot be told */

/* In place of the C library's. */
int
gethostname(char *name, size_t size)
{
	if (host_name == NULL || strlen(host_name) >= size) {
		errno = EINVAL;
		return -1;
	}
	memcpy(name, host_name, strlen(host_name) + 1);
	return 0;
}

/* What glibc calls for it under _FORTIFY_SOURCE, by some compilers. */
int __gethostname_chk(char *name, size_t size, size_t room);

int
__gethostname_chk(char *name, size_t size, size_t room)
{
	return gethostname(name, size < room ? size : room);
}

#endif
