/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "message/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "format/field_encode.h"
#include "format/mime_header.h"
#include "format/wire_format.h"
#include "message/header.h"

static void
index_fields(struct message *m)
{
	struct field f;
	size_t offset = 0;

	while (field_next(m->header.data, m->header.len, &offset, &f)) {
		m->fields = xgrow(m->fields, m->nfields, sizeof(*m->fields));
		m->fields[m->nfields++] = (struct message_field){ .at = f };
	}
}

/* A text that is being written to the wire. */
struct text_writer {
	struct wire_format wire;
	struct sink *out;       /* NULL: only measures */
	uint64_t size_max;      /* octets that were announced, unstuffed */
};

static int
fail_changed(struct error *err)
{
	return fail(err, EX_IOERR, "the file on standard input has changed "
	    "while it was being sent");
}

/* Octets past the announced size would be commands to the server. */
static int
commit(struct text_writer *t, size_t n, struct error *err)
{
	return t->wire.size > t->size_max ? fail_changed(err)
	    : t->out->commit(t->out, n, err);
}

/* Writes all of data, until the text ends. */
static int
convert(struct text_writer *t, const char *data, size_t n, struct error *err)
{
	while (n > 0 && !t->wire.ended) {
		size_t part = n < SPOOL_BLOCK ? n : SPOOL_BLOCK;
		char *begin, *end;
		size_t taken;

		if (t->out == NULL) {
			taken = wire_format_add(&t->wire, data, part, NULL);
		} else {
			begin = t->out->reserve(t->out,
			    wire_format_room(part));
			end = begin;
			taken = wire_format_add(&t->wire, data, part, &end);
			if (commit(t, (size_t)(end - begin), err) != 0)
				return -1;
		}
		data += taken;
		n -= taken;
	}
	return 0;
}

static int
end_text(struct text_writer *t, struct error *err)
{
	char *begin = t->out->reserve(t->out, wire_format_room(0));
	char *end = begin;

	wire_format_end(&t->wire, &end);
	return commit(t, (size_t)(end - begin), err);
}

static int
write_body(const struct message *m, struct text_writer *t, struct error *err)
{
	char *block = xmalloc(SPOOL_BLOCK);
	off_t at = m->body;
	const char *data;
	ssize_t n = 0;
	int result = 0;

	while (result == 0 && !t->wire.ended && at < m->body_end) {
		n = spool_block(&m->spool, at, block, &data, err);
		if (n > m->body_end - at)
			n = (ssize_t)(m->body_end - at);
		result = n > 0 ? convert(t, data, (size_t)n, err) : -1;
		at += n;
	}
	free(block);
	return result == 0 ? end_text(t, err) : -1;
}

/* Finds the header and determines its properties. */
static int
read_header(struct message *m, struct header *head, struct error *err)
{
	if (header_read(head, &m->spool, m->dots, err) != 0)
		return -1;
	m->header = head->text;
	m->header_8bit = ascii_has_8bit(head->text.data, head->text.len);
	m->longest_line = head->longest_line;
	m->longest_line_number = head->longest_line_number;
	m->body = head->body;
	index_fields(m);
	return 0;
}

/* Determines the body's properties while it is read, and where a line "." ends
 * it: *after is the position after that line. */
static int
read_body(struct message *m, const struct header *head, off_t *after,
    struct error *err)
{
	struct wire_format w = { .dots = m->dots, .lines = head->lines,
	    .ended = head->ended };
	char *block = xmalloc(SPOOL_BLOCK);
	const char *data;
	ssize_t n = 0;

	while (!w.ended && (n = spool_next(&m->spool,
	    m->body + (off_t)w.taken, block, &data, err)) > 0)
		wire_format_add(&w, data, (size_t)n, NULL);
	free(block);
	if (n < 0)
		return -1;
	wire_format_end(&w, NULL);
	*after = head->ended ? head->next : m->body + (off_t)w.taken + 1;
	m->body_end = w.ended ? m->body + (off_t)w.dot_at : m->spool.size;
	m->body_size = w.size;
	m->body_8bit = w.eight_bit;
	if (w.longest > m->longest_line) {
		m->longest_line = w.longest;
		m->longest_line_number = w.longest_number;
	}
	return 0;
}

/* Finds header and body. */
static int
read_parts(struct message *m, off_t *after, struct error *err)
{
	struct header head;

	return read_header(m, &head, err) != 0 ? -1
	    : read_body(m, &head, after, err);
}

static void
forget_parts(struct message *m)
{
	for (size_t i = 0; i < m->nfields; i++)
		free(m->fields[i].text);
	free(m->fields);
	m->fields = NULL;
	m->nfields = 0;
	buffer_free(&m->header);
}

/*
 * Returns whether text follows a line "." of the message. The caller then did
 * not mean the dot as an end, and no text is dropped.
 */
static int
text_follows(struct message *m, off_t after, struct error *err)
{
	char *block = xmalloc(SPOOL_BLOCK);
	int result = spool_has_more(&m->spool, after, block, err);

	free(block);
	return result;
}

/* Finds header and body in the spool, which is filled meanwhile. Returns 0, or
 * -1 with m empty. */
static int
index_spool(struct message *m, struct error *err)
{
	off_t after = 0;
	int result = read_parts(m, &after, err);

	if (result == 0 && m->dots) {
		result = text_follows(m, after, err);
		if (result > 0) {
			forget_parts(m);
			m->dots = 0;
			result = read_parts(m, &after, err);
		}
	}
	spool_finish(&m->spool);
	if (result != 0)
		message_free(m);
	return result;
}

int
message_read(struct message *m, int fd, int dots, struct error *err)
{
	memset(m, 0, sizeof(*m));
	m->dots = dots;
	spool_open(&m->spool, fd, dots ? SPOOL_UNTIL_DOT : SPOOL_UNTIL_END);
	return index_spool(m, err);
}

int
message_take(struct message *m, struct spool *spool, struct error *err)
{
	memset(m, 0, sizeof(*m));
	m->spool = *spool;
	memset(spool, 0, sizeof(*spool));
	return index_spool(m, err);
}

int
message_from_text(struct message *m, const struct buffer *text,
    struct error *err)
{
	struct spool spool = {0};

	if (spool_add(&spool, text->data, text->len, err) == 0)
		return message_take(m, &spool, err);
	spool_free(&spool);
	return -1;
}

void
message_drain(int fd)
{
	spool_drain(fd);
}

int
message_find(const struct message *m, const char *name, size_t *index)
{
	for (size_t i = *index; i < m->nfields; i++) {
		if (!m->fields[i].removed &&
		    field_is(m->header.data, &m->fields[i].at, name)) {
			*index = i;
			return 1;
		}
	}
	return 0;
}

char *
message_field_body(const struct message *m, size_t index)
{
	const struct message_field *f = &m->fields[index];
	struct field edited;
	size_t offset = 0;

	if (f->text == NULL)
		return field_unfold(m->header.data, &f->at);
	if (!field_next(f->text, strlen(f->text), &offset, &edited))
		return xstrdup("");
	return field_unfold(f->text, &edited);
}

void
message_remove(struct message *m, const char *name)
{
	for (size_t i = 0; message_find(m, name, &i); i++)
		m->fields[i].removed = 1;
}

/* Adds each field of onehop. A line end in its body would begin another
 * field. */
static int
add_field(struct buffer *out, const char *name, const char *body,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (strpbrk(body, "\r\n") != NULL)
		return fail(err, EX_DATAERR,
		    "field %s: expected one line, not \"%s\"", name,
		    escape_string(quote, sizeof(quote), body));
	if (field_add_folded(out, name, body) != 0)
		return fail(err, EX_DATAERR,
		    "field %.40s: a name or word is longer than a line may "
		    "be", name);
	return 0;
}

int
message_replace(struct message *m, size_t index, const char *name,
    const char *body, struct error *err)
{
	struct message_field *f = &m->fields[index];
	struct buffer text = {0};

	if (add_field(&text, name, body, err) != 0) {
		buffer_free(&text);
		return -1;
	}
	free(f->text);
	f->text = buffer_string(&text);
	return 0;
}

int
message_add(struct message *m, const char *name, const char *body,
    struct error *err)
{
	return add_field(&m->added, name, body, err);
}

/* Returns the field with its edit applied. Sets *len to its size, octets. */
static const char *
field_text(const struct message *m, size_t index, size_t *len)
{
	const struct message_field *f = &m->fields[index];

	*len = f->text != NULL ? strlen(f->text) : f->at.end - f->at.start;
	return f->text != NULL ? f->text : m->header.data + f->at.start;
}

/* Returns 0 if the field has no octet above 127 afterwards. */
static int
encode_field(struct message *m, size_t index, const char *charset)
{
	const struct message_field *f = &m->fields[index];
	struct error ignored = {0};
	struct buffer out = {0};
	size_t len;
	const char *text = field_text(m, index, &len);
	char *name, *body;
	int result;

	if (f->removed || !ascii_has_8bit(text, len))
		return 0;
	name = xstrndup(text, f->at.name_len);
	body = message_field_body(m, index);
	result = field_encode(&out, name, body, charset);
	if (result == 0)
		result = message_replace(m, index, name, buffer_string(&out),
		    &ignored);
	buffer_free(&out);
	free(name);
	free(body);
	return result;
}

void
message_encode_header(struct message *m)
{
	struct mime_header mime;
	int left = 0;

	if (!m->header_8bit)
		return;
	mime_header_read(&mime, m->header.data, m->header.len);
	if (mime.header_is_signed)
		return;
	for (size_t i = 0; i < m->nfields; i++)
		left |= encode_field(m, i, mime.charset) != 0;
	m->header_8bit = left;
}

/* Writes header and separator, including edits. */
static int
convert_header(const struct message *m, struct text_writer *t,
    struct error *err)
{
	if (convert(t, m->added.data, m->added.len, err) != 0)
		return -1;
	for (size_t i = 0; i < m->nfields; i++) {
		size_t len;
		const char *text = field_text(m, i, &len);

		if (!m->fields[i].removed && convert(t, text, len, err) != 0)
			return -1;
	}
	return convert(t, "\n", 1, err);
}

uint64_t
message_size(const struct message *m)
{
	struct text_writer t = { .size_max = UINT64_MAX };
	struct error none = {0};

	convert_header(m, &t, &none); /* measuring cannot fail */
	return t.wire.size + m->body_size;
}

int
message_write(const struct message *m, enum message_form form,
    struct sink *out, struct error *err)
{
	struct text_writer header = { .out = out, .size_max = UINT64_MAX };
	struct text_writer body = { .out = out, .size_max = m->body_size };

	header.wire.stuff = body.wire.stuff = form == MESSAGE_STUFFED;
	body.wire.dots = m->dots;
	if (convert_header(m, &header, err) != 0 ||
	    write_body(m, &body, err) != 0)
		return -1;
	return body.wire.size == m->body_size ? 0 : fail_changed(err);
}

void
message_free(struct message *m)
{
	forget_parts(m);
	buffer_free(&m->added);
	spool_free(&m->spool);
	memset(m, 0, sizeof(*m));
}
