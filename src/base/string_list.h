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

/* Initializes the list to, which must not own strings, as a copy of from. */
void string_list_copy(struct string_list *to, const struct string_list *from);

/* Returns the strings joined by single spaces, owned by the caller. */
char *string_list_join(const struct string_list *list);

/* Frees the strings and leaves an empty list. */
void string_list_free(struct string_list *list);

#endif
