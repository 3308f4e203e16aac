/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/json.h"

#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"

static void
add_quoted(struct buffer *out, const char *text)
{
	size_t len = strlen(text);

	buffer_add_char(out, '"');
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t value = 0;

		n = utf8_decode(text + i, len - i, &value);
		if (n == 0) {
			buffer_add_string(out, "\\ufffd");
			n = 1;
		} else if (value != '\\' && !escape_is_harmless(value)) {
			buffer_addf(out, "\\u%04x", (unsigned)value);
		} else {
			if (value == '"' || value == '\\')
				buffer_add_char(out, '\\');
			buffer_add(out, text + i, n);
		}
	}
	buffer_add_char(out, '"');
}

/* The comma, unless this is the first within its bracket, and the name. */
static void
begin(struct buffer *out, const char *name)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buffer_add_char(out, ',');
	if (name != NULL) {
		add_quoted(out, name);
		buffer_add_char(out, ':');
	}
}

void
json_open(struct buffer *out, const char *name, char bracket)
{
	begin(out, name);
	buffer_add_char(out, bracket);
}

void
json_close(struct buffer *out, char bracket)
{
	buffer_add_char(out, bracket);
}

void
json_add_text(struct buffer *out, const char *name, const char *text)
{
	begin(out, name);
	add_quoted(out, text);
}

void
json_add_number(struct buffer *out, const char *name, int64_t value)
{
	begin(out, name);
	buffer_addf(out, "%lld", (long long)value);
}

void
json_add_null(struct buffer *out, const char *name)
{
	begin(out, name);
	buffer_add_string(out, "null");
}

void
json_add_bool(struct buffer *out, const char *name, int value)
{
	begin(out, name);
	buffer_add_string(out, value ? "true" : "false");
}
