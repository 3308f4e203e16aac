/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/wire_format.h"

#include <string.h>

#include "base/ascii.h"

/* Blanks that one call writes at most for bare CRs held back. */
#define BLANKS ((size_t)4096)

/* A line up to this is copied as if it were so long. */
#define SHORT ((size_t)64)

/* Octets looked at together: where each such chunk has a line end, no line
 * can be longer than WIREFORM_LINE_MAX. */
#define CHUNK ((size_t)192)

/* One call's way through its octets. */
struct text_run {
	const char *p;
	const char *end;
	const char *lf;  /* the next LF at or after p, or end */
	const char *cr;  /* the next CR at or after p, or end */
	char *out;       /* where the next octet goes; NULL: measure */
};

static const char *
find(const char *p, const char *end, char c)
{
	const char *at = memchr(p, c, (size_t)(end - p));

	return at != NULL ? at : end;
}

static void
put(struct wire_format *w, struct text_run *r, const char *text, size_t n)
{
	w->size += n;
	w->line += n;
	if (r->out == NULL)
		return;
	memcpy(r->out, text, n);
	r->out += n;
}

/* A dot that starts a line, doubled if wanted (RFC 5321 4.5.2). */
static void
put_dot(struct wire_format *w, struct text_run *r)
{
	if (w->stuff && r->out != NULL)
		*r->out++ = '.';
	put(w, r, ".", 1);
}

static void
note_line(struct wire_format *w, uint64_t len)
{
	w->lines++;
	if (len > WIREFORM_LINE_MAX && len > w->longest) {
		w->longest = len;
		w->longest_number = w->lines;
	}
}

static void
put_line_end(struct wire_format *w, struct text_run *r)
{
	note_line(w, w->line);
	put(w, r, "\r\n", 2);
	w->line = 0;
	w->line_begun = 0;
	w->returns = 0;
}

/* Bare CRs, as many as one call may write. Returns 0 if some are left. */
static int
put_blanks(struct wire_format *w, struct text_run *r)
{
	uint64_t n = w->returns;

	if (n > BLANKS && r->out != NULL)
		n = BLANKS;
	w->returns -= n;
	w->size += n;
	w->line += n;
	if (r->out != NULL) {
		memset(r->out, ' ', (size_t)n);
		r->out += n;
	}
	return w->returns == 0;
}

/*
 * The octet at p says what the dot and the CRs before it were. Returns 0 if
 * the call has to end here.
 */
static int
release(struct wire_format *w, struct text_run *r)
{
	if (*r->p == '\r') {
		w->returns++;
		r->p++;
		return 1;
	}
	if (w->dot_held && *r->p == '\n') {
		w->ended = 1;
		return 0;
	}
	if (w->dot_held) {
		w->dot_held = 0;
		if (*r->p == '.' && w->returns == 0)
			r->p++; /* ".." stands for "." */
		put_dot(w, r);
		return 1;
	}
	if (*r->p != '\n')
		return put_blanks(w, r);
	put_line_end(w, r);
	r->p++;
	return 1;
}

/* Notes or writes a dot that starts a line. */
static void
begin_line(struct wire_format *w, struct text_run *r, const char *in)
{
	w->line_begun = 1;
	if (*r->p != '.')
		return;
	r->p++;
	if (!w->dots) {
		put_dot(w, r);
		return;
	}
	w->dot_held = 1;
	w->dot_at = w->taken + (uint64_t)(r->p - 1 - in);
}

static void
look_ahead(struct text_run *r)
{
	if (r->lf < r->p)
		r->lf = find(r->p, r->end, '\n');
	if (r->cr < r->p)
		r->cr = find(r->p, r->end, '\r');
}

/* The octets up to the next line end, bare CR or end of the block. */
static void
take_text(struct wire_format *w, struct text_run *r)
{
	const char *stop;

	look_ahead(r);
	stop = r->cr < r->lf ? r->cr : r->lf;
	put(w, r, r->p, (size_t)(stop - r->p));
	r->p = stop;
	if (stop == r->end)
		return;
	if (r->lf - stop > 1 || r->lf == r->end) {
		w->returns = 1;
		r->p++;
		return;
	}
	put_line_end(w, r);
	r->p = r->lf + 1;
}

/* How many line ends the chunk has; 0 also if a dot follows one. A loop of the
 * kind that compilers make vectors of. */
static unsigned
count_line_ends(const char *p)
{
	unsigned char ends = 0, dots = 0;

	for (size_t i = 0; i < CHUNK; i++) {
		unsigned char end = p[i] == '\n', dot = p[i + 1] == '.';

		ends = (unsigned char)(ends + end);
		dots |= end & dot;
	}
	return dots == 0 ? ends : 0;
}

/*
 * Measures whole lines that need their CRLF and nothing else, nearly all of
 * nearly every message, without looking at each.
 */
static void
count_lines(struct wire_format *w, struct text_run *r)
{
	const char *p = r->p;
	const char *stop = r->cr;
	uint64_t lines = 0;
	unsigned n = 0;

	while ((size_t)(stop - p) > CHUNK && *r->p != '.' &&
	    (n = count_line_ends(p)) > 0) {
		lines += n;
		p += CHUNK;
	}
	if (lines == 0)
		return;
	while (p[-1] != '\n')
		p--;
	w->size += (uint64_t)(p - r->p) + lines;
	w->lines += lines;
	r->p = p;
}

/* A fixed size needs no call: what is too much is overwritten by what follows,
 * or lies in the room. */
static void
copy_line(char *out, const char *p, size_t n, const char *end)
{
	if (n <= SHORT && (size_t)(end - p) >= SHORT)
		memcpy(out, p, SHORT);
	else
		memcpy(out, p, n);
}

/* Such lines one by one. Locals, as octets written through a char pointer
 * could be any field of *r. */
static void
take_lines(struct wire_format *w, struct text_run *r)
{
	const char *p = r->p, *lf = r->lf, *cr = r->cr;
	char *out = r->out;
	uint64_t lines = w->lines;

	while (lf < cr && *p != '.') {
		size_t n = (size_t)(lf - p);

		note_line(w, n);
		if (out != NULL) {
			copy_line(out, p, n, r->end);
			out[n] = '\r';
			out[n + 1] = '\n';
			out += n + 2;
		}
		p = lf + 1;
		lf = find(p, r->end, '\n');
	}
	w->size += (uint64_t)(p - r->p) + (w->lines - lines);
	r->p = p;
	r->lf = lf;
	r->out = out;
}

/* As many lines as need nothing but their CRLF. */
static void
take_plain(struct wire_format *w, struct text_run *r)
{
	look_ahead(r);
	if (r->out == NULL) {
		count_lines(w, r);
		look_ahead(r);
	}
	take_lines(w, r);
}

size_t
wire_format_room(size_t n)
{
	return 2 * n + BLANKS + SHORT;
}

size_t
wire_format_add(struct wire_format *w, const char *in, size_t n, char **out)
{
	struct text_run r = { in, in + n, in, in, out != NULL ? *out : NULL };
	size_t taken;

	r.lf = find(in, r.end, '\n');
	r.cr = find(in, r.end, '\r');
	while (r.p < r.end && !w->ended) {
		if (w->dot_held || w->returns > 0) {
			if (!release(w, &r))
				break;
			continue;
		}
		if (!w->line_begun) {
			take_plain(w, &r);
			if (r.p < r.end)
				begin_line(w, &r, in);
			continue;
		}
		take_text(w, &r);
	}
	taken = (size_t)(r.p - in);
	w->taken += taken;
	if (out != NULL)
		*out = r.out;
	else if (!w->eight_bit)
		w->eight_bit = ascii_has_8bit(in, taken);
	return taken;
}

void
wire_format_end(struct wire_format *w, char **out)
{
	struct text_run r = { .out = out != NULL ? *out : NULL };

	if (w->ended || !w->line_begun)
		return;
	if (w->dot_held) {
		w->ended = 1; /* the line end it lacks would make it so */
		return;
	}
	put_line_end(w, &r);
	if (out != NULL)
		*out = r.out;
}
