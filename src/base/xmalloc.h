/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Allocation that never returns failure: when memory is exhausted, the program
 * exits with EX_OSERR. This is the only exit outside main, and no code that
 * runs after the smarthost has accepted the message may allocate, so that a
 * success stays a success.
 */
#ifndef ONEHOP_BASE_XMALLOC_H
#define ONEHOP_BASE_XMALLOC_H

#include <stddef.h>

/* Returns n uninitialized octets, never NULL. The caller frees them with
 * free(). */
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));

/* Returns count zeroed elements of size octets each; the product is checked for
 * overflow. */
void *xcalloc(size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));

/* Same as realloc(p, count * size); the product is checked for overflow. */
void *xreallocarray(void *p, size_t count, size_t size)
	__attribute__((returns_nonnull));

/*
 * Makes room for one more element after the first n of an array, doubling the
 * array when it is full. The array must be NULL at first and grow by this
 * function only. Returns the array.
 */
void *xgrow(void *p, size_t n, size_t size) __attribute__((returns_nonnull));

char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));

/* Returns the first n octets of s, which must all exist, as a string. */
char *xstrndup(const char *s, size_t n)
	__attribute__((malloc, returns_nonnull));

/* Returns a new string formatted as by printf(), owned by the caller. */
char *xasprintf(const char *format, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

#endif
