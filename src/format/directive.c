/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/directive.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"

static int
is_blank(char c)
{
	return ascii_is_blank(c) || c == '\r';
}

static char *
read_verbatim(const char *text, size_t len)
{
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
		return xstrndup(text + 1, len - 2);
	return xstrndup(text, len);
}

/* Up to a comment, without the blanks before it. */
static char *
read_plain(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (text[i] == '#' && is_blank(text[i - 1]))
			len = i;
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	return xstrndup(text, len);
}

static char *
read_quoted(const char *text, size_t len, struct error *err)
{
	struct buffer out = {0};
	size_t i = 1;

	for (; i < len && text[i] != '"'; i++) {
		if (text[i] == '\\' && i + 1 < len &&
		    (text[i + 1] == '"' || text[i + 1] == '\\'))
			i++;
		buffer_add_char(&out, text[i]);
	}
	if (i == len)
		fail(err, EX_CONFIG, "expected a closing quote");
	for (i++; i < len && is_blank(text[i]); i++)
		;
	if (err->code == 0 && i < len && text[i] != '#')
		fail(err, EX_CONFIG,
		    "expected the end of the line after the closing quote");
	if (err->code == 0)
		return buffer_string(&out);
	buffer_free(&out);
	return NULL;
}

/* The octets of the keyword. What stands in it that belongs to none is named
 * alone: in "password=secret" the rest must not be shown. */
static int
read_keyword(const char *line, size_t len, size_t *n, struct error *err)
{
	char word[ESCAPE_QUOTE], strange[8];

	*n = 0;
	while (*n < len && (ascii_is_alnum(line[*n]) || line[*n] == '_' ||
	    line[*n] == '-'))
		++*n;
	if (*n == len || is_blank(line[*n]))
		return 0;
	escape(word, sizeof(word), line, *n);
	escape(strange, sizeof(strange), line + *n, 1);
	if (*n == 0)
		return fail(err, EX_CONFIG, "expected a key, not \"%s\"",
		    strange);
	return fail(err, EX_CONFIG, "expected a blank after \"%s\", not "
	    "\"%s\"", word, strange);
}

int
directive_begin(struct directive *d, const char *line, size_t len,
    struct error *err)
{
	size_t n;

	memset(d, 0, sizeof(*d));
	while (len > 0 && is_blank(line[0])) {
		line++;
		len--;
	}
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (len == 0 || line[0] == '#')
		return 0;
	if (read_keyword(line, len, &n, err) != 0)
		return -1;
	d->keyword = xstrndup(line, n);
	while (n < len && is_blank(line[n]))
		n++;
	d->rest = line + n;
	d->rest_len = len - n;
	return 0;
}

int
directive_argument(struct directive *d, enum argument_kind kind,
    struct error *err)
{
	if (kind == ARGUMENT_VERBATIM)
		d->argument = read_verbatim(d->rest, d->rest_len);
	else if (d->rest_len > 0 && d->rest[0] == '"')
		d->argument = read_quoted(d->rest, d->rest_len, err);
	else if (d->rest_len > 0 && d->rest[0] == '#')
		d->argument = xstrdup("");
	else
		d->argument = read_plain(d->rest, d->rest_len);
	return d->argument != NULL ? 0 : -1;
}

void
directive_free(struct directive *d)
{
	free(d->keyword);
	if (d->argument != NULL)
		platform_wipe(d->argument, strlen(d->argument));
	free(d->argument);
	memset(d, 0, sizeof(*d));
}
