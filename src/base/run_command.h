/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs commands of the user's configuration with the shell. */
#ifndef ONEHOP_BASE_RUN_COMMAND_H
#define ONEHOP_BASE_RUN_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

#define COMMAND_SECONDS 60

/* Maximum length of the first line, octets. */
#define FIRST_LINE_MAX ((size_t)64 << 10)

/* A buffer with room for the first line and some text after it. */
#define FIRST_LINE_BUFFER \
	{ .kind = BUFFER_SECRET, .max = FIRST_LINE_MAX + ((size_t)8 << 10) }

/*
 * Starts "/bin/sh -c command" in its own process group, with default signal
 * dispositions, stdin and stdout on the given descriptors (/dev/null for -1),
 * stderr inherited and all other descriptors closed. The environment is that of
 * onehop without variables that affect what a shell or the loader executes;
 * HOME, USER, LOGNAME and PATH are set if missing. Returns 0 with *pid set,
 * which the caller waits for or kills; -1 EX_OSERR.
 */
int command_start(pid_t *pid, const char *command, int in, int out,
	struct error *err);

/*
 * Waits until the command exits or the deadline passes. Returns 1 with *status
 * set as by waitpid(); 0 if the command is still running; -1 if a signal came
 * or the process is not a child of this one.
 */
int command_wait(pid_t pid, int *status, int64_t deadline,
	struct error *err);

/* Returns 0 for exit status 0, else -1 with that code and "exit status 3" or
 * "killed by signal 9". Exit status 75 gives EX_TEMPFAIL. */
int command_judge(int status, int code, struct error *err);

/* Kills all processes of the command's process group and reaps the command. */
void command_kill(pid_t pid);

/*
 * Runs the command with stdin on /dev/null and appends its output to text,
 * which is a FIRST_LINE_BUFFER. The process group is killed when the time limit
 * is reached. Returns 0 on success; -1 EX_CONFIG, EX_OSERR, or EX_TEMPFAIL at
 * the limit or if the command exits with 75.
 */
int command_output(struct buffer *text, const char *command,
	unsigned seconds, struct error *err);

/* Same as command_output(), but appends only the first line to out, as
 * first_line_take() does. */
int command_read(struct buffer *out, const char *command, unsigned seconds,
	struct error *err);

/* Runs the command with the text on its stdin and discards its output. Returns
 * 0 on success; -1 as command_read(). */
int command_write(const char *command, const struct buffer *text,
	unsigned seconds, struct error *err);

/* Runs the command without input and output, for at most that time. Returns 1
 * if it exits with status 0, 0 if not; -1 with err set if it cannot be started
 * or a signal came. */
int command_succeeds(const char *command, unsigned seconds, struct error *err);

/*
 * Reads one block from fd. Returns 1 on success, 0 at the end of input; -1
 * EX_CONFIG beyond FIRST_LINE_MAX, EX_TEMPFAIL at the deadline or on a signal.
 */
int first_line_read(struct buffer *text, int fd, int64_t deadline,
	struct error *err);

/*
 * Appends the first line of text without its LF or CRLF: password managers
 * store notes in the lines after it. Returns 0 on success; -1 EX_CONFIG if the
 * line is empty or too long, or the text contains a NUL. Errors do not quote
 * the text.
 */
int first_line_take(struct buffer *out, const struct buffer *text,
	struct error *err);

#endif
