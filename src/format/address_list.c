/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/address.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "format/address_parse.h"

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

void
address_list_add(struct address_list *list, const struct address *a)
{
	struct address *new;

	if (list->n == list->size) {
		list->size = list->size > 0 ? 2 * list->size : 8;
		list->at = xreallocarray(list->at, list->size,
		    sizeof(*list->at));
	}
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
	struct scanner s = scanner_of_run(outer, r);
	struct token t;
	size_t end = r->start;

	while (s.at < s.len) {
		if (token_next(&s, &t) < 0)
			return -1;
		if (t.start > end)
			buffer_add_char(name, ' ');
		token_add(name, &s, &t);
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
		if (token_next(s, stop) < 0)
			return -1;
		if (strchr("a\"[", stop->kind) != NULL && after_word)
			return scanner_refuse_neighbour(s, stop);
		if (stop->kind != '.' && strchr(kinds, stop->kind) == NULL)
			break;
		after_word = stop->kind != '.';
		if (stop->kind == ATOM && memchr(s->text + stop->start, '\\',
		    stop->end - stop->start) != NULL)
			return scanner_refuse(s, "backslash outside quotes");
		token_add(out, s, stop);
	}
	for (size_t i = 0; i < out->len; i++)
		if (ascii_is_control(out->data[i]))
			return scanner_refuse(s, "control character in it");
	return 0;
}

/* Reads local[@domain], the whole of r. */
static int
read_spec(const struct scanner *outer, const struct token_run *r,
    struct buffer *local, struct buffer *domain)
{
	struct scanner s = scanner_of_run(outer, r);
	struct token t = { END, 0, 0 };

	if (r->end == 0)
		return scanner_refuse(outer, "nothing between '<' and '>'");
	if (read_dotted(&s, "a\"", local, &t) < 0)
		return -1;
	if (strspn(buffer_string(local), ".") == local->len)
		return scanner_refuse(&s, "it has no local part");
	if (t.kind == END)
		return 0;
	if (t.kind == '@' && read_dotted(&s, "a[", domain, &t) < 0)
		return -1;
	if (t.kind == '@')
		return scanner_refuse(&s, "it has more than one '@'");
	if (t.kind != END)
		return scanner_refuse(&s, "a word stands where none may");
	if (domain->len == 0)
		return scanner_refuse(&s, "expected a domain after '@'");
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

	if (token_next(&ahead, &t) < 0)
		return -1;
	if (t.kind != '@' && t.kind != ',')
		return 0;
	while (strchr("@,.a[", t.kind) != NULL)
		if (token_next(&ahead, &t) < 0)
			return -1;
	s->at = ahead.at;
	if (t.kind != ':')
		return scanner_refuse(s, "expected ':' after its route");
	return 0;
}

/* Reads what follows a "<" and the separator behind the ">". */
static int
read_angle(struct address_list *list, struct scanner *s,
    const struct token_run *phrase, struct token *separator)
{
	struct token_run spec;

	if (skip_route(s) < 0 || run_next(s, &spec, separator) < 0)
		return -1;
	if (separator->kind != '>')
		return scanner_refuse(s, "expected '>' after '<'");
	if (add_mailbox(list, s, phrase, &spec) < 0 ||
	    token_next(s, separator) < 0)
		return -1;
	if (strchr(",;z", separator->kind) == NULL)
		return scanner_refuse_neighbour(s, separator);
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
		return scanner_refuse(s, "expected '<' before '>'");
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
		return scanner_refuse(s, "expected ';' before ':'");
	if (name->end == 0)
		return scanner_refuse(s, "expected a group's name before ':'");
	if (name->has_at)
		return scanner_refuse(s, "expected '>' or ',' before ':'");
	return 0;
}

/* Behind the ";" only a comma or the end may come. */
static int
close_group(struct scanner *s, enum place place, struct token *separator)
{
	if (place == IN_LIST)
		return scanner_refuse(s, "';' ends a group, and there is none");
	if (token_next(s, separator) < 0)
		return -1;
	if (separator->kind != ',' && separator->kind != END)
		return scanner_refuse_neighbour(s, separator);
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
		if (run_next(s, &r, &separator) < 0)
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
		return scanner_refuse(s, "expected ';' after the group");
	return 0;
}

int
address_list_parse(struct address_list *list, const char *text, size_t len,
    struct error *err)
{
	struct scanner s = { .text = text, .len = len, .err = err };
	size_t before = list->n;

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return fail(err, EX_DATAERR, "NUL in an address");
	if (read_list(list, &s) == 0)
		return 0;
	cut(list, before);
	return -1;
}
