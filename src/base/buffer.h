/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growable octets with a ceiling. {0} is empty, ordinary, BUFFER_MAX high. */
#ifndef ONEHOP_BASE_BUFFER_H
#define ONEHOP_BASE_BUFFER_H

#include <stddef.h>

#define BUFFER_MAX ((size_t)256 << 20)

enum buffer_kind {
	BUFFER_ORDINARY,
	BUFFER_SECRET /* wiped when grown, cleared or freed */
};

struct buffer {
	char *data;            /* owned; NULL while nothing was ever added */
	size_t len;            /* octets in use */
	size_t size;           /* octets allocated */
	size_t max;            /* ceiling for len; 0 means BUFFER_MAX */
	enum buffer_kind kind;
};

/* Makes an empty buffer of the caller's storage: it never grows and is not to
 * be freed. */
void buffer_use(struct buffer *b, char *storage, size_t size);

/* Appends. 0, or -1 with nothing added if that would pass the ceiling. */
int buffer_add(struct buffer *b, const void *data, size_t len);
int buffer_add_char(struct buffer *b, char c);
int buffer_add_string(struct buffer *b, const char *s);
int buffer_addf(struct buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Room for n more octets at data + len, or NULL past the ceiling; the caller
 * fills it and adds what it used to len.
 */
char *buffer_reserve(struct buffer *b, size_t n);

/* Drops the first n octets (n <= len). */
void buffer_consume(struct buffer *b, size_t n);

/* The content with a NUL after it (not counted in len); never NULL. */
char *buffer_string(struct buffer *b);

/* Empties b, keeps the memory; wipes a secret. */
void buffer_clear(struct buffer *b);

/* Frees and leaves {0} of the same kind and ceiling; wipes a secret. */
void buffer_free(struct buffer *b);

#endif
