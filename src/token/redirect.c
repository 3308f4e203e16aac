/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "token/login.h"

/* Ends the query of a URL. */
#define QUERY_END "# \r\n"

/* Decodes a parameter of the query. Returns 1; 0 if it is missing, empty,
 * malformed, or has a control character. */
static int
parameter(struct buffer *out, const char *query, const char *name)
{
	size_t n = strlen(name);

	buffer_clear(out);
	while (strncmp(query, name, n) != 0 || query[n] != '=') {
		query += strcspn(query, "&" QUERY_END);
		if (*query++ != '&')
			return 0;
	}
	for (query += n + 1; strchr("&" QUERY_END, *query) == NULL; query++) {
		char c = *query == '+' ? ' ' : *query, hex[3] = "";

		if (c == '%') {
			if (strspn(query + 1, "0123456789abcdefABCDEF") < 2)
				return 0;
			memcpy(hex, query + 1, 2);
			c = (char)strtol(hex, NULL, 16);
			query += 2;
		}
		if (ascii_is_control(c))
			return 0;
		buffer_add_char(out, c);
	}
	return out->len > 0;
}

enum redirect
redirect_parse(struct buffer *code, const char *url, const char *state,
    struct error *err)
{
	const char *query = url + strcspn(url, "?" QUERY_END);
	struct buffer value = { .kind = BUFFER_SECRET }, words = {0};
	enum redirect result = REDIRECT_OTHER;

	code->kind = BUFFER_SECRET;
	if (*query++ == '?' && parameter(&value, query, "state") &&
	    strcmp(buffer_string(&value), state) == 0) {
		if (parameter(&value, query, "error"))
			result = (enum redirect)oauth_refuse(err, EX_NOPERM,
			    buffer_string(&value), parameter(&words, query,
			    "error_description") ? buffer_string(&words)
			    : NULL);
		else if (parameter(code, query, "code"))
			result = REDIRECT_CODE;
	}
	buffer_free(&value);
	buffer_free(&words);
	return result;
}
