/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/xmalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void *
check(void *p)
{
	static const char text[] = "onehop: out of memory\n";

	if (p != NULL)
		return p;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		/* nobody listens; the exit code still tells */
	}
	_exit(EX_OSERR);
}

void *
xmalloc(size_t n)
{
	return check(malloc(n > 0 ? n : 1));
}

void *
xcalloc(size_t count, size_t size)
{
	return check(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *
xreallocarray(void *p, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		check(NULL);
	return check(realloc(p, count * size > 0 ? count * size : 1));
}

/* The room is the next power of two from 8 on. */
void *
xgrow(void *p, size_t n, size_t size)
{
	if (n == 0)
		return xreallocarray(p, 8, size);
	if (n < 8 || (n & (n - 1)) != 0)
		return p;
	return xreallocarray(p, 2 * n, size);
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrndup(const char *s, size_t n)
{
	char *copy = xmalloc(n + 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *
xasprintf(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		check(NULL);
	text = xmalloc((size_t)n + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}
