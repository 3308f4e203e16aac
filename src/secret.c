/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "escape.h"
#include "wait.h"

/* Octets that one read takes. */
#define BLOCK ((size_t)4096)

/*
 * Reads up to one block more. Returns 1, 0 at the end of input, or -1
 * EX_CONFIG at the deadline or past SECRET_MAX.
 */
static int
read_more(struct buffer *text, int fd, int64_t deadline, struct error *err)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int ready = wait_any(&p, 1, deadline, err);
	char *room = buffer_reserve(text, BLOCK);
	ssize_t n;

	if (ready < 0)
		return -1;
	if (ready == 0)
		return fail(err, EX_CONFIG, "timed out");
	if (room == NULL)
		return fail(err, EX_CONFIG, "more than %zu octets came",
		    SECRET_MAX);
	do
		n = read(fd, room, BLOCK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, EX_CONFIG, "cannot read: %s",
		    strerror(errno));
	text->len += (size_t)n;
	return n > 0;
}

/* Appends the first line of text if it can be a secret. */
static int
take_line(struct buffer *out, const struct buffer *text, struct error *err)
{
	const char *line = text->len > 0 ? text->data : "";
	const char *end = memchr(line, '\n', text->len);
	size_t n = end != NULL ? (size_t)(end - line) : text->len;

	if (end != NULL && n > 0 && line[n - 1] == '\r')
		n--;
	if (text->len == 0 || n == 0)
		return fail(err, EX_CONFIG, text->len == 0
		    ? "expected a password, nothing came"
		    : "expected a password, an empty line came");
	if (memchr(line, '\0', text->len) != NULL)
		return fail(err, EX_CONFIG, "expected a password, a NUL came");
	if (n > SECRET_MAX || buffer_add(out, line, n) != 0)
		return fail(err, EX_CONFIG, "more than %zu octets came",
		    SECRET_MAX);
	return 0;
}

static int
check_status(int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return fail(err, EX_CONFIG, "killed by signal %d",
		    WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return 0;
	fail(err, EX_CONFIG, "exit status %d", WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 127)
		hint(err, "the shell found no such command in PATH");
	return -1;
}

/* All that the command prints, and how it ends. */
static int
collect(struct buffer *text, pid_t pid, int fd, int64_t deadline,
    struct error *err)
{
	int status = 0;
	int more;

	do
		more = read_more(text, fd, deadline, err);
	while (more > 0);
	if (more == 0) {
		more = child_wait(pid, &status, deadline, err);
		if (more > 0)
			return check_status(status, err);
		if (more == 0)
			fail(err, EX_CONFIG, "timed out");
	}
	child_kill(pid);
	return -1;
}

int
secret_command(struct buffer *out, const char *command, unsigned seconds,
    struct error *err)
{
	struct buffer text = {
		.kind = BUFFER_SECRET, .max = SECRET_MAX + 2 * BLOCK
	};
	char quote[ESCAPE_QUOTE];
	int64_t deadline = deadline_in((int64_t)seconds * 1000);
	int result, ends[2];
	pid_t pid;

	if (pipe(ends) != 0)
		return fail(err, EX_OSERR, "cannot make a pipe: %s",
		    strerror(errno));
	result = child_start(&pid, command, -1, ends[1], err);
	close(ends[1]);
	if (result == 0)
		result = collect(&text, pid, ends[0], deadline, err);
	close(ends[0]);
	if (result == 0)
		result = take_line(out, &text, err);
	buffer_free(&text);
	if (result != 0)
		wrap(err, "command \"%s\"",
		    escape_string(quote, sizeof(quote), command));
	return result;
}

/* The terminal, if we may talk there without being stopped; or -1. */
static int
open_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One line, typed; the newline is not echoed, so it is written. */
static int
read_typed(struct buffer *text, int fd, struct error *err)
{
	int64_t deadline = deadline_in(SECRET_PROMPT_SECONDS * 1000);
	int more;

	do
		more = read_more(text, fd, deadline, err);
	while (more > 0 && memchr(text->data, '\n', text->len) == NULL);
	if (write(fd, "\n", 1) != 1)
		return more < 0 ? -1 : fail(err, EX_CONFIG,
		    "cannot write to the terminal: %s", strerror(errno));
	return more < 0 ? -1 : 0;
}

/* Asks at the terminal, echo off. */
static int
prompt(struct buffer *out, const char *question, struct error *err)
{
	struct buffer text = {
		.kind = BUFFER_SECRET, .max = SECRET_MAX + 2 * BLOCK
	};
	struct termios normal, silent;
	int fd = open_terminal();
	int result;

	if (fd < 0 || tcgetattr(fd, &normal) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(err, EX_CONFIG, "there is no password, and no "
		    "terminal to ask for one");
	}
	silent = normal;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0 ||
	    write(fd, question, strlen(question)) < 0)
		result = fail(err, EX_CONFIG, "cannot ask at the terminal: "
		    "%s", strerror(errno));
	else
		result = read_typed(&text, fd, err);
	tcsetattr(fd, TCSANOW, &normal);
	close(fd);
	if (result == 0)
		result = take_line(out, &text, err);
	buffer_free(&text);
	return result;
}

/* Who is asked for: the server, or the account where it has no host. */
static int
ask(struct buffer *out, const struct account *a, struct error *err)
{
	struct buffer question = {0};
	char quote[ESCAPE_QUOTE];
	int result;

	escape_string(quote, sizeof(quote), a->user);
	buffer_addf(&question, "onehop: password of %s", quote);
	escape_string(quote, sizeof(quote), a->host.n > 0 ? a->host.at[0]
	    : a->name);
	buffer_addf(&question, " at %s: ", quote);
	result = prompt(out, buffer_string(&question), err);
	buffer_free(&question);
	if (result != 0)
		hint(err, "set passwordeval to a command that prints the "
		    "password");
	return result;
}

int
secret_get(struct buffer *out, const struct account *a, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int result;

	signals_hold();
	if (a->password[0] != '\0')
		result = buffer_add_string(out, a->password) == 0 ? 0
		    : fail(err, EX_CONFIG, "the password is too long");
	else if (a->passwordeval[0] != '\0')
		result = secret_command(out, a->passwordeval,
		    SECRET_COMMAND_SECONDS, err);
	else
		result = ask(out, a, err);
	if (result != 0)
		wrap(err, "account \"%s\"",
		    escape_string(quote, sizeof(quote), a->name));
	return result;
}
