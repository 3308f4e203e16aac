/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file written front to back whose SHA-256 is known at the end. */
#ifndef ONEHOP_OUTBOX_SEALED_FILE_H
#define ONEHOP_OUTBOX_SEALED_FILE_H

#include "base/sink.h"
#include "tls/sha256.h"

struct sealed_file {
	struct sink sink;        /* first: the two are cast */
	struct file_sink file;
	struct sha256 digest;
};

/* Makes a sink that writes to fd, which stays the caller's. */
void sealed_file_begin(struct sealed_file *f, int fd);

/* The digest of all that was committed so far; what follows is not counted.
 * Returns 0, or -1 if the library refused. */
int sealed_file_digest(struct sealed_file *f, char text[SHA256_TEXT]);

/* Writes what is still held. Returns 0; -1 EX_TEMPFAIL. */
int sealed_file_flush(struct sealed_file *f, struct error *err);

/* Frees; drops what was not flushed. */
void sealed_file_close(struct sealed_file *f);

#endif
