/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/show.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/write_all.h"

/* Octets put together for one write. */
#define BLOCK 4096
/* A line of a message is escaped in pieces once it is longer. */
#define LINE ((size_t)64 << 10)

int
show_answer(int fd, const char *text, size_t len, struct error *err)
{
	char block[BLOCK];

	while (len > 0) {
		size_t n = escape_lines(block, sizeof(block), &text, &len);

		if (write_answer(fd, block, n, err) != 0)
			return -1;
	}
	return 0;
}

void
show_note(int fd, const char *text, size_t len)
{
	char block[BLOCK];

	while (len > 0) {
		size_t n = escape_lines(block, sizeof(block), &text, &len);

		for (size_t at = 0; at < n;) {
			ssize_t put = write(fd, block + at, n - at);

			if (put < 0 && errno != EINTR)
				return;
			at += put > 0 ? (size_t)put : 0;
		}
	}
}

static char *
reserve(struct sink *sink, size_t n)
{
	struct show_sink *s = (struct show_sink *)sink;

	return s->is_terminal ? buffer_reserve(&s->text, n)
	    : s->exact.sink.reserve(&s->exact.sink, n);
}

/* Shows the first n octets of the text. */
static int
show_part(struct show_sink *s, size_t n, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || s->text.data[i] != '\r' ||
		    s->text.data[i + 1] != '\n')
			s->text.data[kept++] = s->text.data[i];
	if (show_answer(s->exact.fd, s->text.data, kept, err) != 0)
		return -1;
	buffer_consume(&s->text, n);
	return 0;
}

static int
commit(struct sink *sink, size_t n, struct error *err)
{
	struct show_sink *s = (struct show_sink *)sink;
	size_t end;

	if (!s->is_terminal)
		return s->exact.sink.commit(&s->exact.sink, n, err);
	s->text.len += n;
	end = s->text.len;
	while (end > 0 && s->text.data[end - 1] != '\n')
		end--;
	if (end == 0 && s->text.len > LINE)
		end = s->text.len;
	return end > 0 ? show_part(s, end, err) : 0;
}

void
show_sink_open(struct show_sink *s, int fd)
{
	*s = (struct show_sink){
		.sink = { .reserve = reserve, .commit = commit },
		.is_terminal = isatty(fd)
	};
	file_sink_open(&s->exact, fd, EX_IOERR);
}

int
show_sink_flush(struct show_sink *s, struct error *err)
{
	if (!s->is_terminal)
		return file_sink_flush(&s->exact, err);
	return s->text.len > 0 ? show_part(s, s->text.len, err) : 0;
}

void
show_sink_close(struct show_sink *s)
{
	file_sink_close(&s->exact);
	buffer_free(&s->text);
}
