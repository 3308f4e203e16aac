/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growable array of octets with a ceiling. {0} is an empty ordinary buffer
 * with a ceiling of BUFFER_MAX octets. */
#ifndef ONEHOP_BASE_BUFFER_H
#define ONEHOP_BASE_BUFFER_H

#include <stddef.h>

#define BUFFER_MAX ((size_t)256 << 20)

enum buffer_kind {
	BUFFER_ORDINARY,
	BUFFER_SECRET /* wiped when grown, cleared or freed */
};

struct buffer {
	char *data;            /* owned; NULL until something is added */
	size_t len;            /* octets in use */
	size_t size;           /* octets allocated */
	size_t max;            /* ceiling for len; 0 means BUFFER_MAX */
	enum buffer_kind kind;
};

/* Makes an empty buffer that uses the caller's storage. It never grows and must
 * not be freed. */
void buffer_use(struct buffer *b, char *storage, size_t size);

/* Append to the buffer. Return 0 on success, -1 with b unchanged if the ceiling
 * would be exceeded. */
int buffer_add(struct buffer *b, const void *data, size_t len);
int buffer_add_char(struct buffer *b, char c);
int buffer_add_string(struct buffer *b, const char *s);
int buffer_addf(struct buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Makes room for n more octets at data + len. Returns that address, or NULL if
 * the ceiling would be exceeded. The caller writes there and adds the number of
 * octets used to len.
 */
char *buffer_reserve(struct buffer *b, size_t n);

/* Reads fd to its end, or until the buffer is full. Returns 0, or -1 with errno
 * set. */
int buffer_read(struct buffer *b, int fd);

/* Removes the first n octets (n <= len). */
void buffer_consume(struct buffer *b, size_t n);

/*
 * Returns the content, terminated by a NUL that len does not count; never NULL.
 */
char *buffer_string(struct buffer *b);

/* Empties b but keeps its memory; wipes a secret. */
void buffer_clear(struct buffer *b);

/* Frees the memory and leaves an empty buffer of the same kind and ceiling;
 * wipes a secret. */
void buffer_free(struct buffer *b);

#endif
