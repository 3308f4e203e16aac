/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "message/downgrade.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "format/encode.h"
#include "format/field.h"
#include "format/field_encode.h"
#include "format/mime_header.h"
#include "format/wire_format.h"

/* A line is processed in pieces of this size, regardless of its length. */
#define PIECE 4096

/* Number of octets that are collected before they are written. */
#define BLOCK ((size_t)64 << 10)

/* Maximum depth of nested multiparts and messages. */
#define DEPTH_MAX 32

/* Maximum size of the header of one part, octets. */
#define PART_HEADER_MAX ((size_t)1 << 20)

#define QUOTED_PRINTABLE "Content-Transfer-Encoding: quoted-printable\n"

/* Maximum number of parts of a message; their records take at most 8 MiB. */
#define PARTS_MAX ((size_t)1 << 19)

/* The record of each part: small, since a message may have very many. */
struct part {
	uint64_t line;            /* the first that is too long or 8-bit */
	unsigned char kind;       /* enum mime_kind */
	unsigned char encoding;   /* enum mime_encoding */
	unsigned char is_top;     /* the message itself */
	unsigned char is_signed;  /* it, or an enclosing part */
	unsigned char is_long;    /* a line of its body exceeds the limit */
	unsigned char is_8bit;    /* its body has octets above 127 */
	unsigned char is_utf8;    /* all of them are UTF-8 */
};

/* Returns the length of the longest line of a field. */
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

/* The header being written, and its destination. */
struct header_writer {
	struct spool *out;
	const struct part *part;
	const struct mime_header *mime;
	const char *header;
	enum downgrade_target target;
};

static int
add_folded(const struct header_writer *w, const char *name, const char *body,
    struct error *err)
{
	struct buffer out = {0};
	char *spaced;
	int result = field_add_folded(&out, name, body);

	if (result != 0 && (spaced = field_space_list(name, body)) != NULL) {
		result = field_add_folded(&out, name, spaced);
		free(spaced);
	}
	if (result != 0)
		result = fail(err, EX_DATAERR, "field %.40s: a name or word is "
		    "longer than the %d octets of a line", name,
		    WIREFORM_LINE_MAX);
	else
		result = spool_add(w->out, out.data, out.len, err);
	buffer_free(&out);
	return result;
}

/* Appends a field that cannot be sent unchanged, encoded and refolded. */
static int
rewrite_field(const struct header_writer *w, const struct field *f,
    int encode, struct error *err)
{
	char *name = xstrndup(w->header + f->start, f->name_len);
	char *body = field_unfold(w->header, f);
	struct buffer ascii = {0};
	int result;

	if (!encode)
		result = add_folded(w, name, body, err);
	else if (field_encode(&ascii, name, body, w->mime->charset) != 0)
		result = fail(err, EX_DATAERR, "field %.40s has 8-bit octets "
		    "that cannot be encoded, and the server takes none", name);
	else
		result = add_folded(w, name, buffer_string(&ascii), err);
	buffer_free(&ascii);
	free(name);
	free(body);
	return result;
}

static int
write_field(const struct header_writer *w, const struct field *f,
    struct error *err)
{
	const char *text = w->header + f->start;
	size_t len = f->end - f->start;
	int encode = w->target == DOWNGRADE_7BIT && ascii_has_8bit(text, len);

	if (!encode && longest_line(text, len) <= WIREFORM_LINE_MAX)
		return spool_add(w->out, text, len, err);
	if (w->part->is_signed)
		return fail(err, EX_DATAERR, "field %.*s cannot be sent as it "
		    "is, and the message is signed", (int)f->name_len, text);
	return rewrite_field(w, f, encode, err);
}

static int
put_text(const struct header_writer *w, const char *text, struct error *err)
{
	return spool_add(w->out, text, strlen(text), err);
}

/* Adds the fields that a quoted-printable part lacks, except its encoding. */
static int
write_type(const struct header_writer *w, struct error *err)
{
	const struct part *p = w->part;

	if (p->is_top && !w->mime->has_version &&
	    put_text(w, "MIME-Version: 1.0\n", err) != 0)
		return -1;
	if (!w->mime->has_type && p->is_8bit && put_text(w, p->is_utf8
	    ? "Content-Type: text/plain; charset=UTF-8\n"
	    : "Content-Type: text/plain; charset=unknown-8bit\n", err) != 0)
		return -1;
	return 0;
}

/* Returns whether the part's body must become quoted-printable, if allowed. */
static int
is_converted(const struct part *p, enum downgrade_target target)
{
	return p->kind == ENTITY_LEAF &&
	    (p->is_long || (target == DOWNGRADE_7BIT && p->is_8bit));
}

/* Appends the lines of a header from the first that is no field on. Many
 * programs take that line for the beginning of the body: they are encoded as
 * it is. */
static int
write_stray_lines(const struct header_writer *w, const char *text, size_t len,
    int converted, struct error *err)
{
	struct buffer encoded = {0};
	int result;

	if (!converted)
		return spool_add(w->out, text, len, err);
	for (size_t i = 0; i < len;) {
		const char *lf = memchr(text + i, '\n', len - i);
		size_t n = lf != NULL ? (size_t)(lf - text) - i : len - i;

		quoted_printable_encode(&encoded, text + i, n);
		if (lf != NULL)
			buffer_add_char(&encoded, '\n');
		i += n + 1;
	}
	result = spool_add(w->out, encoded.data, encoded.len, err);
	buffer_free(&encoded);
	return result;
}

/* Returns the length of a first line of mbox, "From a@b ..." with or without
 * ">", which many programs skip; 0 if there is none, or it cannot be sent. */
static size_t
mbox_line(const struct buffer *header)
{
	const char *text = header->data;
	const char *lf = header->len > 0 ? memchr(text, '\n', header->len)
	    : NULL;
	size_t len = lf != NULL ? (size_t)(lf - text) : header->len;
	size_t quoted = len > 0 && text[0] == '>';

	if (len < quoted + 5 || len > WIREFORM_LINE_MAX ||
	    memcmp(text + quoted, "From ", 5) != 0 ||
	    field_is_valid(text, len) || ascii_has_8bit(text, len))
		return 0;
	return len + (lf != NULL);
}

/*
 * Appends the part's header (lines ended by LF) to out, with long lines folded,
 * 8-bit words encoded, and its new encoding. Returns 0, or -1 with err set:
 * EX_DATAERR naming the field that cannot be converted, or the spool's error.
 */
static int
write_header(const struct header_writer *w, const struct buffer *header,
    struct error *err)
{
	int converted = is_converted(w->part, w->target);
	/* a container's "8bit" would no longer be true */
	int drop = converted || (w->target == DOWNGRADE_7BIT &&
	    w->part->kind != ENTITY_LEAF &&
	    w->part->encoding == ENCODING_IDENTITY);
	int encoding_due = converted;
	struct field f;
	size_t offset = mbox_line(header), end = offset;

	if (spool_add(w->out, header->data, offset, err) != 0)
		return -1;
	while (field_next(header->data, header->len, &offset, &f)) {
		int result = 0;

		end = f.end;
		if (!drop || !field_is(header->data, &f,
		    "Content-Transfer-Encoding")) {
			result = write_field(w, &f, err);
		} else if (encoding_due) {
			result = put_text(w, QUOTED_PRINTABLE, err);
			encoding_due = 0;
		}
		if (result != 0)
			return -1;
	}
	if ((converted && write_type(w, err) != 0) ||
	    (encoding_due && put_text(w, QUOTED_PRINTABLE, err) != 0))
		return -1;
	return write_stray_lines(w, header->data + end, header->len - end,
	    converted, err);
}

/* An open multipart or message. */
struct level {
	size_t part;
	int is_digest;
	char boundary[ENTITY_BOUNDARY_MAX + 1]; /* "" for a message */
};

/*
 * One state machine reads the message twice: first to analyse its parts, then,
 * with out set, to rewrite it.
 */
struct converter {
	struct sink sink;         /* first: the two are cast */
	enum downgrade_target target;
	struct part *parts;
	size_t nparts;
	size_t next;              /* part whose header is next */
	size_t current;           /* part that the lines belong to */
	struct mime_header mime;  /* of the header that ended last */
	struct level levels[DEPTH_MAX];
	size_t depth;
	int in_header;
	struct buffer header;     /* of the current part, LF line ends */
	char piece[PIECE];        /* a line, or as much of it as fits */
	size_t used;
	int continued;            /* the piece is not the first of its line */
	uint64_t line;            /* number of the current line */
	struct spool *out;        /* NULL in the first pass */
	struct buffer input;      /* octets reserved in the sink */
	struct buffer block;      /* what is not yet in out */
};

static int
flush(struct converter *c, struct error *err)
{
	int result = c->block.len == 0 ? 0
	    : spool_add(c->out, c->block.data, c->block.len, err);

	buffer_clear(&c->block);
	return result;
}

static int
put(struct converter *c, const char *text, size_t len, struct error *err)
{
	if (c->out == NULL)
		return 0;
	buffer_add(&c->block, text, len);
	return c->block.len < BLOCK ? 0 : flush(c, err);
}

/* Returns the signature flag of the part that is about to begin. */
static int
is_within_signed(const struct converter *c)
{
	return c->depth > 0 && c->parts[c->levels[c->depth - 1].part].is_signed;
}

static int
begin_part(struct converter *c, struct error *err)
{
	c->in_header = 1;
	c->current = c->next++;
	buffer_clear(&c->header);
	if (c->out != NULL)
		return 0;
	if (c->nparts == PARTS_MAX)
		return fail(err, EX_DATAERR, "message has more than %zu parts",
		    PARTS_MAX);
	c->parts = xgrow(c->parts, c->nparts, sizeof(c->parts[0]));
	memset(&c->parts[c->nparts], 0, sizeof(c->parts[0]));
	c->parts[c->nparts].is_utf8 = 1;
	c->parts[c->nparts].is_top = c->nparts == 0;
	c->nparts++;
	return 0;
}

static int
push_level(struct converter *c, struct error *err)
{
	if (c->depth == DEPTH_MAX)
		return fail(err, EX_DATAERR, "message has more than %d parts "
		    "within each other", DEPTH_MAX);
	c->levels[c->depth].part = c->current;
	c->levels[c->depth].is_digest = c->mime.is_digest;
	memcpy(c->levels[c->depth].boundary, c->mime.boundary,
	    sizeof(c->mime.boundary));
	c->depth++;
	return 0;
}

/*
 * Lines of a part's header that are not fields are sent unchanged, so they must
 * be valid. The header ended before the current line.
 */
static int
check_stray_lines(const struct converter *c, struct error *err)
{
	const char *text = c->header.data, *end = text + c->header.len;
	struct field f;
	size_t offset = mbox_line(&c->header);
	uint64_t line = c->line;

	while (field_next(text, c->header.len, &offset, &f))
		continue;
	for (const char *p = text + offset; p < end; p++)
		line -= *p == '\n';
	for (const char *p = text + offset; p < end; line++) {
		size_t len = strcspn(p, "\n");

		if (len > WIREFORM_LINE_MAX)
			return fail(err, EX_DATAERR, "line %llu of the message "
			    "as sent, in the header of a part, is no field "
			    "and longer than %d octets",
			    (unsigned long long)line, WIREFORM_LINE_MAX);
		if (c->target == DOWNGRADE_7BIT && ascii_has_8bit(p, len))
			return fail(err, EX_DATAERR, "line %llu of the message "
			    "as sent, in the header of a part, is no field "
			    "and has 8-bit octets, and the server takes none",
			    (unsigned long long)line);
		p += len + (p + len < end);
	}
	return 0;
}

/* Reads a complete header, and in the second pass also writes it. */
static int
end_header(struct converter *c, int with_blank_line, struct error *err)
{
	struct part *p = &c->parts[c->current];
	const struct header_writer w = { .out = c->out, .part = p,
	    .mime = &c->mime, .header = buffer_string(&c->header),
	    .target = c->target };
	size_t skip = mbox_line(&c->header);

	c->in_header = 0;
	mime_header_read(&c->mime, c->header.data + skip, c->header.len - skip);
	if (!c->mime.has_type && c->depth > 0 &&
	    c->mime.encoding == ENCODING_IDENTITY &&
	    c->levels[c->depth - 1].is_digest)
		c->mime.kind = ENTITY_MESSAGE; /* RFC 2046 5.1.5 */
	if (c->out == NULL) {
		p->kind = (unsigned char)c->mime.kind;
		p->encoding = (unsigned char)c->mime.encoding;
		p->is_signed = c->mime.is_signed || is_within_signed(c);
		if (check_stray_lines(c, err) != 0)
			return -1;
	} else if (flush(c, err) != 0 ||
	    write_header(&w, &c->header, err) != 0 ||
	    (with_blank_line && put(c, "\n", 1, err) != 0)) {
		return -1;
	}
	if (p->kind == ENTITY_LEAF || !with_blank_line)
		return 0;
	if (push_level(c, err) != 0)
		return -1;
	return p->kind == ENTITY_MESSAGE ? begin_part(c, err) : 0;
}

/* Returns the open multipart whose boundary the line is, counted from 1; 0 if
 * none. Sets *closes if it is the last boundary, "--boundary--". */
static size_t
find_boundary(const struct converter *c, const char *line, size_t len,
    int *closes)
{
	while (len > 0 && ascii_is_blank(line[len - 1]))
		len--;
	for (size_t i = c->depth; i > 0; i--) {
		const char *boundary = c->levels[i - 1].boundary;
		size_t n = strlen(boundary);

		if (n == 0 || len < n + 2 || memcmp(line, "--", 2) != 0 ||
		    memcmp(line + 2, boundary, n) != 0)
			continue;
		*closes = len == n + 4 && memcmp(line + n + 2, "--", 2) == 0;
		if (*closes || len == n + 2)
			return i;
	}
	return 0;
}

static int
pass_boundary(struct converter *c, size_t level, int closes,
    struct error *err)
{
	if (c->in_header && end_header(c, 0, err) != 0)
		return -1;
	if (put(c, c->piece, c->used, err) != 0 || put(c, "\n", 1, err) != 0)
		return -1;
	c->depth = level;
	if (!closes)
		return begin_part(c, err);
	c->depth--;
	c->current = c->levels[level - 1].part;
	return 0;
}

/* First pass: records what is wrong with this piece of the part's body. */
static void
examine(struct converter *c, int last)
{
	struct part *p = &c->parts[c->current];
	int eight = ascii_has_8bit(c->piece, c->used);
	int is_long = c->continued || c->used > WIREFORM_LINE_MAX;

	if (eight && (c->continued || !last ||
	    !utf8_is_valid(c->piece, c->used)))
		p->is_utf8 = 0;
	if ((is_long || (eight && c->target == DOWNGRADE_7BIT)) && p->line == 0)
		p->line = c->line;
	if (eight)
		p->is_8bit = 1;
	if (is_long)
		p->is_long = 1;
}

/* Second pass: writes the piece unchanged, or encoded with a soft line break
 * after it if the line continues. */
static int
write_piece(struct converter *c, int last, struct error *err)
{
	if (!is_converted(&c->parts[c->current], c->target)) {
		buffer_add(&c->block, c->piece, c->used);
	} else {
		quoted_printable_encode(&c->block, c->piece, c->used);
		if (!last)
			buffer_add_char(&c->block, '=');
		last = 1; /* at least in the output */
	}
	return put(c, "\n", (size_t)last, err);
}

static int
take_header_line(struct converter *c, int last, struct error *err)
{
	if (last && !c->continued && c->used == 0)
		return end_header(c, 1, err);
	c->header.max = PART_HEADER_MAX;
	if (buffer_add(&c->header, c->piece, c->used) != 0 ||
	    (last && buffer_add_char(&c->header, '\n') != 0))
		return fail(err, EX_DATAERR, "header of a part is longer than "
		    "%zu octets", PART_HEADER_MAX);
	return 0;
}

/* Processes a complete piece of a line. last is nonzero if the line is
 * complete. */
static int
take_piece(struct converter *c, int last, struct error *err)
{
	int closes = 0, result;
	size_t level = last && !c->continued
	    ? find_boundary(c, c->piece, c->used, &closes) : 0;

	if (level > 0) {
		result = pass_boundary(c, level, closes, err);
	} else if (c->in_header) {
		result = take_header_line(c, last, err);
	} else if (c->out == NULL) {
		examine(c, last);
		result = 0;
	} else {
		result = write_piece(c, last, err);
	}
	c->used = 0;
	c->continued = !last;
	c->line += (uint64_t)last;
	return result;
}

static char *
reserve(struct sink *s, size_t n)
{
	return buffer_reserve(&((struct converter *)s)->input, n);
}

/* Processes what does not fit in the piece. One octet is kept back, which may
 * be the CR. */
static int
add_to_piece(struct converter *c, const char *text, size_t len,
    struct error *err)
{
	while (len > 0) {
		size_t n = PIECE - c->used < len ? PIECE - c->used : len;

		memcpy(c->piece + c->used, text, n);
		c->used += n;
		text += n;
		len -= n;
		if (len == 0)
			break;
		c->used--;
		if (take_piece(c, 0, err) != 0)
			return -1;
		c->piece[c->used++] = c->piece[PIECE - 1];
	}
	return 0;
}

/* Accepts the wire form with CRLF line ends, and splits it into pieces at
 * them. */
static int
take_wire(struct sink *s, size_t n, struct error *err)
{
	struct converter *c = (struct converter *)s;
	const char *text = c->input.data;

	while (n > 0) {
		const char *lf = memchr(text, '\n', n);
		size_t len = lf != NULL ? (size_t)(lf - text) : n;

		if (add_to_piece(c, text, len, err) != 0)
			return -1;
		text += len;
		n -= len;
		if (lf == NULL)
			break;
		c->used -= c->used > 0; /* the CR */
		if (take_piece(c, 1, err) != 0)
			return -1;
		text++;
		n--;
	}
	return 0;
}

/* Makes one pass over the message, including its header. */
static int
pass(struct converter *c, const struct message *m, struct spool *out,
    struct error *err)
{
	int result;

	c->sink.reserve = reserve;
	c->sink.commit = take_wire;
	c->out = out;
	c->next = c->depth = c->used = 0;
	c->continued = 0;
	c->line = 1;
	result = begin_part(c, err);
	if (result == 0)
		result = message_write(m, MESSAGE_PLAIN, &c->sink, err);
	if (result == 0 && c->in_header)
		result = end_header(c, 0, err);
	return result == 0 && out != NULL ? flush(c, err) : result;
}

/* Checks that every part that must be converted may be converted. */
static int
check(const struct converter *c, const struct message *m, struct error *err)
{
	for (size_t i = 0; i < c->nparts; i++) {
		const struct part *p = &c->parts[i];
		const char *why = p->is_signed ? "it is signed"
		    : p->kind != ENTITY_LEAF
		    ? "it stands between the parts of a multipart"
		    : p->encoding != ENCODING_IDENTITY
		    ? "it is encoded already" : NULL;

		if (why == NULL || p->line == 0)
			continue;
		if (p->is_long)
			return fail(err, EX_DATAERR, "line %llu of the "
			    "message is longer than %d octets, and %s",
			    (unsigned long long)m->longest_line_number,
			    WIREFORM_LINE_MAX, why);
		return fail(err, EX_DATAERR, "line %llu of the message as "
		    "sent has 8-bit octets, the server takes none, and %s",
		    (unsigned long long)p->line, why);
	}
	return 0;
}

int
downgrade_is_needed(const struct message *m, enum downgrade_target target)
{
	return m->longest_line > WIREFORM_LINE_MAX ||
	    (target == DOWNGRADE_7BIT && (m->body_8bit || m->header_8bit));
}

/* Quoted-printable expands one octet to three, and breaks lines. */
int
downgrade_may_need_file(const struct message *m)
{
	return downgrade_is_needed(m, DOWNGRADE_7BIT) &&
	    message_size(m) > SPOOL_MEMORY_MAX / 4;
}

int
downgrade_convert(struct message *out, const struct message *m,
    enum downgrade_target target, struct spool *spool, struct error *err)
{
	struct converter *c = xcalloc(1, sizeof(*c));
	int result;

	c->target = target;
	result = pass(c, m, NULL, err);
	if (result == 0)
		result = check(c, m, err);
	if (result == 0)
		result = pass(c, m, spool, err);
	if (result == 0)
		result = message_take(out, spool, err);
	else
		spool_free(spool);
	buffer_free(&c->header);
	buffer_free(&c->input);
	buffer_free(&c->block);
	free(c->parts);
	free(c);
	return result;
}
