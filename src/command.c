/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "command.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "escape.h"
#include "oneline.h"
#include "wait.h"

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
		more = oneline_read(text, fd, deadline, err);
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
command_read(struct buffer *out, const char *command, unsigned seconds,
    struct error *err)
{
	struct buffer text = ONELINE_BUFFER;
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
		result = oneline_take(out, &text, err);
	buffer_free(&text);
	if (result != 0)
		wrap(err, "command \"%s\"",
		    escape_string(quote, sizeof(quote), command));
	return result;
}
