/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/edit_distance.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int
same(char a, char b)
{
	return ascii_lower(a) == ascii_lower(b);
}

size_t
distance(const char *a, const char *b)
{
	size_t row[3][DISTANCE_WORD_MAX + 1]; /* the last three of the matrix */
	size_t m = strlen(a), n = strlen(b);

	if (m > DISTANCE_WORD_MAX || n > DISTANCE_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *now = row[i % 3];
		const size_t *up = row[(i - 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= n; j++) {
			now[j] = least(up[j], now[j - 1]) + 1;
			now[j] = least(now[j],
			    up[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]))
				now[j] = least(now[j],
				    row[(i - 2) % 3][j - 2] + 1);
		}
	}
	return row[m % 3][n];
}

int
edit_distance_is_typo(const char *typed, const char *meant)
{
	size_t d = distance(typed, meant);

	return d <= 3 && d * 3 <= strlen(meant);
}
