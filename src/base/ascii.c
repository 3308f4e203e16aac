/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/ascii.h"

#include <stdint.h>
#include <string.h>

int
ascii_has_8bit(const char *text, size_t n)
{
	uint64_t words[4];
	uint64_t any = 0;
	size_t i;

	for (i = 0; i + sizeof(words) <= n; i += sizeof(words)) {
		memcpy(words, text + i, sizeof(words));
		any |= words[0] | words[1] | words[2] | words[3];
	}
	for (; i < n; i++)
		any |= (unsigned char)text[i];
	return (any & UINT64_C(0x8080808080808080)) != 0;
}

int
ascii_equal(const char *a, const char *b)
{
	return ascii_equal_n(a, strlen(a), b);
}

int
ascii_equal_n(const char *a, size_t n, const char *b)
{
	for (size_t i = 0; i < n; i++)
		if (b[i] == '\0' || ascii_lower(a[i]) != ascii_lower(b[i]))
			return 0;
	return b[n] == '\0';
}

int
ascii_begins(const char *a, const char *prefix)
{
	for (; *prefix != '\0'; a++, prefix++)
		if (ascii_lower(*a) != ascii_lower(*prefix))
			return 0;
	return 1;
}

int
ascii_has_word(const char *list, const char *word)
{
	size_t n;

	for (; *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (ascii_equal_n(list, n, word))
			return 1;
	}
	return 0;
}

int
ascii_number(const char *s, size_t n, uint64_t lo, uint64_t hi,
    uint64_t *value)
{
	uint64_t number = 0;

	if (n == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_is_digit(s[i]))
			return -1;
		if (number > (UINT64_MAX - (uint64_t)(s[i] - '0')) / 10)
			return -1;
		number = number * 10 + (uint64_t)(s[i] - '0');
	}
	if (number < lo || number > hi)
		return -1;
	*value = number;
	return 0;
}
