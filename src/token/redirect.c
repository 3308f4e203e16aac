/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/redirect.h"

#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"

static int
hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes "%41" and "+". Returns 0, -1 if it is malformed or has a control
 * character. */
static int
decode(struct buffer *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '+' ? ' ' : text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1])
			    : -1;
			int low = high >= 0 ? hex_value(text[i + 2]) : -1;

			if (low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (ascii_is_control(c) || buffer_add_char(out, c) != 0)
			return -1;
	}
	return 0;
}

/* Finds a parameter of the query and decodes it. Returns 1, 0 if it is not
 * there or malformed. */
static int
parameter(struct buffer *out, const char *query, size_t len, const char *name)
{
	const char *end = query + len;

	buffer_clear(out);
	while (query < end) {
		const char *stop = memchr(query, '&', (size_t)(end - query));
		const char *is;

		if (stop == NULL)
			stop = end;
		is = memchr(query, '=', (size_t)(stop - query));
		if (is != NULL && (size_t)(is - query) == strlen(name) &&
		    memcmp(query, name, strlen(name)) == 0)
			return decode(out, is + 1,
			    (size_t)(stop - is - 1)) == 0 && out->len > 0;
		query = stop + 1;
	}
	return 0;
}

static enum redirect
refused(const char *query, size_t len, const struct buffer *error,
    struct error *err)
{
	struct buffer words = {0};
	char code[64], quote[ESCAPE_QUOTE] = "";
	int more = parameter(&words, query, len, "error_description");

	escape(code, sizeof(code), error->data, error->len);
	if (more)
		escape(quote, sizeof(quote), words.data, words.len);
	buffer_free(&words);
	fail(err, EX_NOPERM, "authorization server: %s%s%s", code,
	    more ? ": " : "", quote);
	return REDIRECT_FAILED;
}

enum redirect
redirect_parse(struct buffer *code, const char *url, size_t len,
    const char *state, struct error *err)
{
	const char *query = len > 0 ? memchr(url, '?', len) : NULL;
	struct buffer value = { .kind = BUFFER_SECRET };
	enum redirect result = REDIRECT_OTHER;
	const char *hash;
	size_t n;

	if (query == NULL)
		return REDIRECT_OTHER;
	query++;
	n = len - (size_t)(query - url);
	hash = memchr(query, '#', n);
	if (hash != NULL)
		n = (size_t)(hash - query);
	if (parameter(&value, query, n, "state") &&
	    strcmp(buffer_string(&value), state) == 0) {
		code->kind = BUFFER_SECRET;
		if (parameter(&value, query, n, "error"))
			result = refused(query, n, &value, err);
		else if (parameter(code, query, n, "code"))
			result = REDIRECT_CODE;
	}
	buffer_free(&value);
	return result;
}
