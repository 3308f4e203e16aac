/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/journal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 1024

/* One write, so that a line is there or not. */
static int
append(int fd, char *line, size_t len)
{
	ssize_t n;

	if (len > LINE_MAX_OCTETS - 2)
		len = LINE_MAX_OCTETS - 2;
	line[len++] = '\n';
	do
		n = write(fd, line, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n != len)
		errno = ENOSPC;
	return n == (ssize_t)len && fdatasync(fd) == 0 ? 0 : -1;
}

int
journal_add(const struct journal *j, const char *word, struct error *err,
    const char *format, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list args;
	int n = snprintf(line, sizeof(line), "%s %lld", word,
	    (long long)time(NULL));

	if (format != NULL) {
		line[n++] = ' ';
		va_start(args, format);
		n += vsnprintf(line + n, sizeof(line) - (size_t)n, format,
		    args);
		va_end(args);
	}
	if (append(j->fd, line, (size_t)n) == 0)
		return 0;
	return fail(err, EX_TEMPFAIL, "cannot write the outbox's journal: %s",
	    strerror(errno));
}
