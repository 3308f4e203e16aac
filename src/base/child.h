/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of the user's own config, run by the shell. */
#ifndef ONEHOP_BASE_CHILD_H
#define ONEHOP_BASE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Starts "/bin/sh -c command" in a process group of its own, with default
 * signals, an environment of known names only, stdin and stdout on those
 * descriptors (/dev/null for -1), our stderr, and no other descriptor. 0 with
 * *pid to be waited for or killed; -1 EX_OSERR.
 */
int child_start(pid_t *pid, const char *command, int in, int out,
	struct error *err);

/*
 * Waits for the end until the deadline. Returns 1 with *status as waitpid()
 * sets it, 0 if the command still runs, -1 if a signal came or it is not our
 * child.
 */
int child_wait(pid_t pid, int *status, int64_t deadline, struct error *err);

/* The status of a command that ended: 0 for exit status 0; else -1 with that
 * code and "exit status 3", or "killed by signal 9". */
int child_judge(int status, int code, struct error *err);

/* Kills the command and all it started that stayed in its group. */
void child_kill(pid_t pid);

#endif
