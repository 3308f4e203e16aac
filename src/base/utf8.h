/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 as of RFC 3629: shortest form only, no surrogates, independent of the
 * locale. */
#ifndef ONEHOP_BASE_UTF8_H
#define ONEHOP_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at the beginning of the len octets at text (len > 0).
 * Returns its length in octets with *value set, or 0 if it is not UTF-8. */
size_t utf8_decode(const char *text, size_t len, uint32_t *value);

/* Returns whether the len octets at text are valid UTF-8. */
int utf8_is_valid(const char *text, size_t len);

#endif
