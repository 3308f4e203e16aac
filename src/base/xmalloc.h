/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Allocation that does not fail: out of memory ends the program with
 * EX_OSERR. It is the only exit besides main's, and no code past the
 * smarthost's acceptance may allocate, so that it cannot change a success.
 */
#ifndef ONEHOP_BASE_XMALLOC_H
#define ONEHOP_BASE_XMALLOC_H

#include <stddef.h>

/* n octets, not set; never NULL. The caller frees with free(). */
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));

/* count elements of size octets each, all zero; the product is checked. */
void *xcalloc(size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));

/* Like realloc(p, count * size), the product checked. */
void *xreallocarray(void *p, size_t count, size_t size)
	__attribute__((returns_nonnull));

/*
 * Makes room for one more element after the n of an array, doubling it when
 * it is full. The array is NULL at first and grows by this function only.
 */
void *xgrow(void *p, size_t n, size_t size) __attribute__((returns_nonnull));

char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));

/* The first n octets of s (all of them exist), NUL-terminated. */
char *xstrndup(const char *s, size_t n)
	__attribute__((malloc, returns_nonnull));

/* A new string made like printf's; the caller frees it. */
char *xasprintf(const char *format, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

#endif
