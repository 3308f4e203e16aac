/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/xmalloc.h"

/* Octets of one read. */
#define READ_SIZE 4096

void
buffer_use(struct buffer *b, char *storage, size_t size)
{
	memset(b, 0, sizeof(*b));
	b->data = storage;
	b->size = size;
	b->max = size - 1;
}

/* A secret is copied and wiped: realloc would leave the old octets about. */
static void
grow(struct buffer *b, size_t size)
{
	char *data;

	if (b->kind != BUFFER_SECRET) {
		b->data = xreallocarray(b->data, size, 1);
		b->size = size;
		return;
	}
	data = xmalloc(size);
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		platform_wipe(b->data, b->size);
		free(b->data);
	}
	b->data = data;
	b->size = size;
}

char *
buffer_reserve(struct buffer *b, size_t n)
{
	size_t max = b->max != 0 ? b->max : BUFFER_MAX;
	size_t size = b->size;

	if (n > max || b->len > max - n)
		return NULL;
	if (b->len + n < size) /* one octet stays free for buffer_string */
		return b->data + b->len;
	if (size < 64)
		size = 64;
	while (size <= b->len + n)
		size *= 2;
	grow(b, size);
	return b->data + b->len;
}

int
buffer_add(struct buffer *b, const void *data, size_t len)
{
	char *room = buffer_reserve(b, len);

	if (room == NULL)
		return -1;
	if (len > 0)
		memcpy(room, data, len);
	b->len += len;
	return 0;
}

int
buffer_add_char(struct buffer *b, char c)
{
	return buffer_add(b, &c, 1);
}

int
buffer_add_string(struct buffer *b, const char *s)
{
	return buffer_add(b, s, strlen(s));
}

int
buffer_addf(struct buffer *b, const char *format, ...)
{
	va_list args;
	char *room;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return -1;
	room = buffer_reserve(b, (size_t)n);
	if (room == NULL)
		return -1;
	va_start(args, format);
	vsnprintf(room, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
	return 0;
}

int
buffer_read(struct buffer *b, int fd)
{
	char *room;
	ssize_t n = 0;

	while ((room = buffer_reserve(b, READ_SIZE)) != NULL &&
	    ((n = read(fd, room, READ_SIZE)) > 0 || (n < 0 && errno == EINTR)))
		b->len += n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : 0;
}

void
buffer_consume(struct buffer *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	if (b->kind == BUFFER_SECRET)
		platform_wipe(b->data + b->len, n);
}

char *
buffer_string(struct buffer *b)
{
	if (b->size == 0)
		grow(b, 64);
	b->data[b->len] = '\0';
	return b->data;
}

void
buffer_clear(struct buffer *b)
{
	if (b->kind == BUFFER_SECRET && b->data != NULL)
		platform_wipe(b->data, b->size);
	b->len = 0;
}

void
buffer_free(struct buffer *b)
{
	buffer_clear(b);
	free(b->data);
	b->data = NULL;
	b->size = 0;
}
