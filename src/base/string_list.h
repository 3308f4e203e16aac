/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing list of owned strings. {0} is empty. */
#ifndef ONEHOP_BASE_STRING_LIST_H
#define ONEHOP_BASE_STRING_LIST_H

#include <stddef.h>

struct list {
	char **at;  /* owned strings, NULL-terminated once not empty */
	size_t n;
};

/* Appends s, which becomes the list's. */
void list_add(struct list *list, char *s);

/* Makes an uninitialised list a copy. */
void list_copy(struct list *to, const struct list *from);

/* All with one space between: owned. */
char *list_join(const struct list *list);

/* Frees the strings and leaves {0}. */
void list_free(struct list *list);

#endif
