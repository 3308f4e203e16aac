/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes named values in one of three styles: JSON, lines for people, or words
 * of a log line. An empty value is omitted; a value cannot end its line or
 * imitate another one. Pure.
 */
#ifndef ONEHOP_FORMAT_FACTS_H
#define ONEHOP_FORMAT_FACTS_H

#include <stdint.h>

#include "base/buffer.h"

/* Size of a buffer for any value, including its NUL. */
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

/* Open and close a group: an object, or a paragraph with the name as its
 * heading. The outermost group has no name and appears in JSON only. */
void facts_open(struct facts *f, const char *name);
void facts_close(struct facts *f);

/* Adds a text, escaped; does nothing if value is NULL or "". */
void facts_add(struct facts *f, const char *name, const char *value);

/* Adds a text that takes less than size octets when written; size is at most
 * FACTS_VALUE_MAX. A longer text is cut and ends in "...". */
void facts_add_limited(struct facts *f, const char *name, const char *value,
	size_t size);

void facts_add_number(struct facts *f, const char *name, int64_t value);

#endif
