/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes all octets to a descriptor; appends to files of lines. */
#ifndef ONEHOP_BASE_WRITE_ALL_H
#define ONEHOP_BASE_WRITE_ALL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Writes len octets; handles interruptions, short writes and non-blocking
 * pipes. Returns 0 on success, -1 with errno set. */
int write_all(int fd, const void *data, size_t len);

/* Same as write_all(), for output that the user asked for. Returns 0 on
 * success, -1 EX_IOERR. */
int write_answer(int fd, const void *data, size_t len, struct error *err);

/* Removes a last line without a line end, which a full disk or a power cut has
 * left, before another is appended: that would complete it. Returns the size of
 * the file, -1 with errno set. */
off_t cut_torn_line(int fd);

#endif
