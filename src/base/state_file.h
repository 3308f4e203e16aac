/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files in the state directory that are kept for later runs. A file
 * appears complete or not at all, and only its owner can access it. */
#ifndef ONEHOP_BASE_STATE_FILE_H
#define ONEHOP_BASE_STATE_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Maximum length of a file, octets. */
#define STORE_MAX ((size_t)64 * 1024)

/*
 * Reads a file into text, which becomes secret. Returns 1 on success; 0 if the
 * file or the directory does not exist; -1 EX_CONFIG if others can write to
 * either, if it cannot be read, or if name is not a valid file name.
 */
int state_file_read(struct buffer *text, const char *directory,
	const char *name, struct error *err);

/*
 * Creates a file, and the directory with its parents. An existing file is left
 * unchanged; if several processes create it at once, one succeeds. Returns 1 if
 * the file was created, 0 if it exists; -1 EX_IOERR if it cannot be written,
 * EX_CONFIG as for state_file_read().
 */
int state_file_add(const char *directory, const char *name,
	const struct buffer *text, struct error *err);

#endif
