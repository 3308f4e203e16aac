/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Named facts in one of three styles: JSON, lines for people, or the words of
 * a log line. A fact without a value is left out; no value can end its line or
 * look like another fact. Pure.
 */
#ifndef ONEHOP_FORMAT_FACTS_H
#define ONEHOP_FORMAT_FACTS_H

#include <stdint.h>

#include "base/buffer.h"

/* Octets of a value that suit any, with its NUL. */
#define FACTS_VALUE_MAX ((size_t)4096)

enum facts_style {
	FACTS_JSON,  /* {"valid_from":"..."}; blanks in names become _ */
	FACTS_LINES, /* valid from          ... */
	FACTS_WORDS  /* name=value or name="some value" */
};

struct facts {
	struct buffer *out;
	enum facts_style style;
};

/* Opens and closes a group: an object, or a paragraph with the name as its
 * heading. The outermost one has no name and shows in JSON only. */
void facts_open(struct facts *f, const char *name);
void facts_close(struct facts *f);

/* Adds a text, escaped; nothing if it is NULL or "". */
void facts_add(struct facts *f, const char *name, const char *value);

/* Adds a text that takes less than size octets as written, at most
 * FACTS_VALUE_MAX; a longer one ends in "...". */
void facts_add_limited(struct facts *f, const char *name, const char *value,
	size_t size);

void facts_add_number(struct facts *f, const char *name, int64_t value);

#endif
