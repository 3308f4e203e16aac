/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing list of owned strings. {0} is empty. */
#ifndef ONEHOP_BASE_STRING_LIST_H
#define ONEHOP_BASE_STRING_LIST_H

#include <stddef.h>

struct string_list {
	char **at;  /* owned strings, NULL-terminated once not empty */
	size_t n;
};

/* Appends s and takes ownership of it. */
void string_list_add(struct string_list *list, char *s);

/* Appends each line of a file, without its LF. Ignores what follows the last
 * LF, and what exceeds max octets, at least 4096. */
void string_list_read(struct string_list *list, int fd, size_t max);

/* Returns whether the list contains s. */
int string_list_has(const struct string_list *list, const char *s);

/* Sorts the list by octets. */
void string_list_sort(struct string_list *list);

/* Returns whether the list, which is sorted, contains s. */
int string_list_has_sorted(const struct string_list *list, const char *s);

/* Initializes the list to, which must not own strings, as a copy of from. */
void string_list_copy(struct string_list *to, const struct string_list *from);

/* Returns whether both lists have the same strings in the same order. */
int string_list_equal(const struct string_list *a, const struct string_list *b);

/* Returns the strings joined by single spaces, owned by the caller. */
char *string_list_join(const struct string_list *list);

/* Frees the strings and leaves an empty list. */
void string_list_free(struct string_list *list);

#endif
