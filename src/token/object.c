/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/object.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/platform.h"
#include "base/xmalloc.h"

#define SECONDS_MAX (10 * 365 * 86400)

/* In front of each block of jansson's; keeps the alignment of malloc(). */
union block {
	size_t len;
	long double number;
	void *pointer;
};

static void *
wiping_malloc(size_t n)
{
	union block *b = xcalloc(1, sizeof(*b) + n);

	b->len = n;
	return b + 1;
}

static void
wiping_free(void *p)
{
	union block *b = p;

	if (b == NULL)
		return;
	b--;
	platform_wipe(b + 1, b->len);
	free(b);
}

json_t *
object_parse(const char *text, size_t len)
{
	json_t *object;

	json_set_alloc_funcs(wiping_malloc, wiping_free);
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

json_t *
object_new(void)
{
	return object_parse("{}", 2);
}

int
object_set(json_t *object, const char *name, const char *text)
{
	return text == NULL ? 0 : json_object_set_new(object, name,
	    json_string(text));
}

const char *
object_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

long
object_seconds(const json_t *object, const char *name, long fallback)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	uint64_t number = json_is_integer(value)
	    ? (uint64_t)json_integer_value(value) : SECONDS_MAX + 1;

	if (text != NULL && ascii_number(text, strlen(text), 0, SECONDS_MAX,
	    &number) != 0)
		return fallback;
	return number <= SECONDS_MAX ? (long)number : fallback;
}
