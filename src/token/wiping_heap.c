/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/wiping_heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"

/* In front of each block; keeps the alignment of malloc(). */
union block {
	size_t len;
	long double number;
	void *pointer;
};

void *
wiping_malloc(size_t n)
{
	union block *b;

	if (n > SIZE_MAX - sizeof(*b))
		return NULL;
	b = malloc(sizeof(*b) + n);
	if (b == NULL)
		return NULL;
	b->len = n;
	return b + 1;
}

void *
wiping_calloc(size_t count, size_t size)
{
	void *p;

	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	p = wiping_malloc(count * size);
	if (p != NULL)
		memset(p, 0, count * size);
	return p;
}

void
wiping_free(void *p)
{
	union block *b = p;

	if (p == NULL)
		return;
	b--;
	platform_wipe(b, sizeof(*b) + b->len);
	free(b);
}

void *
wiping_realloc(void *p, size_t n)
{
	void *copy = wiping_malloc(n);
	size_t len;

	if (p == NULL || copy == NULL)
		return copy;
	len = ((union block *)p)[-1].len;
	memcpy(copy, p, len < n ? len : n);
	wiping_free(p);
	return copy;
}

char *
wiping_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = wiping_malloc(n);

	return copy != NULL ? memcpy(copy, s, n) : NULL;
}
