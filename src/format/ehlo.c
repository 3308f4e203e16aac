/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/ehlo.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

const struct ehlo_keyword capability_names[] = {
	{ "STARTTLS", EXT_STARTTLS },
	{ "AUTH", EXT_AUTH },
	{ "PIPELINING", EXT_PIPELINING },
	{ "SIZE", EXT_SIZE },
	{ "8BITMIME", EXT_8BITMIME },
	{ "SMTPUTF8", EXT_SMTPUTF8 },
	{ "DSN", EXT_DSN },
	{ "ENHANCEDSTATUSCODES", EXT_ENHANCEDSTATUSCODES },
	{ "CHUNKING", EXT_CHUNKING },
	{ "BINARYMIME", EXT_BINARYMIME },
	{ "REQUIRETLS", EXT_REQUIRETLS },
	{ "LIMITS", EXT_LIMITS },
	{ "MT-PRIORITY", EXT_MT_PRIORITY },
	{ "DELIVERBY", EXT_DELIVERBY },
	{ "FUTURERELEASE", EXT_FUTURERELEASE },
	{ "ETRN", EXT_ETRN },
	{ NULL, 0 }
};

struct ehlo_word {
	const char *text;
	size_t len;
};

/* The next word at *offset; 1, or 0 when the line is used up. */
static int
next_word(const char *line, size_t len, size_t *offset, struct ehlo_word *w)
{
	size_t i = *offset;

	while (i < len && (ascii_is_blank(line[i]) || line[i] == '\r'))
		i++;
	w->text = line + i;
	while (i < len && !ascii_is_blank(line[i]) && line[i] != '\r')
		i++;
	w->len = (size_t)(line + i - w->text);
	*offset = i;
	return w->len > 0;
}

/* A number that may be absurd: no limit is the harmless reading then. */
static uint64_t
read_limit(const struct ehlo_word *w)
{
	uint64_t value;

	return ascii_number(w->text, w->len, 0, UINT64_MAX, &value) == 0
	    ? value : 0;
}

/* SASL names are A-Z 0-9 - _, at most 20 (RFC 4422 3.1). */
static void
add_mechanism(struct ehlo *c, const struct ehlo_word *w)
{
	char name[24];
	size_t used = strlen(c->mechanisms);

	if (w->len > 20 || used + w->len + 2 > sizeof(c->mechanisms))
		return;
	for (size_t i = 0; i < w->len; i++) {
		name[i] = ascii_upper(w->text[i]);
		if (!ascii_is_alnum(name[i]) && name[i] != '-' &&
		    name[i] != '_')
			return;
	}
	name[w->len] = '\0';
	if (ascii_has_word(c->mechanisms, name))
		return;
	snprintf(c->mechanisms + used, sizeof(c->mechanisms) - used,
	    "%s%s", used > 0 ? " " : "", name);
}

/* LIMITS parameters are NAME=number (RFC 9422 4). */
static void
add_limit(struct ehlo *c, const struct ehlo_word *w)
{
	const char *equals = memchr(w->text, '=', w->len);
	struct ehlo_word number;
	size_t n;

	if (equals == NULL)
		return;
	n = (size_t)(equals - w->text);
	number.text = equals + 1;
	number.len = w->len - n - 1;
	if (ascii_equal_n(w->text, n, "RCPTMAX"))
		c->rcpt_max = read_limit(&number);
	else if (ascii_equal_n(w->text, n, "MAILMAX"))
		c->mail_max = read_limit(&number);
}

/* The parameters of one keyword; index counts from 0. */
static void
add_parameter(struct ehlo *c, enum extension extension,
    unsigned index, const struct ehlo_word *w)
{
	if (extension == EXT_AUTH)
		add_mechanism(c, w);
	else if (extension == EXT_LIMITS)
		add_limit(c, w);
	else if (extension == EXT_SIZE && index == 0)
		c->size_max = read_limit(w);
	else if (extension == EXT_DELIVERBY && index == 0)
		c->deliverby_min = read_limit(w);
	else if (extension == EXT_FUTURERELEASE && index == 0)
		c->hold_max = read_limit(w);
	else if (extension == EXT_FUTURERELEASE && index == 1 &&
	    w->len < sizeof(c->hold_until_max))
		snprintf(c->hold_until_max, sizeof(c->hold_until_max), "%.*s",
		    (int)w->len, w->text);
}

void
ehlo_add_line(struct ehlo *c, const char *words, size_t len)
{
	const struct ehlo_keyword *name;
	struct ehlo_word keyword, parameter;
	size_t offset = 0;

	if (!next_word(words, len, &offset, &keyword))
		return;
	/* "AUTH=LOGIN" of servers older than RFC 2554 */
	if (keyword.len > 5 && ascii_equal_n(keyword.text, 5, "AUTH=")) {
		keyword.len = 4;
		offset = (size_t)(keyword.text - words) + 5;
	}
	for (name = capability_names; name->keyword != NULL; name++)
		if (ascii_equal_n(keyword.text, keyword.len, name->keyword))
			break;
	if (name->keyword == NULL)
		return;
	c->offered |= name->extension;
	for (unsigned i = 0; next_word(words, len, &offset, &parameter); i++)
		add_parameter(c, name->extension, i, &parameter);
}
