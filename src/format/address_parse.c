/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/address_parse.h"

#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"

#define COMMENT_DEPTH_MAX 32
#define EXCERPT_MAX 100 /* octets of the text that an error shows */

/* The text from start to the end of the element, or as much as one quotes. */
static char *
excerpt(const struct scanner *s, size_t start, char quote[ESCAPE_QUOTE])
{
	size_t end = s->at;

	while (start < end && ascii_is_blank(s->text[start]))
		start++;
	while (end < s->len && strchr(",\r\n", s->text[end]) == NULL)
		end++;
	while (end > start && ascii_is_blank(s->text[end - 1]))
		end--;
	if (end - start > EXCERPT_MAX)
		end = start + EXCERPT_MAX;
	return escape(quote, ESCAPE_QUOTE, s->text + start, end - start);
}

int
scanner_refuse(const struct scanner *s, const char *why)
{
	char quote[ESCAPE_QUOTE];

	return fail(s->err, EX_DATAERR, "'%s' is not an address: %s",
	    excerpt(s, s->element, quote), why);
}

int
scanner_refuse_neighbour(const struct scanner *s, const struct token *t)
{
	char quote[ESCAPE_QUOTE];
	char element[ESCAPE_QUOTE];

	return fail(s->err, EX_DATAERR, "expected a comma before '%s' in '%s'",
	    excerpt(s, t->start, quote), excerpt(s, s->element, element));
}

/* A line end is white space only where a folded line goes on. */
static int
skip_line_end(struct scanner *s)
{
	size_t at = s->at;

	if (s->text[at] == '\r')
		at++;
	if (at == s->len || s->text[at] != '\n')
		return scanner_refuse(s, "carriage return in it");
	at++;
	if (at < s->len && !ascii_is_blank(s->text[at]))
		return scanner_refuse(s, "line end in it");
	s->at = at;
	return 0;
}

/* One octet or quoted-pair or line end within a comment or quoted string. */
static int
skip_content(struct scanner *s)
{
	char c = s->text[s->at];

	if (c == '\r' || c == '\n')
		return skip_line_end(s);
	s->at++;
	if (c == '\\' && s->at < s->len && s->text[s->at] != '\r' &&
	    s->text[s->at] != '\n')
		s->at++;
	return 0;
}

static int
skip_comment(struct scanner *s)
{
	int depth = 0;

	while (s->at < s->len) {
		char c = s->text[s->at];

		if (c == '(' && ++depth > COMMENT_DEPTH_MAX)
			return scanner_refuse(s, "comments nested too deep");
		if (skip_content(s) < 0)
			return -1;
		if (c == ')' && --depth == 0)
			return 0;
	}
	return scanner_refuse(s, "expected ')' after its comment");
}

static int
skip_cfws(struct scanner *s)
{
	int rc = 0;

	while (rc == 0 && s->at < s->len) {
		char c = s->text[s->at];

		if (ascii_is_blank(c))
			s->at++;
		else if (c == '(')
			rc = skip_comment(s);
		else if (c == '\r' || c == '\n')
			rc = skip_line_end(s);
		else
			break;
	}
	return rc;
}

static int
skip_quoted(struct scanner *s)
{
	s->at++;
	while (s->at < s->len) {
		char c = s->text[s->at];

		if (skip_content(s) < 0)
			return -1;
		if (c == '"')
			return 0;
	}
	return scanner_refuse(s, "expected '\"' after its quoted string");
}

static int
skip_literal(struct scanner *s)
{
	do
		s->at++;
	while (s->at < s->len && strchr("[]\\\r\n", s->text[s->at]) == NULL);
	if (s->at == s->len || s->text[s->at] != ']')
		return scanner_refuse(s, "expected ']' after its literal");
	s->at++;
	return 0;
}

int
token_next(struct scanner *s, struct token *t)
{
	int rc = 0;

	if (skip_cfws(s) < 0)
		return -1;
	t->start = s->at;
	t->kind = s->at < s->len ? s->text[s->at] : (char)END;
	if (s->at == s->len) {
		t->kind = END;
	} else if (t->kind == QUOTED) {
		rc = skip_quoted(s);
	} else if (t->kind == LITERAL) {
		rc = skip_literal(s);
	} else if (strchr("<>,:;@.", t->kind) != NULL) {
		s->at++;
	} else if (t->kind == ')' || t->kind == ']') {
		return scanner_refuse(s, "a bracket closes what none opened");
	} else {
		t->kind = ATOM;
		while (s->at < s->len &&
		    strchr("()<>[]:;@,.\" \t\r\n", s->text[s->at]) == NULL)
			s->at++;
	}
	t->end = s->at;
	return rc;
}

int
run_next(struct scanner *s, struct token_run *r, struct token *separator)
{
	*r = (struct token_run){0};
	for (;;) {
		if (token_next(s, separator) < 0)
			return -1;
		if (separator->kind == END ||
		    strchr("<>,:;", separator->kind) != NULL)
			return 0;
		if (r->end == 0)
			r->start = separator->start;
		r->end = separator->end;
		r->has_at |= separator->kind == '@';
	}
}

struct scanner
scanner_of_run(const struct scanner *s, const struct token_run *r)
{
	struct scanner inner = *s;

	inner.at = r->start;
	inner.len = r->end;
	return inner;
}

void
token_add(struct buffer *out, const struct scanner *s, const struct token *t)
{
	size_t end = t->end;

	if (t->kind != QUOTED) {
		buffer_add(out, s->text + t->start, end - t->start);
		return;
	}
	end--;
	for (size_t i = t->start + 1; i < end; i++) {
		if (s->text[i] == '\\')
			i++;
		if (s->text[i] != '\r' && s->text[i] != '\n')
			buffer_add_char(out, s->text[i]);
	}
}
