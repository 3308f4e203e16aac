/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "format/field.h"

/* Folding may shorten a run of blanks, and turn nothing else. */
static int
same_words(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		if (ascii_is_blank(*a) && ascii_is_blank(*b)) {
			a += strspn(a, " \t");
			b += strspn(b, " \t");
		} else if (*a++ != *b++) {
			return 0;
		}
	}
	return *a == *b;
}

static void
check_lines(const struct buffer *text)
{
	size_t start = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] != '\n')
			continue;
		require(i - start <= 998, "a line has 998 octets at most");
		require(start == 0 || strspn(text->data + start, " \t") <
		    i - start, "no continuation line is blank");
		start = i + 1;
	}
	require(start == text->len, "the last line is ended");
}

static void
check_folding(const char *name, const char *body)
{
	struct buffer folded = {0};
	struct field f = {0};
	size_t offset = 0;
	char *again;

	if (strlen(name) > 900)
		return;
	if (field_add_folded(&folded, name, body) < 0) {
		require(folded.len == 0, "a refused field leaves nothing");
		buffer_free(&folded);
		return;
	}
	buffer_string(&folded);
	check_lines(&folded);
	require(field_next(folded.data, folded.len, &offset, &f) == 1 &&
	    offset == folded.len, "a folded field is one field");
	require(field_is(folded.data, &f, name), "its name is its own");
	again = field_unfold(folded.data, &f);
	require(same_words(body, again), "unfolding undoes folding");
	free(again);
	buffer_free(&folded);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *block = (const char *)data;
	struct field f = {0};
	size_t offset = 0;
	size_t before = 0;

	if (size == 0 || memchr(block, '\0', size) != NULL)
		return 0;
	while (field_next(block, size, &offset, &f)) {
		char *name = xstrndup(block + f.start, f.name_len);
		char *body = field_unfold(block, &f);

		require(f.start == before && f.name_len > 0 &&
		    f.start + f.name_len < f.body && f.body <= f.end &&
		    f.end == offset, "fields follow each other");
		require(block[f.body - 1] == ':', "the colon ends the name");
		require(strchr(body, '\n') == NULL, "unfolded is one line");
		check_folding(name, body);
		before = offset;
		free(name);
		free(body);
	}
	require(offset == before && offset <= size, "the search stops there");
	return 0;
}
