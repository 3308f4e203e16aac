/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/utf8.h"

size_t
utf8_decode(const char *text, size_t len, uint32_t *value)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *in = (const unsigned char *)text;
	size_t n;

	if (in[0] < 0x80)
		n = 1;
	else if (in[0] >= 0xc2 && in[0] <= 0xdf)
		n = 2;
	else if (in[0] >= 0xe0 && in[0] <= 0xef)
		n = 3;
	else if (in[0] >= 0xf0 && in[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	*value = n == 1 ? in[0] : in[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		*value = *value << 6 | (in[i] & 0x3fu);
	}
	if (*value < least[n] || *value > 0x10ffff ||
	    (*value >= 0xd800 && *value <= 0xdfff))
		return 0;
	return n;
}

int
utf8_is_valid(const char *text, size_t len)
{
	uint32_t value;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_decode(text + i, len - i, &value);
		if (n == 0)
			return 0;
	}
	return 1;
}
