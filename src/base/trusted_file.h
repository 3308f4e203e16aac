/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files whose word we take: config files, secrets, pins. Judged by the open
 * descriptor, so that nobody can swap them in between. */
#ifndef ONEHOP_BASE_TRUSTED_FILE_H
#define ONEHOP_BASE_TRUSTED_FILE_H

#include "base/buffer.h"
#include "base/error.h"

enum trusted_result {
	TRUSTED_FAILED = -1,
	TRUSTED_READ = 0,
	TRUSTED_MISSING = 1,    /* there is no such file */
	TRUSTED_FORBIDDEN = 2   /* we may not read it */
};

/* Other facts about the file. */
struct trusted_file {
	int may_be_pipe;     /* set by the caller: a pipe is read to its end */
	struct buffer text;  /* secret */
	int is_private;      /* nobody but its owner can read it */
	int is_public;       /* everybody can */
	int is_roots;        /* root owns it */
};

/*
 * Reads a regular file of at most max octets that belongs to us or to root
 * and that others cannot write, in a directory that not everybody can write
 * to, unless it is sticky. -1 EX_CONFIG says what is wrong.
 */
enum trusted_result trusted_file_read(struct trusted_file *file,
	const char *path, size_t max, struct error *err);

/* The same for a file in an open directory. */
enum trusted_result trusted_file_read_at(struct trusted_file *file,
	int directory, const char *name, size_t max, struct error *err);

#endif
