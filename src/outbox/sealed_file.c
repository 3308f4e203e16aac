/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/sealed_file.h"

#include <errno.h>
#include <string.h>

static int
failed(int result, struct error *err)
{
	return result == 0 ? 0
	    : fail(err, EX_TEMPFAIL, "%s", strerror(errno));
}

static char *
reserve(struct sink *s, size_t n)
{
	struct sealed_file *f = (struct sealed_file *)s;

	return f->file.sink.reserve(&f->file.sink, n);
}

static int
commit(struct sink *s, size_t n, struct error *err)
{
	struct sealed_file *f = (struct sealed_file *)s;

	sha256_add(&f->digest, f->file.block.data + f->file.block.len, n);
	return failed(f->file.sink.commit(&f->file.sink, n, err), err);
}

void
sealed_file_begin(struct sealed_file *f, int fd)
{
	f->sink.reserve = reserve;
	f->sink.commit = commit;
	file_sink_open(&f->file, fd);
	sha256_begin(&f->digest);
}

int
sealed_file_digest(struct sealed_file *f, char text[SHA256_TEXT])
{
	return sha256_end(&f->digest, text);
}

int
sealed_file_flush(struct sealed_file *f, struct error *err)
{
	return failed(file_sink_flush(&f->file, err), err);
}

void
sealed_file_close(struct sealed_file *f)
{
	char unused[SHA256_TEXT];

	(void)sha256_end(&f->digest, unused);
	file_sink_close(&f->file);
}
