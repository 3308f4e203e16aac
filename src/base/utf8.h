/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 by RFC 3629: shortest form only, no surrogates, no locale. */
#ifndef ONEHOP_BASE_UTF8_H
#define ONEHOP_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Octets of the character that the len octets at text (len > 0) begin with,
 * its value in *value; 0 if that is no UTF-8. */
size_t utf8_decode(const char *text, size_t len, uint32_t *value);

/* Returns whether the len octets at text are all UTF-8. */
int utf8_is_valid(const char *text, size_t len);

#endif
