/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/netstring.h"

#include <string.h>

#include "base/ascii.h"

/* Digits of the longest length. */
#define LENGTH_DIGITS 5

void
netstring_add(struct buffer *out, const char *name, const char *value)
{
	buffer_addf(out, "%zu:%s %s,\n", strlen(name) + 1 + strlen(value),
	    name, value);
}

/* "name value" taken apart. */
static int
split(const char *content, size_t len, struct netstring *n)
{
	const char *space = memchr(content, ' ', len);

	if (space == NULL || space == content)
		return -1;
	n->name = content;
	n->name_len = (size_t)(space - content);
	n->value = space + 1;
	n->value_len = len - n->name_len - 1;
	for (size_t i = 0; i < n->name_len; i++)
		if (!ascii_is_alnum(content[i]) && content[i] != '-')
			return -1;
	for (size_t i = 0; i < n->value_len; i++)
		if (ascii_is_control(n->value[i]))
			return -1;
	return 1;
}

int
netstring_next(const char *text, size_t len, size_t *offset,
    struct netstring *n)
{
	const char *at = text + *offset;
	size_t left = len - *offset, digits = 0;
	uint64_t length;

	while (digits < left && ascii_is_digit(at[digits]))
		digits++;
	if (digits == left && digits <= LENGTH_DIGITS)
		return 0;
	if (digits == 0 || digits > LENGTH_DIGITS || at[digits] != ':' ||
	    (at[0] == '0' && digits > 1) ||
	    ascii_number(at, digits, 0, UINT64_MAX, &length) != 0)
		return -1;
	at += digits + 1;
	left -= digits + 1;
	if (left < length + 2)
		return 0;
	if (at[length] != ',' || at[length + 1] != '\n')
		return -1;
	*offset += digits + 1 + (size_t)length + 2;
	return split(at, (size_t)length, n);
}
