/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "message/part.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "format/encode.h"
#include "format/field.h"
#include "format/wire_format.h"

/* The longest line of a field. */
static size_t
longest_line(const char *text, size_t len)
{
	size_t longest = 0;

	while (len > 0) {
		const char *lf = memchr(text, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - text) : len;

		if (n > longest)
			longest = n;
		text += n + (lf != NULL);
		len -= n + (lf != NULL);
	}
	return longest;
}

/* Fields whose text is free, so that words in it may be encoded. */
static int
is_unstructured(const char *header, const struct field *f)
{
	return field_is(header, f, "Subject") ||
	    field_is(header, f, "Comments") ||
	    field_is(header, f, "Content-Description");
}

int
part_is_8bit(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_is_8bit(text[i]))
			return 1;
	return 0;
}

/* The header being written, and where to. */
struct part_writer {
	struct spool *out;
	const struct part *part;
	const char *header;
	enum part_transport transport;
};

/* A field that cannot go as it is: folded anew, its words encoded. */
static int
rewrite_field(const struct part_writer *w, const struct field *f, int encode,
    struct error *err)
{
	char *name = xstrndup(w->header + f->start, f->name_len);
	char *body = field_unfold(w->header, f);
	struct buffer words = {0}, out = {0};
	int result;

	if (encode)
		encoded_word_encode(&words, body);
	if (field_add_folded(&out, name, encode ? buffer_string(&words)
	    : body) != 0)
		result = fail(err, EX_DATAERR, "field %s: a word is longer "
		    "than the %d octets of a line", name, WIREFORM_LINE_MAX);
	else
		result = spool_add(w->out, out.data, out.len, err);
	free(name);
	free(body);
	buffer_free(&words);
	buffer_free(&out);
	return result;
}

static int
write_field(const struct part_writer *w, const struct field *f,
    struct error *err)
{
	const char *text = w->header + f->start;
	size_t len = f->end - f->start;
	int encode = w->transport == PART_7BIT && part_is_8bit(text, len);

	if (encode && !is_unstructured(w->header, f))
		return fail(err, EX_DATAERR, "field %.*s has 8-bit octets, "
		    "and the server takes none", (int)f->name_len, text);
	if (!encode && longest_line(text, len) <= WIREFORM_LINE_MAX)
		return spool_add(w->out, text, len, err);
	if (w->part->is_signed)
		return fail(err, EX_DATAERR, "field %.*s cannot be sent as it "
		    "is, and the message is signed", (int)f->name_len, text);
	return rewrite_field(w, f, encode, err);
}

static int
put(const struct part_writer *w, const char *text, struct error *err)
{
	return spool_add(w->out, text, strlen(text), err);
}

/* What a part that becomes quoted-printable has to say. */
static int
write_encoding(const struct part_writer *w, struct error *err)
{
	const struct part *p = w->part;

	if (p->is_top && !p->entity.has_version &&
	    put(w, "MIME-Version: 1.0\n", err) != 0)
		return -1;
	if (!p->entity.has_type && p->is_8bit && put(w, p->is_utf8
	    ? "Content-Type: text/plain; charset=UTF-8\n"
	    : "Content-Type: text/plain; charset=unknown-8bit\n", err) != 0)
		return -1;
	return put(w, "Content-Transfer-Encoding: quoted-printable\n", err);
}

int
part_is_converted(const struct part *p, enum part_transport transport)
{
	return p->entity.kind == ENTITY_LEAF &&
	    (p->is_long || (transport == PART_7BIT && p->is_8bit));
}

int
part_write_header(struct spool *out, const struct part *p,
    const struct buffer *header, enum part_transport transport,
    struct error *err)
{
	const struct part_writer w = { out, p, header->data, transport };
	int converted = part_is_converted(p, transport);
	/* what a container says, "8bit", would be true no more */
	int drop = converted || (transport == PART_7BIT &&
	    p->entity.kind != ENTITY_LEAF);
	struct field f;
	size_t offset = 0, end = 0;

	while (field_next(header->data, header->len, &offset, &f)) {
		end = f.end;
		if (!(drop && field_is(header->data, &f,
		    "Content-Transfer-Encoding")) &&
		    write_field(&w, &f, err) != 0)
			return -1;
	}
	if (converted && write_encoding(&w, err) != 0)
		return -1;
	/* a line that is no field stays where it is */
	return spool_add(out, header->data + end, header->len - end, err);
}
