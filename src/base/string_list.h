/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing list of owned strings. {0} is empty. */
#ifndef ONEHOP_BASE_STRING_LIST_H
#define ONEHOP_BASE_STRING_LIST_H

#include <stddef.h>

struct string_list {
	char **at;  /* owned strings, NULL-terminated once not empty */
	size_t n;
};

/* Appends s, which becomes the list's. */
void string_list_add(struct string_list *list, char *s);

/* Makes an uninitialised list a copy. */
void string_list_copy(struct string_list *to, const struct string_list *from);

/* All with one space between: owned. */
char *string_list_join(const struct string_list *list);

/* Frees the strings and leaves {0}. */
void string_list_free(struct string_list *list);

#endif
