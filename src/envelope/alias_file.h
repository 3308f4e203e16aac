/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file in the format of aliases(5): lines "name: targets", continued by
 * lines that begin with a blank, comments from "#" at a line's start or after
 * a blank, quotes around both.
 */
#ifndef ONEHOP_ENVELOPE_ALIAS_FILE_H
#define ONEHOP_ENVELOPE_ALIAS_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define ALIAS_FILE_MAX ((size_t)16 << 20)

/* One entry. */
struct alias {
	char *name;         /* without quotes; owned */
	char *targets;      /* continuation lines joined by blanks; owned */
	unsigned line;
};

struct alias_file {
	struct alias *at;   /* by name, ignoring case, then by line */
	size_t n;
};

/* Reads the file at path. Returns 0; -1 EX_CONFIG with path and line. */
int alias_file_read(struct alias_file *f, const char *path,
	struct error *err);

/* The same from a text, without the path. Pure. */
int alias_file_parse(struct alias_file *f, const char *text, size_t len,
	struct error *err);

/* Returns the first entry of that name, ignoring case, or NULL. */
const struct alias *alias_file_find(const struct alias_file *f,
	const char *name);

/* Appends the lines of an :include: file, separated by commas. Returns 0, or -1
 * EX_CONFIG. */
int alias_file_include(struct buffer *targets, const char *path,
	struct error *err);

void alias_file_free(struct alias_file *f);

#endif
