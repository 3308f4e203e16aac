/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded: the allocation whose number ALLOC_FAIL names returns NULL. Counts
 * from the program's first call of setrlimit(), which is among the first
 * things that main does: what the libraries do before is not ours. With
 * ALLOC_COUNT set the number of allocations goes to that file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static int counting;
static int count_fd = -1; /* opened early: the sandbox forbids it later */
static unsigned long number, target;

int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	int (*next)(__rlimit_resource_t, const struct rlimit *) =
	    (int (*)(__rlimit_resource_t, const struct rlimit *))
	    dlsym(RTLD_NEXT, "setrlimit");
	const char *wanted = getenv("ALLOC_FAIL");

	if (getenv("ALLOC_COUNT") != NULL)
		count_fd = open(getenv("ALLOC_COUNT"),
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	target = wanted != NULL ? strtoul(wanted, NULL, 10) : 0;
	counting = 1;
	return next(resource, limit);
}

static int
fails(void)
{
	if (!counting || __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED) !=
	    target)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t count, size_t n)
{
	return fails() ? NULL : __libc_calloc(count, n);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}

__attribute__((destructor)) static void
report(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lu", number);

	if (count_fd >= 0 && write(count_fd, text, (size_t)n) == n)
		close(count_fd);
}
