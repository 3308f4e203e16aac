/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Octets to a descriptor, all of them. */
#ifndef ONEHOP_BASE_WRITE_ALL_H
#define ONEHOP_BASE_WRITE_ALL_H

#include <stddef.h>

#include "base/error.h"

/* Writes through signals, short writes and pipes that do not block. 0, or -1
 * with errno. */
int write_all(int fd, const void *data, size_t len);

/* The same for what somebody asked to see. 0; -1 EX_IOERR. */
int write_answer(int fd, const void *data, size_t len, struct error *err);

#endif
