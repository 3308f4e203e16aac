/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes all octets to a descriptor. */
#ifndef ONEHOP_BASE_WRITE_ALL_H
#define ONEHOP_BASE_WRITE_ALL_H

#include <stddef.h>

#include "base/error.h"

/* Writes len octets; handles interruptions, short writes and non-blocking
 * pipes. Returns 0 on success, -1 with errno set. */
int write_all(int fd, const void *data, size_t len);

/* Same as write_all(), for output that the user asked for. Returns 0 on
 * success, -1 EX_IOERR. */
int write_answer(int fd, const void *data, size_t len, struct error *err);

#endif
