/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The wire form against a second implementation, which looks at the whole text
 * at once. The first octet has the choices; the second says in which pieces
 * the text comes.
 */
#include "fuzz.h"

#include <string.h>

#include "base/buffer.h"
#include "base/xmalloc.h"
#include "format/wire_format.h"

/* The line that begins at text: its octets without CRs before the LF. */
static size_t
line_of(const char *text, size_t len, size_t *next)
{
	const char *lf = memchr(text, '\n', len);
	size_t n = lf != NULL ? (size_t)(lf - text) : len;

	*next = lf != NULL ? n + 1 : len;
	while (n > 0 && text[n - 1] == '\r')
		n--;
	return n;
}

static void
convert(struct buffer *out, const char *text, size_t len, int dots, int stuff)
{
	size_t next;

	for (; len > 0; text += next, len -= next) {
		size_t n = line_of(text, len, &next), first = 0;

		if (dots && n > 0 && text[0] == '.') {
			if (n == 1)
				return;
			first = text[1] == '.';
		}
		if (stuff && first < n && text[first] == '.')
			buffer_add_char(out, '.');
		for (size_t i = first; i < n; i++)
			buffer_add_char(out, text[i] == '\r' ? ' ' : text[i]);
		buffer_add_string(out, "\r\n");
	}
}

static void
convert_in_pieces(struct buffer *out, struct wire_format *w, const char *text,
    size_t len, size_t piece)
{
	size_t at = 0;

	while (at < len && !w->ended) {
		size_t n = len - at < piece ? len - at : piece, room, taken;
		char *start, *end;

		room = wire_format_room(n);
		start = end = xmalloc(room);
		taken = wire_format_add(w, text + at, n, &end);
		require((size_t)(end - start) <= room, "within the room");
		require(taken > 0 || w->ended || end > start, "it gets on");
		buffer_add(out, start, (size_t)(end - start));
		free(start);
		at += taken;
	}
	if (!w->ended) {
		char *start = xmalloc(wire_format_room(0)), *end = start;

		wire_format_end(w, &end);
		buffer_add(out, start, (size_t)(end - start));
		free(start);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer expected = {0}, got = {0};
	struct wire_format w = {0}, measured;
	const char *text = (const char *)data + 2;
	size_t len = size > 2 ? size - 2 : 0, at = 0;

	if (size < 2)
		return 0;
	w.dots = data[0] & 1;
	w.stuff = (data[0] & 2) != 0;
	measured = w;
	convert(&expected, text, len, w.dots, w.stuff);
	convert_in_pieces(&got, &w, text, len, (size_t)data[1] + 1);
	require(got.len == expected.len && (got.len == 0 ||
	    memcmp(got.data, expected.data, got.len) == 0),
	    "both come to the same");
	while (at < len && !measured.ended)
		at += wire_format_add(&measured, text + at, len - at, NULL);
	wire_format_end(&measured, NULL);
	require(measured.size == w.size && measured.lines == w.lines &&
	    measured.longest == w.longest, "what is measured is what is sent");
	buffer_free(&expected);
	buffer_free(&got);
	return 0;
}
