/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onehop's small files below the state directory: what one run has learnt for
 * the next. A file is there whole or not at all, and its owner's alone.
 */
#ifndef ONEHOP_BASE_STATE_FILE_H
#define ONEHOP_BASE_STATE_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* No file is longer. */
#define STORE_MAX ((size_t)64 * 1024)

/*
 * Reads a file into text, which becomes secret. 1; 0 if there is none, nor
 * perhaps the directory; -1 EX_CONFIG if either is not ours alone to write or
 * cannot be read, or if the name is none for a file.
 */
int state_file_read(struct buffer *text, const char *directory,
	const char *name,
	struct error *err);

/*
 * Makes a file, and the directory with its parents. What is there already
 * stays: of several that come at once one wins. 1 made; 0 there is one; -1
 * EX_IOERR it cannot be written, EX_CONFIG as state_file_read.
 */
int state_file_add(const char *directory, const char *name,
	const struct buffer *text, struct error *err);

#endif
