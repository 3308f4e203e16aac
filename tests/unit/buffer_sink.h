/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sink that collects in memory, for tests of what writes to a sink. */
#ifndef TESTS_UNIT_BUFFER_SINK_H
#define TESTS_UNIT_BUFFER_SINK_H

#include "base/sink.h"

struct buffer_sink {
	struct sink sink;     /* first: the two are cast */
	struct buffer text;   /* the caller frees it */
};

static char *
buffer_sink_reserve(struct sink *s, size_t n)
{
	return buffer_reserve(&((struct buffer_sink *)s)->text, n);
}

static int
buffer_sink_commit(struct sink *s, size_t n, struct error *err)
{
	(void)err;
	((struct buffer_sink *)s)->text.len += n;
	return 0;
}

static void
buffer_sink_open(struct buffer_sink *b)
{
	*b = (struct buffer_sink){
		.sink = { buffer_sink_reserve, buffer_sink_commit }
	};
}

#endif
