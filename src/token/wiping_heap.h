/* SPDX-License-Identifier: GPL-3.0-or-later */
/* malloc() and its like for libraries that handle secrets: memory is wiped
 * when it is freed. */
#ifndef ONEHOP_TOKEN_WIPING_HEAP_H
#define ONEHOP_TOKEN_WIPING_HEAP_H

#include <stddef.h>

void *wiping_malloc(size_t n);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *p, size_t n);
void wiping_free(void *p);
char *wiping_strdup(const char *s);

#endif
