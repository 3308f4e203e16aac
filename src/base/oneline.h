/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A password as somebody hands it over: the first line of what comes. */
#ifndef ONEHOP_BASE_ONELINE_H
#define ONEHOP_BASE_ONELINE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define ONELINE_MAX ((size_t)64 << 10)

/* A buffer that takes in all that may come. */
#define ONELINE_BUFFER \
	{ .kind = BUFFER_SECRET, .max = ONELINE_MAX + ((size_t)8 << 10) }

/*
 * Reads one block more. Returns 1, 0 at the end of input, or -1 EX_CONFIG at
 * the deadline or past ONELINE_MAX, EX_TEMPFAIL on a signal.
 */
int oneline_read(struct buffer *text, int fd, int64_t deadline,
	struct error *err);

/*
 * Appends the first line of text, without LF or CRLF: password managers keep
 * more in the lines below. 0; -1 EX_CONFIG if it is empty or too long, or a
 * NUL is in the text. Nothing of it is quoted.
 */
int oneline_take(struct buffer *out, const struct buffer *text,
	struct error *err);

#endif
