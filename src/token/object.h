/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON objects: replies, tokens and accounts. They are wiped when freed. */
#ifndef ONEHOP_TOKEN_OBJECT_H
#define ONEHOP_TOKEN_OBJECT_H

#include <jansson.h>
#include <stddef.h>

/* Parses a JSON object. Returns it, owned by the caller, or NULL if the text is
 * not one. */
json_t *object_parse(const char *text, size_t len);

/* Returns an empty object, owned by the caller. All objects must come from
 * these two functions. */
json_t *object_new(void);

/* Sets a string member; does nothing if text is NULL. Returns 0 on success, -1
 * if the text is not UTF-8. */
int object_set(json_t *object, const char *name, const char *text);

/* object_text() returns a string member, borrowed; NULL if it is missing or
 * empty. object_seconds() returns a member in seconds, which some servers write
 * as a string; fallback if it is missing. */
const char *object_text(const json_t *object, const char *name);
long object_seconds(const json_t *object, const char *name, long fallback);

#endif
