/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/alias_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/trusted_file.h"
#include "base/xmalloc.h"

static int
read_text(struct buffer *text, const char *path, struct error *err)
{
	struct trusted_file file = { .demand = TRUSTED_OWNER };
	char quote[ESCAPE_QUOTE];

	if (trusted_file_require(&file, path, ALIAS_FILE_MAX, err) != 0)
		return wrap(err, "cannot read %s",
		    escape_string(quote, sizeof(quote), path));
	*text = file.text;
	return 0;
}

/* A comment begins a line or follows a blank; not inside quotes. */
static size_t
without_comment(const char *line, size_t len)
{
	int quoted = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == '\\' && quoted)
			i++;
		else if (line[i] == '#' && !quoted &&
		    (i == 0 || ascii_is_blank(line[i - 1])))
			return i;
	}
	return len;
}

static size_t
trim(const char **text, size_t len)
{
	while (len > 0 && (ascii_is_blank(**text) || **text == '\r')) {
		(*text)++;
		len--;
	}
	while (len > 0 && (ascii_is_blank((*text)[len - 1]) ||
	    (*text)[len - 1] == '\r'))
		len--;
	return len;
}

/* The colon after the name, quotes considered; len if there is none. */
static size_t
find_colon(const char *line, size_t len)
{
	int quoted = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == ':' && !quoted)
			return i;
	}
	return len;
}

static int
add_alias(struct alias_file *f, const char *line, size_t len,
    unsigned number, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	size_t colon = find_colon(line, len);
	const char *name = line, *targets = line + colon + 1;
	size_t name_len = trim(&name, colon), targets_len;

	if (name_len >= 2 && name[0] == '"' && name[name_len - 1] == '"') {
		name++;
		name_len -= 2;
	}
	if (colon == len || name_len == 0) {
		fail(err, EX_CONFIG, "expected name: targets, not \"%s\"",
		    escape(quote, sizeof(quote), line, len));
		return wrap(err, "line %u", number);
	}
	targets_len = trim(&targets, len - colon - 1);
	f->at = xgrow(f->at, f->n, sizeof(f->at[0]));
	f->at[f->n].name = xstrndup(name, name_len);
	f->at[f->n].targets = xstrndup(targets, targets_len);
	f->at[f->n].line = number;
	f->n++;
	return 0;
}

/* A line that begins with a blank continues the last entry. */
static void
continue_alias(struct alias *a, const char *line, size_t len)
{
	char *longer = xasprintf("%s %.*s", a->targets, (int)len, line);

	free(a->targets);
	a->targets = longer;
}

/* Orders names ignoring case. */
static int
compare_names(const char *a, const char *b)
{
	while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);
}

/* By name, and of one name the first line first. */
static int
compare(const void *a, const void *b)
{
	const struct alias *one = a, *other = b;
	int order = compare_names(one->name, other->name);

	return order != 0 ? order : one->line < other->line ? -1
	    : one->line > other->line;
}

static int
parse_lines(struct alias_file *f, const char *text, size_t len,
    struct error *err)
{
	unsigned number = 0;

	for (size_t i = 0; i < len;) {
		const char *line = text + i;
		const char *lf = memchr(line, '\n', len - i);
		size_t n = lf != NULL ? (size_t)(lf - line) : len - i;
		int goes_on = n > 0 && ascii_is_blank(line[0]) && f->n > 0;

		number++;
		i += n + 1;
		n = without_comment(line, n);
		n = trim(&line, n);
		if (n == 0)
			continue;
		if (memchr(line, '\0', n) != NULL)
			return fail(err, EX_CONFIG,
			    "line %u: expected text, a NUL came", number);
		if (goes_on)
			continue_alias(&f->at[f->n - 1], line, n);
		else if (add_alias(f, line, n, number, err) != 0)
			return -1;
	}
	return 0;
}

int
alias_file_parse(struct alias_file *f, const char *text, size_t len,
    struct error *err)
{
	int result = parse_lines(f, text, len, err);

	if (f->n > 0)
		qsort(f->at, f->n, sizeof(f->at[0]), compare);
	return result;
}

int
alias_file_read(struct alias_file *f, const char *path, struct error *err)
{
	struct buffer text = {0};
	char quote[ESCAPE_QUOTE];
	int result = read_text(&text, path, err);

	if (result == 0 &&
	    alias_file_parse(f, text.data, text.len, err) != 0)
		result = wrap(err, "%s", escape_string(quote, sizeof(quote),
		    path));
	buffer_free(&text);
	return result;
}

int
alias_file_include(struct buffer *targets, const char *path,
    struct error *err)
{
	struct buffer text = {0};
	int result = read_text(&text, path, err);
	size_t end;

	for (size_t i = 0; result == 0 && i < text.len; i = end + 1) {
		const char *line = text.data + i;
		const char *lf = memchr(line, '\n', text.len - i);
		size_t n;

		end = lf != NULL ? (size_t)(lf - text.data) : text.len;
		n = without_comment(line, end - i);
		n = trim(&line, n);
		buffer_add(targets, line, n);
		buffer_add_char(targets, ',');
	}
	buffer_free(&text);
	return result;
}

const struct alias *
alias_file_find(const struct alias_file *f, const char *name)
{
	size_t first = 0, end = f->n;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (compare_names(f->at[middle].name, name) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first < f->n && compare_names(f->at[first].name, name) == 0
	    ? &f->at[first] : NULL;
}

void
alias_file_free(struct alias_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->at[i].name);
		free(f->at[i].targets);
	}
	free(f->at);
	*f = (struct alias_file){0};
}
