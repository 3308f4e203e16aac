/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Octets of the UTF-8 character at text, its value in *value; 0 if none. */
static size_t
decode(const unsigned char *text, size_t len, uint32_t *value)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;

	if (text[0] < 0x80)
		n = 1;
	else if (text[0] >= 0xc2 && text[0] <= 0xdf)
		n = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		n = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	*value = n == 1 ? text[0] : text[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*value = *value << 6 | (text[i] & 0x3fu);
	}
	if (*value < least[n] || *value > 0x10ffff ||
	    (*value >= 0xd800 && *value <= 0xdfff))
		return 0;
	return n;
}

/* May the character stand on a terminal as it is? */
static int
harmless(uint32_t value)
{
	if (value < 0x20 || value == '\\' || (value >= 0x7f && value <= 0x9f))
		return 0;
	if (value == 0x61c || value == 0x200e || value == 0x200f)
		return 0; /* bidi marks */
	if (value >= 0x2028 && value <= 0x202e)
		return 0; /* line separators, bidi embeddings */
	return !(value >= 0x2066 && value <= 0x2069); /* bidi isolates */
}

char *
escape(char *out, size_t size, const char *text, size_t len)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t value = 0;
		size_t n = decode(in + i, len - i, &value);
		int plain = n > 0 && harmless(value);
		size_t need = plain ? n : 4 * (n > 0 ? n : 1);

		if (used + need + (i + (n > 0 ? n : 1) < len ? 4 : 1) > size) {
			snprintf(out + used, size - used, "...");
			return out;
		}
		if (plain)
			memcpy(out + used, in + i, n);
		else
			for (size_t k = 0; k < need / 4; k++)
				snprintf(out + used + 4 * k, 5, "\\x%02X",
				    in[i + k]);
		used += need;
		i += n > 0 ? n : 1;
	}
	out[used] = '\0';
	return out;
}

char *
escape_string(char *out, size_t size, const char *text)
{
	return escape(out, size, text, strlen(text));
}
