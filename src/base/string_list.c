/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/string_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xmalloc.h"

void
string_list_add(struct string_list *list, char *s)
{
	/* the NULL is an element too, but in an empty list */
	list->at = xgrow(list->at, list->n > 0 ? list->n + 1 : 0,
	    sizeof(*list->at));
	list->at[list->n++] = s;
	list->at[list->n] = NULL;
}

void
string_list_read(struct string_list *list, int fd, size_t max)
{
	struct buffer text = { .max = max };
	char *line, *lf;

	(void)buffer_read(&text, fd);
	line = buffer_string(&text);
	for (; (lf = strchr(line, '\n')) != NULL; line = lf + 1)
		string_list_add(list, xstrndup(line, (size_t)(lf - line)));
	buffer_free(&text);
}

int
string_list_has(const struct string_list *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], s) == 0)
			return 1;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
string_list_sort(struct string_list *list)
{
	if (list->n > 1)
		qsort(list->at, list->n, sizeof(list->at[0]), compare);
}

int
string_list_has_sorted(const struct string_list *list, const char *s)
{
	return list->n > 0 && bsearch(&s, list->at, list->n,
	    sizeof(list->at[0]), compare) != NULL;
}

void
string_list_copy(struct string_list *to, const struct string_list *from)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n; i++)
		string_list_add(to, xstrdup(from->at[i]));
}

int
string_list_equal(const struct string_list *a, const struct string_list *b)
{
	if (a->n != b->n)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return 0;
	return 1;
}

char *
string_list_join(const struct string_list *list)
{
	struct buffer text = {0};

	for (size_t i = 0; i < list->n; i++)
		buffer_addf(&text, "%s%s", i > 0 ? " " : "", list->at[i]);
	return buffer_string(&text);
}

void
string_list_free(struct string_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->at[i]);
	free(list->at);
	memset(list, 0, sizeof(*list));
}
