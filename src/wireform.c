/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wireform.h"

#include <string.h>

/* One call's way through its octets. */
struct run {
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

int
wireform_is_8bit(const char *text, size_t n)
{
	uint64_t words[4];
	uint64_t any = 0;
	size_t i;

	for (i = 0; i + sizeof(words) <= n; i += sizeof(words)) {
		memcpy(words, text + i, sizeof(words));
		any |= words[0] | words[1] | words[2] | words[3];
	}
	for (; i < n; i++)
		any |= (unsigned char)text[i];
	return (any & UINT64_C(0x8080808080808080)) != 0;
}

static void
put(struct wireform *w, struct run *r, const char *text, size_t n)
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
put_dot(struct wireform *w, struct run *r)
{
	if (w->stuff && r->out != NULL)
		*r->out++ = '.';
	put(w, r, ".", 1);
}

static void
put_line_end(struct wireform *w, struct run *r)
{
	w->lines++;
	if (w->line > w->longest || w->longest_number == 0) {
		w->longest = w->line;
		w->longest_number = w->lines;
	}
	put(w, r, "\r\n", 2);
	w->line = 0;
	w->line_begun = 0;
	w->returns = 0;
}

/* Bare CRs, as many as one call may write. Returns 0 if some are left. */
static int
put_blanks(struct wireform *w, struct run *r)
{
	uint64_t n = w->returns;

	if (n > WIREFORM_BLANKS && r->out != NULL)
		n = WIREFORM_BLANKS;
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
release(struct wireform *w, struct run *r)
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
begin_line(struct wireform *w, struct run *r, const char *in)
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
look_ahead(struct run *r)
{
	if (r->lf < r->p)
		r->lf = find(r->p, r->end, '\n');
	if (r->cr < r->p)
		r->cr = find(r->p, r->end, '\r');
}

/* The octets up to the next line end, bare CR or end of the block. */
static void
take_text(struct wireform *w, struct run *r)
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

/*
 * Whole lines that need their CRLF and nothing else: nearly all of nearly
 * every message. Locals, as octets written through a char pointer could be
 * any field of *w.
 */
static void
take_lines(struct wireform *w, struct run *r)
{
	const char *p = r->p, *lf, *cr;
	char *out = r->out;
	uint64_t lines = w->lines, longest = w->longest;

	look_ahead(r);
	lf = r->lf;
	cr = r->cr;
	while (lf < cr && *p != '.') {
		size_t n = (size_t)(lf - p);

		lines++;
		if (n > longest || w->longest_number == 0) {
			longest = n;
			w->longest_number = lines;
		}
		if (out != NULL) {
			memcpy(out, p, n);
			out[n] = '\r';
			out[n + 1] = '\n';
			out += n + 2;
		}
		p = lf + 1;
		lf = find(p, r->end, '\n');
	}
	w->size += (uint64_t)(p - r->p) + (lines - w->lines);
	w->lines = lines;
	w->longest = longest;
	r->p = p;
	r->lf = lf;
	r->out = out;
}

size_t
wireform_add(struct wireform *w, const char *in, size_t n, struct buffer *out)
{
	struct run r = { in, in + n, in, in, NULL };
	size_t taken;

	if (out != NULL)
		r.out = buffer_reserve(out, 2 * n + WIREFORM_BLANKS + 4);
	r.lf = find(in, r.end, '\n');
	r.cr = find(in, r.end, '\r');
	while (r.p < r.end && !w->ended) {
		if (w->dot_held || w->returns > 0) {
			if (!release(w, &r))
				break;
			continue;
		}
		if (!w->line_begun) {
			take_lines(w, &r);
			if (r.p < r.end)
				begin_line(w, &r, in);
			continue;
		}
		take_text(w, &r);
	}
	taken = (size_t)(r.p - in);
	w->taken += taken;
	if (out != NULL)
		out->len = (size_t)(r.out - out->data);
	else if (!w->eight_bit)
		w->eight_bit = wireform_is_8bit(in, taken);
	return taken;
}

void
wireform_end(struct wireform *w, struct buffer *out)
{
	struct run r = {0};

	if (w->ended || !w->line_begun)
		return;
	if (w->dot_held) {
		w->ended = 1; /* the line end it lacks would make it so */
		return;
	}
	if (out != NULL)
		r.out = buffer_reserve(out, 2);
	put_line_end(w, &r);
	if (out != NULL)
		out->len += 2;
}
