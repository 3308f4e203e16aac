/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/run_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/xmalloc.h"

/* Octets that one read takes. */
#define BLOCK ((size_t)4096)

/* What helpers of password managers need to find the user's agents. */
static const char *const passed[] = {
	"HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "GPG_TTY",
	"GNUPGHOME", "PASSWORD_STORE_DIR", "SSH_AUTH_SOCK", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
	"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	"XDG_STATE_HOME", "XDG_CACHE_HOME", "CREDENTIALS_DIRECTORY",
};
#define NPASSED (sizeof(passed) / sizeof(passed[0]))

/* An environment made from nothing but the names above; owned. */
static char **
make_environment(void)
{
	char **environment = xcalloc(NPASSED + 4, sizeof(*environment));
	const char *path = getenv("PATH");
	char terminal[64];
	size_t n = 0;

	environment[n++] = xasprintf("PATH=%s", path != NULL ? path
	    : "/usr/local/bin:/usr/bin:/bin");
	environment[n++] = xstrdup("LANG=C");
	for (size_t i = 0; i < NPASSED; i++) {
		const char *value = getenv(passed[i]);

		if (value != NULL)
			environment[n++] = xasprintf("%s=%s", passed[i],
			    value);
	}
	/* gpg cannot find the terminal itself: stdin and stdout are not it. */
	if (getenv("GPG_TTY") == NULL &&
	    ttyname_r(STDERR_FILENO, terminal, sizeof(terminal)) == 0)
		environment[n++] = xasprintf("GPG_TTY=%s", terminal);
	return environment;
}

static void
free_environment(char **environment)
{
	for (size_t i = 0; environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

/* Whatever our caller or we ignored or blocked, the command starts afresh. */
static void
reset_signals(void)
{
	static const int numbers[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD,
		SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGXCPU, SIGXFSZ
	};
	sigset_t none;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The child's side; only async-signal-safe calls. */
static void
become(const char *command, int in, int out, char **environment)
{
	const char *argv[] = { "sh", "-c", command, NULL };
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	reset_signals();
	if (dup2(in >= 0 ? in : null, STDIN_FILENO) < 0 ||
	    dup2(out >= 0 ? out : null, STDOUT_FILENO) < 0)
		_exit(127);
	platform_close_from(STDERR_FILENO + 1);
	execve("/bin/sh", (char *const *)argv, environment);
	_exit(127);
}

int
command_start(pid_t *pid, const char *command, int in, int out,
    struct error *err)
{
	char **environment = make_environment();

	*pid = fork();
	if (*pid == 0)
		become(command, in, out, environment);
	free_environment(environment);
	if (*pid < 0)
		return fail(err, EX_OSERR, "cannot fork: %s",
		    strerror(errno));
	setpgid(*pid, *pid); /* too: whoever comes first */
	return 0;
}

int
command_wait(pid_t pid, int *status, int64_t deadline, struct error *err)
{
	for (int64_t pause = 1; ; pause = pause < 64 ? 2 * pause : pause) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended == pid)
			return 1;
		if (ended < 0 && errno != EINTR)
			return fail(err, EX_OSERR, "cannot learn how the "
			    "command ended: %s", strerror(errno));
		if (deadline_now() >= deadline)
			return 0;
		if (poll_any(NULL, 0, deadline_first(deadline,
		    deadline_in(pause)), err) < 0)
			return -1;
	}
}

int
command_judge(int status, int code, struct error *err)
{
	if (WIFSIGNALED(status))
		return fail(err, code, "killed by signal %d",
		    WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return 0;
	fail(err, code, "exit status %d", WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 127)
		hint(err, "the shell found no such command in PATH");
	return -1;
}

void
command_kill(pid_t pid)
{
	/* one that became another user's is out of reach: init reaps it */
	int flags = kill(-pid, SIGKILL) == 0 ? 0 : WNOHANG;

	while (waitpid(pid, NULL, flags) < 0 && errno == EINTR)
		continue;
}

int
first_line_read(struct buffer *text, int fd, int64_t deadline,
    struct error *err)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int ready = poll_any(&p, 1, deadline, err);
	char *room = buffer_reserve(text, BLOCK);
	ssize_t n;

	if (ready < 0)
		return -1;
	if (ready == 0)
		return fail(err, EX_CONFIG, "timed out");
	if (room == NULL)
		return fail(err, EX_CONFIG, "more than %zu octets came",
		    FIRST_LINE_MAX);
	do
		n = read(fd, room, BLOCK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, EX_CONFIG, "cannot read: %s",
		    strerror(errno));
	text->len += (size_t)n;
	return n > 0;
}

int
first_line_take(struct buffer *out, const struct buffer *text,
    struct error *err)
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
	if (n > FIRST_LINE_MAX || buffer_add(out, line, n) != 0)
		return fail(err, EX_CONFIG, "more than %zu octets came",
		    FIRST_LINE_MAX);
	return 0;
}

/* All that the command prints, and how it ends. */
static int
collect(struct buffer *text, pid_t pid, int fd, int64_t deadline,
    struct error *err)
{
	int status = 0;
	int more;

	do
		more = first_line_read(text, fd, deadline, err);
	while (more > 0);
	if (more == 0) {
		more = command_wait(pid, &status, deadline, err);
		if (more > 0)
			return command_judge(status, EX_CONFIG, err);
		if (more == 0)
			fail(err, EX_CONFIG, "timed out");
	}
	command_kill(pid);
	return -1;
}

/* The line of a command that runs; closes its output. */
static int
take_line(struct buffer *out, pid_t pid, int fd, unsigned seconds,
    struct error *err)
{
	struct buffer text = FIRST_LINE_BUFFER;
	int result = collect(&text, pid, fd,
	    deadline_in((int64_t)seconds * 1000), err);

	close(fd);
	if (result == 0)
		result = first_line_take(out, &text, err);
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
	result = command_start(pid, text, in, ends[1], err);
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
	command_kill(pid);
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
	command_kill(c->pid);
	c->pid = 0;
}
