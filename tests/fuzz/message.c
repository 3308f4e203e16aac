/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any octets on stdin: what goes on the wire is a message, and the same one
 * in either form. The first octet says whether a lone dot ends it. */
#include "../unit/buffer_sink.h"
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "envelope/content.h"
#include "message/message.h"

/* What fits into a pipe that nobody reads. */
#define INPUT_MAX 60000

/* Reads the octets as stdin; returns message_read's result. */
static int
read_message(struct message *m, const void *data, size_t size, int dots)
{
	struct error err = {0};
	int ends[2];
	int result;

	require(pipe(ends) == 0, "pipe");
	require(write(ends[1], data, size) == (ssize_t)size, "write");
	close(ends[1]);
	result = message_read(m, ends[0], dots, &err);
	close(ends[0]);
	require((result == 0) == (err.code == 0), "a failure is explained");
	require(result == 0 || err.code == EX_DATAERR,
	    "octets alone are at most bad data");
	return result;
}

static struct buffer
write_message(const struct message *m, enum message_form form)
{
	struct buffer_sink wire;
	struct error err = {0};

	buffer_sink_open(&wire);
	require(message_write(m, form, &wire.sink, &err) == 0,
	    "it can be written");
	buffer_string(&wire.text);
	return wire.text;
}

static void
check_lines(const struct buffer *wire)
{
	const char *text = wire->data;

	require(wire->len >= 2 && text[wire->len - 1] == '\n',
	    "the last line is ended");
	for (size_t i = 0; i < wire->len; i++) {
		if (text[i] == '\r')
			require(text[i + 1] == '\n', "no CR without LF");
		if (text[i] == '\n')
			require(i > 0 && text[i - 1] == '\r',
			    "no LF without CR");
	}
}

/* Undoes the stuffing as RFC 5321 4.5.2 has a server do it. */
static void
check_stuffing(const struct buffer *stuffed, const struct buffer *plain)
{
	size_t k = 0;
	int starts = 1;

	for (size_t i = 0; i < stuffed->len; i++) {
		if (starts && stuffed->data[i] == '.') {
			require(stuffed->data[++i] != '\r',
			    "no line is a lone dot");
		}
		require(k < plain->len && plain->data[k] == stuffed->data[i],
		    "unstuffed it is the plain form");
		k++;
		starts = stuffed->data[i] == '\n';
	}
	require(k == plain->len, "unstuffed it is all of the plain form");
}

/* A server finds the header that we found, and no Bcc in it. */
static void
check_header(const struct buffer *wire)
{
	struct buffer lines = {0};
	struct field f = {0};
	size_t offset = 0;

	for (size_t i = 0; i < wire->len; i++)
		if (wire->data[i] != '\r')
			buffer_add_char(&lines, wire->data[i]);
	while (field_next(lines.data, lines.len, &offset, &f))
		require(!field_is(lines.data, &f, "Bcc"), "no Bcc is left");
	require(offset < lines.len && lines.data[offset] == '\n',
	    "a blank line ends the header");
	buffer_free(&lines);
}

/* What SMTP does not carry is found; without a CR and a NUL there is none. */
static void
check_content(const struct message *m, const uint8_t *data, size_t size)
{
	struct error err = {0};

	require((content_check(m, &err) == 0) == (err.code == 0),
	    "a failure is explained");
	require(err.code == 0 || err.code == EX_DATAERR,
	    "octets alone are at most bad data");
	require(err.code == 0 || memchr(data, '\r', size) != NULL ||
	    memchr(data, '\0', size) != NULL, "there is something to find");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer plain, stuffed, again;
	struct message m, copy;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	if (read_message(&m, data + 1, size - 1, data[0] & 1) != 0)
		return 0;
	check_content(&m, data + 1, size - 1);
	message_remove(&m, "Bcc");
	plain = write_message(&m, MESSAGE_PLAIN);
	stuffed = write_message(&m, MESSAGE_STUFFED);
	require(message_size(&m) == plain.len, "its size is what is sent");
	check_lines(&plain);
	check_stuffing(&stuffed, &plain);
	check_header(&plain);
	if (plain.len <= INPUT_MAX) {
		require(read_message(&copy, plain.data, plain.len, 0) == 0,
		    "the wire form is a message");
		again = write_message(&copy, MESSAGE_PLAIN);
		require(again.len == plain.len && memcmp(again.data,
		    plain.data, plain.len) == 0, "and is its own wire form");
		buffer_free(&again);
		message_free(&copy);
	}
	buffer_free(&plain);
	buffer_free(&stuffed);
	message_free(&m);
	return 0;
}
