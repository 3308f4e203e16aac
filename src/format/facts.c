/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "format/json.h"

/* Octets of a name with its NUL. */
#define NAME_SIZE 32

/* Writes the name as a JSON key. */
static const char *
key_of(const char *name, char key[NAME_SIZE])
{
	snprintf(key, NAME_SIZE, "%s", name);
	for (char *p = key; *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	return key;
}

void
facts_open(struct facts *f, const char *name)
{
	char key[NAME_SIZE];

	if (f->style == FACTS_JSON)
		json_open(f->out, name != NULL ? key_of(name, key) : NULL,
		    '{');
	else if (name != NULL)
		buffer_addf(f->out, "\n%s:\n", name);
}

void
facts_close(struct facts *f)
{
	if (f->style == FACTS_JSON)
		json_close(f->out, '}');
}

/* A value with blanks, quotes or "=" stands in quotes and has none in it. */
static void
add_word(struct buffer *out, const char *name, char *value)
{
	const char *mark;

	for (char *p = value; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	mark = strpbrk(value, " ='") != NULL ? "\"" : "";
	buffer_addf(out, "%s%s=%s%s%s", out->len > 0 ? " " : "", name, mark,
	    value, mark);
}

void
facts_add_limited(struct facts *f, const char *name, const char *value,
    size_t size)
{
	char shown[FACTS_VALUE_MAX], key[NAME_SIZE];

	if (value == NULL || value[0] == '\0')
		return;
	if (f->style == FACTS_JSON) {
		json_add_limited(f->out, key_of(name, key), value, size);
		return;
	}
	escape_string(shown, size, value);
	if (f->style == FACTS_WORDS)
		add_word(f->out, name, shown);
	else
		buffer_addf(f->out, "%-19s %s\n", name, shown);
}

void
facts_add(struct facts *f, const char *name, const char *value)
{
	facts_add_limited(f, name, value, FACTS_VALUE_MAX);
}

void
facts_add_number(struct facts *f, const char *name, int64_t value)
{
	char text[32], key[NAME_SIZE];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	if (f->style == FACTS_JSON)
		json_add_number(f->out, key_of(name, key), value);
	else
		facts_add(f, name, text);
}
