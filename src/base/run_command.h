/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of the user's configuration, run by the shell. */
#ifndef ONEHOP_BASE_RUN_COMMAND_H
#define ONEHOP_BASE_RUN_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

#define COMMAND_SECONDS 60

/* The longest first line that is accepted, octets. */
#define FIRST_LINE_MAX ((size_t)64 << 10)

/* A buffer with room for the first line and some text below it. */
#define FIRST_LINE_BUFFER \
	{ .kind = BUFFER_SECRET, .max = FIRST_LINE_MAX + ((size_t)8 << 10) }

/*
 * Starts "/bin/sh -c command" in a process group of its own, with default
 * signals, stdin and stdout on those descriptors (/dev/null for -1), our
 * stderr, no other descriptor, and the environment of onehop without variables
 * that change what a shell or the loader runs; HOME, USER, LOGNAME and PATH
 * are set where they are missing. Returns 0 with *pid to be waited for or
 * killed; -1 EX_OSERR.
 */
int command_start(pid_t *pid, const char *command, int in, int out,
	struct error *err);

/*
 * Waits until the command ends or the deadline passes. Returns 1 with *status
 * as waitpid() sets it, 0 if the command still runs, -1 if a signal came or
 * the process is not a child of this one.
 */
int command_wait(pid_t pid, int *status, int64_t deadline,
	struct error *err);

/* Returns 0 for exit status 0, else -1 with that code and "exit status 3" or
 * "killed by signal 9". Exit status 75 is EX_TEMPFAIL. */
int command_judge(int status, int code, struct error *err);

/* Kills the command and every process of its group, and reaps it. */
void command_kill(pid_t pid);

/*
 * Runs the command with stdin on /dev/null and appends its output to text,
 * which is a FIRST_LINE_BUFFER. The process group is killed at the limit.
 * Returns 0; -1 EX_CONFIG, EX_OSERR, EX_TEMPFAIL at the limit or if the command
 * ends with 75.
 */
int command_output(struct buffer *text, const char *command,
	unsigned seconds, struct error *err);

/* The same, but appends to out only the first line, as first_line_take() does.
 */
int command_read(struct buffer *out, const char *command, unsigned seconds,
	struct error *err);

/* Runs the command with the text on its stdin; its output is dropped. Returns
 * and fails as command_read. */
int command_write(const char *command, const struct buffer *text,
	unsigned seconds, struct error *err);

/*
 * Reads one block from fd. Returns 1, 0 at the end of input, or -1: EX_CONFIG
 * past FIRST_LINE_MAX, EX_TEMPFAIL at the deadline or on a signal.
 */
int first_line_read(struct buffer *text, int fd, int64_t deadline,
	struct error *err);

/*
 * Appends the first line of text without LF or CRLF: password managers keep
 * notes in the lines below. Returns 0; -1 EX_CONFIG if the line is empty or
 * too long, or the text holds a NUL. Errors quote nothing of the text.
 */
int first_line_take(struct buffer *out, const struct buffer *text,
	struct error *err);

#endif
