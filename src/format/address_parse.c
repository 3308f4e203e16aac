/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/address_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"

#define COMMENT_DEPTH_MAX 32
#define EXCERPT_MAX 104 /* octets of an error that show the text, and NUL */

/* A character not listed here is a token of its own: one of <>,:;@. */
enum token_kind {
	ATOM = 'a',   /* may hold what no addr-spec may: \ and controls */
	QUOTED = '"', /* with its quotes */
	LITERAL = '[',
	END = 'z'
};

struct token {
	char kind;
	size_t start;   /* octets [start, end) of the text */
	size_t end;
};

struct scanner {
	const char *text; /* no NUL in it */
	size_t len;
	size_t at;        /* the next octet */
	size_t element;   /* where the element of the list begins */
	struct error *err;
};

/* Tokens between two separators: an addr-spec or a phrase. */
struct token_run {
	size_t start;
	size_t end;     /* 0 if there are none */
	int has_at;
};

/* The text from start to the end of the element, or as much as one quotes. */
static char *
excerpt(const struct scanner *s, size_t start, char quote[EXCERPT_MAX])
{
	size_t end = s->at;

	while (start < end && ascii_is_blank(s->text[start]))
		start++;
	while (end < s->len && strchr(",\r\n", s->text[end]) == NULL)
		end++;
	while (end > start && ascii_is_blank(s->text[end - 1]))
		end--;
	return escape(quote, EXCERPT_MAX, s->text + start, end - start);
}

/* Sets an error that shows the element and says why it is no address. */
static int
refuse(const struct scanner *s, const char *why)
{
	char quote[EXCERPT_MAX];

	return fail(s->err, EX_DATAERR, "'%s' is not an address: %s",
	    excerpt(s, s->element, quote), why);
}

/* Two words side by side: taking either would lose the other. */
static int
refuse_neighbour(const struct scanner *s, const struct token *t)
{
	char quote[EXCERPT_MAX];
	char element[EXCERPT_MAX];

	return fail(s->err, EX_DATAERR, "expected a comma before '%s' in '%s'",
	    excerpt(s, t->start, quote), excerpt(s, s->element, element));
}

/* A line end is white space only where a folded line continues. */
static int
skip_line_end(struct scanner *s)
{
	size_t at = s->at;

	if (s->text[at] == '\r')
		at++;
	if (at == s->len || s->text[at] != '\n')
		return refuse(s, "it contains a carriage return");
	at++;
	if (at < s->len && !ascii_is_blank(s->text[at]))
		return refuse(s, "it contains a line end");
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
			return refuse(s, "comments nested too deep");
		if (skip_content(s) < 0)
			return -1;
		if (c == ')' && --depth == 0)
			return 0;
	}
	return refuse(s, "expected ')' after its comment");
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
	return refuse(s, "expected '\"' after its quoted string");
}

static int
skip_literal(struct scanner *s)
{
	do
		s->at++;
	while (s->at < s->len && strchr("[]\\\r\n", s->text[s->at]) == NULL);
	if (s->at == s->len || s->text[s->at] != ']')
		return refuse(s, "expected ']' after its literal");
	s->at++;
	return 0;
}

/* The next token, END for ever at the end. 0, or -1 with the error set. */
static int
next_token(struct scanner *s, struct token *t)
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
		return refuse(s, "unmatched closing bracket");
	} else {
		t->kind = ATOM;
		while (s->at < s->len &&
		    strchr("()<>[]:;@,.\" \t\r\n", s->text[s->at]) == NULL)
			s->at++;
	}
	t->end = s->at;
	return rc;
}

/* The tokens up to a separator, < > , : ; or the end, and that. */
static int
next_run(struct scanner *s, struct token_run *r, struct token *separator)
{
	*r = (struct token_run){0};
	for (;;) {
		if (next_token(s, separator) < 0)
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

/* A scanner of the run's tokens alone. */
static struct scanner
scan_run(const struct scanner *s, const struct token_run *r)
{
	struct scanner inner = *s;

	inner.at = r->start;
	inner.len = r->end;
	return inner;
}

/* Appends what the token stands for, without quotes and folding. */
static void
add_token(struct buffer *out, const struct scanner *s, const struct token *t)
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

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

void
address_list_add(struct address_list *list, const struct address *a)
{
	struct address *new;

	list->at = xgrow(list->at, list->n, sizeof(*list->at));
	new = &list->at[list->n++];
	*new = *a;
	new->name = copy(a->name);
	new->local = copy(a->local);
	new->domain = copy(a->domain);
}

static void
cut(struct address_list *list, size_t n)
{
	while (list->n > n) {
		struct address *a = &list->at[--list->n];

		free(a->name);
		free(a->local);
		free(a->domain);
	}
}

void
address_list_free(struct address_list *list)
{
	cut(list, 0);
	free(list->at);
	*list = (struct address_list){0};
}

/* Words of a phrase keep a blank where there was any space between them. */
static int
read_phrase(const struct scanner *outer, const struct token_run *r,
    struct buffer *name)
{
	struct scanner s = scan_run(outer, r);
	struct token t;
	size_t end = r->start;

	while (s.at < s.len) {
		if (next_token(&s, &t) < 0)
			return -1;
		if (t.start > end)
			buffer_add_char(name, ' ');
		add_token(name, &s, &t);
		end = t.end;
	}
	for (size_t i = 0; i < name->len; i++)
		if (ascii_is_control(name->data[i]))
			name->data[i] = ' ';
	return 0;
}

/*
 * Reads words of the given kinds with dots between them, which may also be
 * missing words, as in the addresses that Japanese carriers gave out. Stops
 * at the first other token.
 */
static int
read_dotted(struct scanner *s, const char *kinds, struct buffer *out,
    struct token *stop)
{
	int after_word = 0;

	for (;;) {
		if (next_token(s, stop) < 0)
			return -1;
		if (strchr("a\"[", stop->kind) != NULL && after_word)
			return refuse_neighbour(s, stop);
		if (stop->kind != '.' && strchr(kinds, stop->kind) == NULL)
			break;
		after_word = stop->kind != '.';
		if (stop->kind == ATOM && memchr(s->text + stop->start, '\\',
		    stop->end - stop->start) != NULL)
			return refuse(s, "it contains a backslash outside "
			    "quotes");
		add_token(out, s, stop);
	}
	for (size_t i = 0; i < out->len; i++)
		if (ascii_is_control(out->data[i]))
			return refuse(s, "it contains a control character");
	return 0;
}

/* Reads local[@domain], the whole of r. */
static int
read_spec(const struct scanner *outer, const struct token_run *r,
    struct buffer *local, struct buffer *domain)
{
	struct scanner s = scan_run(outer, r);
	struct token t = { END, 0, 0 };

	if (r->end == 0)
		return refuse(outer, "no address between '<' and '>'");
	if (read_dotted(&s, "a\"", local, &t) < 0)
		return -1;
	if (strspn(buffer_string(local), ".") == local->len)
		return refuse(&s, "it has no local part");
	if (t.kind == END)
		return 0;
	if (t.kind == '@' && read_dotted(&s, "a[", domain, &t) < 0)
		return -1;
	if (t.kind == '@')
		return refuse(&s, "it has more than one '@'");
	if (t.kind != END)
		return refuse(&s, "unexpected word");
	if (domain->len == 0)
		return refuse(&s, "expected a domain after '@'");
	return 0;
}

/* Adds the mailbox whose addr-spec is spec; phrase may be empty. */
static int
add_mailbox(struct address_list *list, const struct scanner *s,
    const struct token_run *phrase, const struct token_run *spec)
{
	struct buffer name = {0};
	struct buffer local = {0};
	struct buffer domain = {0};
	struct address a = { .start = spec->start, .end = spec->end };
	int rc = 0;

	if (phrase->end > 0)
		rc = read_phrase(s, phrase, &name);
	if (rc == 0)
		rc = read_spec(s, spec, &local, &domain);
	if (rc == 0) {
		a.name = name.len > 0 ? buffer_string(&name) : NULL;
		a.local = buffer_string(&local);
		a.domain = domain.len > 0 ? buffer_string(&domain) : NULL;
		address_list_add(list, &a);
	}
	buffer_free(&name);
	buffer_free(&local);
	buffer_free(&domain);
	return rc;
}

/* A source route, "@a,@b:", means nothing any more (RFC 5321 F.2). */
static int
skip_route(struct scanner *s)
{
	struct scanner ahead = *s;
	struct token t;

	if (next_token(&ahead, &t) < 0)
		return -1;
	if (t.kind != '@' && t.kind != ',')
		return 0;
	while (strchr("@,.a[", t.kind) != NULL)
		if (next_token(&ahead, &t) < 0)
			return -1;
	s->at = ahead.at;
	if (t.kind != ':')
		return refuse(s, "expected ':' after its route");
	return 0;
}

/* Reads what follows a "<" and the separator after the ">". */
static int
read_angle(struct address_list *list, struct scanner *s,
    const struct token_run *phrase, struct token *separator)
{
	struct token_run spec;

	if (skip_route(s) < 0 || next_run(s, &spec, separator) < 0)
		return -1;
	if (separator->kind != '>')
		return refuse(s, "expected '>' after '<'");
	if (add_mailbox(list, s, phrase, &spec) < 0 ||
	    next_token(s, separator) < 0)
		return -1;
	if (strchr(",;z", separator->kind) == NULL)
		return refuse_neighbour(s, separator);
	return 0;
}

/* Reads one element: nothing, or a mailbox; not what opens a group. */
static int
read_element(struct address_list *list, struct scanner *s,
    const struct token_run *r, struct token *separator)
{
	static const struct token_run no_phrase = {0};

	if (separator->kind == '<')
		return read_angle(list, s, r, separator);
	if (separator->kind == '>')
		return refuse(s, "expected '<' before '>'");
	if (r->end > 0)
		return add_mailbox(list, s, &no_phrase, r);
	return 0;
}

enum place { IN_LIST, IN_GROUP };

static int
open_group(const struct scanner *s, const struct token_run *name,
    enum place place)
{
	if (place == IN_GROUP)
		return refuse(s, "expected ';' before ':'");
	if (name->end == 0)
		return refuse(s, "expected a group's name before ':'");
	if (name->has_at)
		return refuse(s, "expected '>' or ',' before ':'");
	return 0;
}

/* Behind the ";" only a comma or the end may come. */
static int
close_group(struct scanner *s, enum place place, struct token *separator)
{
	if (place == IN_LIST)
		return refuse(s, "';' outside a group");
	if (next_token(s, separator) < 0)
		return -1;
	if (separator->kind != ',' && separator->kind != END)
		return refuse_neighbour(s, separator);
	return 0;
}

static int
read_list(struct address_list *list, struct scanner *s)
{
	enum place place = IN_LIST;
	size_t members = 0; /* addresses before the group's first */
	struct token separator = { ',', 0, 0 };
	struct token_run r;

	while (separator.kind != END) {
		if (separator.kind == ',')
			s->element = s->at;
		if (next_run(s, &r, &separator) < 0)
			return -1;
		if (separator.kind == ':') {
			if (open_group(s, &r, place) < 0)
				return -1;
			place = IN_GROUP;
			members = list->n;
			continue;
		}
		if (read_element(list, s, &r, &separator) < 0)
			return -1;
		if (separator.kind != ';')
			continue;
		if (close_group(s, place, &separator) < 0)
			return -1;
		place = IN_LIST;
	}
	/* "To: undisclosed-recipients:" is common, and clear enough. */
	if (place == IN_GROUP && list->n > members)
		return refuse(s, "expected ';' after the group");
	return 0;
}

/* Adds the one address that the text is; at is the offset of its "@". */
static void
add_plain(struct address_list *list, const char *text, size_t len, size_t at)
{
	struct address a = { .end = len };

	a.local = xstrndup(text, at);
	a.domain = xstrndup(text + at + 1, len - at - 1);
	list->at = xgrow(list->at, list->n, sizeof(*list->at));
	list->at[list->n++] = a;
}

int
address_list_parse(struct address_list *list, const char *text, size_t len,
    struct error *err)
{
	struct scanner s = { .text = text, .len = len, .err = err };
	size_t before = list->n, at;

	if (address_is_plain(text, len, &at)) {
		add_plain(list, text, len, at);
		return 0;
	}
	if (len > 0 && memchr(text, '\0', len) != NULL)
		return fail(err, EX_DATAERR, "NUL in an address");
	if (read_list(list, &s) == 0)
		return 0;
	cut(list, before);
	return -1;
}
