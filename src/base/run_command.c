/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/run_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/escape.h"
#include "base/oneline.h"
#include "base/poll.h"
#include "base/xmalloc.h"

/* All that the command prints, and how it ends. */
static int
collect(struct buffer *text, pid_t pid, int fd, int64_t deadline,
    struct error *err)
{
	int status = 0;
	int more;

	do
		more = oneline_read(text, fd, deadline, err);
	while (more > 0);
	if (more == 0) {
		more = child_wait(pid, &status, deadline, err);
		if (more > 0)
			return child_judge(status, EX_CONFIG, err);
		if (more == 0)
			fail(err, EX_CONFIG, "timed out");
	}
	child_kill(pid);
	return -1;
}

/* The line of a command that runs; closes its output. */
static int
take_line(struct buffer *out, pid_t pid, int fd, unsigned seconds,
    struct error *err)
{
	struct buffer text = ONELINE_BUFFER;
	int result = collect(&text, pid, fd,
	    deadline_in((int64_t)seconds * 1000), err);

	close(fd);
	if (result == 0)
		result = oneline_take(out, &text, err);
	buffer_free(&text);
	return result;
}

/* Starts it with stdin on that descriptor, or -1; its output can be read from
 * *out. */
static int
start(pid_t *pid, const char *text, int in, int *out, struct error *err)
{
	int result, ends[2];

	if (pipe(ends) != 0)
		return fail(err, EX_OSERR, "cannot make a pipe: %s",
		    strerror(errno));
	result = child_start(pid, text, in, ends[1], err);
	close(ends[1]);
	if (result == 0)
		*out = ends[0];
	else
		close(ends[0]);
	return result;
}

int
command_read(struct buffer *out, const char *command, unsigned seconds,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	pid_t pid;
	int fd;

	if (start(&pid, command, -1, &fd, err) == 0 &&
	    take_line(out, pid, fd, seconds, err) == 0)
		return 0;
	return wrap(err, "command \"%s\"",
	    escape_string(quote, sizeof(quote), command));
}

int
command_prepare(struct command *c, const char *text, struct error *err)
{
	/* at the end of input, that is of us, it ends as well */
	char *script = xasprintf("read -r word || exit\nexec </dev/null\n%s",
	    text);
	int result, ends[2];

	if (pipe(ends) != 0) {
		free(script);
		return fail(err, EX_OSERR, "cannot make a pipe: %s",
		    strerror(errno));
	}
	result = start(&c->pid, script, ends[0], &c->out, err);
	free(script);
	close(ends[0]);
	if (result == 0)
		c->in = ends[1];
	else
		close(ends[1]);
	return result;
}

int
command_run(struct command *c, struct buffer *out, unsigned seconds,
    struct error *err)
{
	pid_t pid = c->pid;
	int told = write(c->in, "\n", 1) == 1;

	close(c->in);
	c->pid = 0;
	if (told)
		return take_line(out, pid, c->out, seconds, err);
	close(c->out);
	child_kill(pid);
	return fail(err, EX_OSERR, "cannot tell the command to run: %s",
	    strerror(errno));
}

void
command_dismiss(struct command *c)
{
	if (c->pid == 0)
		return;
	close(c->in);
	close(c->out);
	child_kill(c->pid);
	c->pid = 0;
}
