/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command of the config prints: one line. */
#ifndef ONEHOP_BASE_RUN_COMMAND_H
#define ONEHOP_BASE_RUN_COMMAND_H

#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

#define COMMAND_SECONDS 60

/*
 * Runs the command (child.h) with stdin on /dev/null and appends the first
 * line of its output as oneline.h has it. The group is killed at the limit.
 * 0; -1 EX_CONFIG, EX_OSERR.
 */
int command_read(struct buffer *out, const char *command, unsigned seconds,
	struct error *err);

/* A command that stands by, for who cannot start one later (sandbox.h). {0} is
 * none. */
struct command {
	pid_t pid;
	int in;              /* what it waits for */
	int out;             /* what it prints */
};

/* Starts a shell that waits to be told to run the command. 0, -1 EX_OSERR. */
int command_prepare(struct command *c, const char *text, struct error *err);

/* Has it run now, as command_read does. It is spent in either case. */
int command_run(struct command *c, struct buffer *out, unsigned seconds,
	struct error *err);

/* Ends one that was not needed. */
void command_dismiss(struct command *c);

#endif
