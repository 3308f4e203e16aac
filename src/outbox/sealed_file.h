/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file written front to back whose SHA-256 is known at the end. */
#ifndef ONEHOP_OUTBOX_SEALED_FILE_H
#define ONEHOP_OUTBOX_SEALED_FILE_H

#include "net/stream.h"
#include "tls/sha256.h"

/* Makes a stream that writes to fd, which stays the caller's. */
void sealed_file_begin(struct stream *out, int fd);

/* The digest of all that was flushed so far; what follows is no longer
 * counted. 0, or -1 if the library refused. */
int sealed_file_digest(struct stream *out, char text[DIGEST_TEXT]);

#endif
