/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads files that must be trustworthy: config files, secrets, pins. The checks
 * apply to the open descriptor, so that the file cannot be replaced after them.
 */
#ifndef ONEHOP_BASE_TRUSTED_FILE_H
#define ONEHOP_BASE_TRUSTED_FILE_H

#include "base/buffer.h"
#include "base/error.h"

#define TRUSTED_PIPE_SECONDS 60

enum trusted_result {
	TRUSTED_FAILED = -1,
	TRUSTED_READ = 0,
	TRUSTED_MISSING = 1,    /* the file does not exist */
	TRUSTED_FORBIDDEN = 2   /* permission to read it is denied */
};

/* The requirements for a file to be accepted. */
enum trusted_demand {
	TRUSTED_OWNER,         /* the user's or root's; others cannot write */
	TRUSTED_OWNER_OR_PIPE, /* or a pipe of either, read to its end */
	TRUSTED_SECRET,        /* nor read, except a group of root's file */
	TRUSTED_SHARED,        /* the user's or root's; a group can write */
	TRUSTED_REGULAR        /* any regular file: its text proves itself */
};

/* The file and what is known about it. */
struct trusted_file {
	enum trusted_demand demand; /* set by the caller */
	struct buffer text;  /* secret */
	int is_private;      /* only its owner can read it */
	int is_public;       /* world-readable */
	int is_roots;        /* root owns it */
};

/*
 * Reads a file of at most max octets that meets the demand, in a directory that
 * is not world-writable, or is sticky. Waits only for the writer of a pipe, for
 * at most TRUSTED_PIPE_SECONDS. An error is EX_CONFIG and says which condition
 * failed.
 */
enum trusted_result trusted_file_read(struct trusted_file *file,
	const char *path, size_t max, struct error *err);

/* Same as trusted_file_read(), for a file that must exist. Returns 0 on
 * success; -1 EX_CONFIG with a text to which the caller adds the path. */
int trusted_file_require(struct trusted_file *file, const char *path,
	size_t max, struct error *err);

/*
 * Returns whether secrets may be appended to the path: a regular file that the
 * user owns and others cannot write, made if it is not there, in a directory
 * that the user or root owns, where others cannot replace it.
 */
int trusted_file_may_append(const char *path);

/*
 * Checks that no other user can rename what the path names, or a directory
 * above it: these belong to root or the user, and others cannot write to them,
 * or they are sticky. Of those far above, a group may be able to write, and
 * those above the home directory may belong to others. path is absolute; its
 * end need not exist. Returns 0, or -1 EX_CONFIG.
 */
int trusted_file_check_place(const char *path, struct error *err);

/* The path in SSLKEYLOGFILE, to which TLS libraries append the keys of each
 * session; NULL without one. One that fails the test above leaves the
 * environment. */
const char *trusted_file_key_log(void);

/* Checks that the open directory is the user's or root's, and not
 * world-writable, or sticky. Returns 0, or -1 EX_CONFIG. */
int trusted_file_check_directory(int directory, struct error *err);

/* Same as trusted_file_read(), for a file in an open directory. */
enum trusted_result trusted_file_read_at(struct trusted_file *file,
	int directory, const char *name, size_t max, struct error *err);

#endif
