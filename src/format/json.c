/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/json.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"

/* Room for the longest escape, with its NUL. */
#define ESCAPE_MAX 8

/* Writes the first character of text as encoded in a JSON string, *used octets;
 * returns its length in text, octets. */
static size_t
escape_char(char out[ESCAPE_MAX], size_t *used, const char *text, size_t len)
{
	uint32_t value = 0;
	size_t n = utf8_decode(text, len, &value);
	int width = (int)n;

	if (n == 0)
		width = snprintf(out, ESCAPE_MAX, "\\ufffd");
	else if (value == '"' || value == '\\')
		width = snprintf(out, ESCAPE_MAX, "\\%c", (char)value);
	else if (!escape_is_harmless(value))
		width = snprintf(out, ESCAPE_MAX, "\\u%04x", (unsigned)value);
	else
		memcpy(out, text, n);
	*used = (size_t)width;
	return n > 0 ? n : 1;
}

static void
add_quoted(struct buffer *out, const char *text, size_t max)
{
	size_t len = strlen(text), used = strlen("\"...\""), n;
	char shown[ESCAPE_MAX];

	buffer_add_char(out, '"');
	for (size_t i = 0; i < len;) {
		i += escape_char(shown, &n, text + i, len - i);
		used += n;
		if (used > max) {
			buffer_add_string(out, "...");
			break;
		}
		buffer_add(out, shown, n);
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
		add_quoted(out, name, SIZE_MAX);
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
json_add_limited(struct buffer *out, const char *name, const char *text,
    size_t max)
{
	begin(out, name);
	add_quoted(out, text, max);
}

void
json_add_text(struct buffer *out, const char *name, const char *text)
{
	json_add_limited(out, name, text, SIZE_MAX);
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
