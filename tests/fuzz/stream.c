/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines out of a stream against the text as a whole. The first octet is the
 * longest line that is taken, the second the octets of each read.
 */
#include "fuzz.h"

#include <string.h>

#include "base/poll.h"
#include "base/xmalloc.h"
#include "net/stream.h"

struct text {
	struct transport transport;
	const uint8_t *left;
	size_t n;
	size_t piece;
};

static ssize_t
give(struct transport *transport, void *data, size_t n, struct error *err)
{
	struct text *t = (struct text *)transport;

	(void)err;
	if (n > t->piece)
		n = t->piece;
	if (n > t->n)
		n = t->n;
	memcpy(data, t->left, n);
	t->left += n;
	t->n -= n;
	return (ssize_t)n;
}

static ssize_t
take(struct transport *transport, const void *data, size_t n,
    struct error *err)
{
	(void)transport, (void)data, (void)err;
	return (ssize_t)n;
}

static int
flush(struct transport *transport, struct error *err)
{
	(void)transport, (void)err;
	return 0;
}

static void
release(struct transport *transport)
{
	free(transport);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text *t = xcalloc(1, sizeof(*t));
	size_t max = size > 0 ? data[0] : 0, len;
	const uint8_t *at = data + 2, *end = data + size;
	struct stream s;
	struct error err = {0};
	const char *line;

	if (size < 2) {
		free(t);
		return 0;
	}
	*t = (struct text){ { .read = give, .write = take, .flush = flush,
		.close = release, .fd = -1 }, at, size - 2,
		(size_t)data[1] + 1 };
	stream_open(&s, &t->transport, DEADLINE_NONE, -1);
	stream_step(&s, 60, "a line");
	while (stream_read_line(&s, max, &line, &len, &err) == 0) {
		const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
		size_t n = lf != NULL ? (size_t)(lf - at) : 0;

		require(lf != NULL && len <= max, "whole lines within max");
		n -= n > 0 && at[n - 1] == '\r';
		require(n == len && memcmp(line, at, n) == 0,
		    "the line is the text's next");
		at = lf + 1;
	}
	require(err.code != 0, "an end is explained");
	require(memchr(at, '\n', (size_t)(end - at)) == NULL ||
	    err.code == EX_PROTOCOL, "every line is read or too long");
	stream_close(&s);
	return 0;
}
