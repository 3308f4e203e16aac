/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Talking to the person who runs us. */
#ifndef ONEHOP_BASE_TERMINAL_H
#define ONEHOP_BASE_TERMINAL_H

#include "base/error.h"

/* The controlling terminal, to read and write, if we may talk there without
 * being stopped; or -1. The caller closes it. */
int terminal_open(void);

/* Writes to a descriptor as printf does; nobody may be listening. Foreign
 * octets must have gone through escape.h. */
void terminal_say(int fd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Asks a question that yes or no answers. 1 for a line that begins with y, 0
 * for any other and at the end of input; -1 EX_TEMPFAIL interrupted, or nobody
 * answered for five minutes.
 */
int terminal_confirm(int fd, const char *question, struct error *err);

#endif
