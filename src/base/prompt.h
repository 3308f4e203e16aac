/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking the user, at the terminal. */
#ifndef ONEHOP_BASE_PROMPT_H
#define ONEHOP_BASE_PROMPT_H

#include "base/buffer.h"
#include "base/error.h"

#define PROMPT_SECONDS 300

/*
 * Asks at the controlling terminal, if there is one and we are in its
 * foreground, without echo, and appends the line typed. 0; -1 EX_CONFIG. With
 * signals held (wait.h) none leaves a terminal without echo.
 */
int prompt_read(struct buffer *out, const char *question, struct error *err);

#endif
