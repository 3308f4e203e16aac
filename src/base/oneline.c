/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/oneline.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/poll.h"

/* Octets that one read takes. */
#define BLOCK ((size_t)4096)

int
oneline_read(struct buffer *text, int fd, int64_t deadline, struct error *err)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int ready = poll_any(&p, 1, deadline, err);
	char *room = buffer_reserve(text, BLOCK);
	ssize_t n;

	if (ready < 0)
		return -1;
	if (ready == 0)
		return fail(err, EX_CONFIG, "timed out");
	if (room == NULL)
		return fail(err, EX_CONFIG, "more than %zu octets came",
		    ONELINE_MAX);
	do
		n = read(fd, room, BLOCK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, EX_CONFIG, "cannot read: %s",
		    strerror(errno));
	text->len += (size_t)n;
	return n > 0;
}

int
oneline_take(struct buffer *out, const struct buffer *text, struct error *err)
{
	const char *line = text->len > 0 ? text->data : "";
	const char *end = memchr(line, '\n', text->len);
	size_t n = end != NULL ? (size_t)(end - line) : text->len;

	if (end != NULL && n > 0 && line[n - 1] == '\r')
		n--;
	if (text->len == 0 || n == 0)
		return fail(err, EX_CONFIG, text->len == 0
		    ? "expected a password, nothing came"
		    : "expected a password, an empty line came");
	if (memchr(line, '\0', text->len) != NULL)
		return fail(err, EX_CONFIG, "expected a password, a NUL came");
	if (n > ONELINE_MAX || buffer_add(out, line, n) != 0)
		return fail(err, EX_CONFIG, "more than %zu octets came",
		    ONELINE_MAX);
	return 0;
}
