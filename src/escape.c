/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

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
		size_t n = utf8_decode(text + i, len - i, &value);
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
