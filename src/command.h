/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command of the config prints: one line. */
#ifndef ONEHOP_COMMAND_H
#define ONEHOP_COMMAND_H

#include "buffer.h"
#include "error.h"

#define COMMAND_SECONDS 60

/*
 * Runs the command (child.h) with stdin on /dev/null and appends the first
 * line of its output as oneline.h has it. The group is killed at the limit.
 * 0; -1 EX_CONFIG, EX_OSERR.
 */
int command_read(struct buffer *out, const char *command, unsigned seconds,
	struct error *err);

#endif
