/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/sink.h"

#include <errno.h>
#include <string.h>

#include "base/write_all.h"

#define BLOCK ((size_t)64 << 10)

int
sink_add(struct sink *s, const void *data, size_t len, struct error *err)
{
	const char *next = data;

	while (len > 0) {
		size_t n = len < BLOCK ? len : BLOCK;

		memcpy(s->reserve(s, n), next, n);
		if (s->commit(s, n, err) != 0)
			return -1;
		next += n;
		len -= n;
	}
	return 0;
}

static char *
reserve(struct sink *s, size_t n)
{
	return buffer_reserve(&((struct file_sink *)s)->block, n);
}

static int
commit(struct sink *s, size_t n, struct error *err)
{
	struct file_sink *f = (struct file_sink *)s;

	f->block.len += n;
	return f->block.len < BLOCK ? 0 : file_sink_flush(f, err);
}

void
file_sink_open(struct file_sink *f, int fd, int code)
{
	*f = (struct file_sink){
		.sink = { .reserve = reserve, .commit = commit },
		.fd = fd,
		.code = code
	};
}

int
file_sink_flush(struct file_sink *f, struct error *err)
{
	size_t len = f->block.len;

	f->block.len = 0;
	if (write_all(f->fd, f->block.data, len) == 0)
		return 0;
	return fail(err, f->code, "cannot write output: %s", strerror(errno));
}

void
file_sink_close(struct file_sink *f)
{
	buffer_free(&f->block);
}
