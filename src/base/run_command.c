/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/run_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/string_list.h"
#include "base/terminal.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

extern char **environ;

/* Octets that one read takes. */
#define BLOCK ((size_t)4096)

/* Milliseconds after which a command that prints nothing is looked at. */
#define LOOK_MS 100

/* Variables that make a shell or the loader run code, or read the command
 * otherwise. One that ends in "*" stands for all that begin so. */
static const char *const removed[] = {
	"LD_*", "DYLD_*", "_RLD*", "GCONV_PATH", "BASH_ENV", "ENV", "IFS",
	"CDPATH", "SHELLOPTS", "BASHOPTS", "GLOBIGNORE", "PS4", "BASH_FUNC_*"
};

static int
is_removed(const char *variable)
{
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++) {
		size_t n = strcspn(removed[i], "*");

		if (strncmp(variable, removed[i], n) == 0 &&
		    (len == n || removed[i][n] == '*'))
			return 1;
	}
	return variable[len] == '\0' ||
	    strncmp(variable + len, "=()", 3) == 0; /* a function of a shell */
}

static int
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static void
add_missing(struct string_list *environment, const char *name,
    const char *value)
{
	if (value != NULL && !is_set(name))
		string_list_add(environment, xasprintf("%s=%s", name, value));
}

static int
is_in(const struct string_list *list, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < list->n; i++)
		if (strncmp(list->at[i], variable, len) == 0)
			return 1;
	return 0;
}

/* The caller's environment without the variables above, and with those that
 * cron and services leave out. */
static void
make_environment(struct string_list *environment)
{
	const struct passwd *pw = NULL;
	char terminal[64];

	if (!is_set("HOME") || !is_set("USER") || !is_set("LOGNAME"))
		pw = getpwuid(geteuid());
	if (pw != NULL) {
		add_missing(environment, "HOME", pw->pw_dir);
		add_missing(environment, "USER", pw->pw_name);
		add_missing(environment, "LOGNAME", pw->pw_name);
	}
	add_missing(environment, "PATH", "/usr/local/bin:/usr/bin:/bin");
	/* gpg cannot find the terminal itself: stdin and stdout are not it. */
	if (ttyname_r(STDERR_FILENO, terminal, sizeof(terminal)) == 0)
		add_missing(environment, "GPG_TTY", terminal);
	for (char **variable = environ; *variable != NULL; variable++)
		if (!is_removed(*variable) && !is_in(environment, *variable))
			string_list_add(environment, xstrdup(*variable));
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
	struct string_list environment = {0};

	make_environment(&environment);
	*pid = fork();
	if (*pid == 0)
		become(command, in, out, environment.at);
	string_list_free(&environment);
	if (*pid < 0)
		return fail(err, EX_OSERR, "cannot fork: %s",
		    strerror(errno));
	setpgid(*pid, *pid); /* too: either may be first */
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
			return fail(err, EX_OSERR, "cannot wait for the "
			    "command: %s", strerror(errno));
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
	fail(err, WEXITSTATUS(status) == EX_TEMPFAIL ? EX_TEMPFAIL : code,
	    "exit status %d", WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 127)
		hint(err, "check that the command is installed and in PATH");
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
		return fail(err, EX_TEMPFAIL, "timed out");
	if (room == NULL)
		return fail(err, EX_CONFIG, "output has more than %zu octets",
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
		    ? "expected a password, not empty output"
		    : "expected a password, not an empty line");
	if (memchr(line, '\0', text->len) != NULL)
		return fail(err, EX_CONFIG, "expected a password without NUL");
	if (n > FIRST_LINE_MAX || buffer_add(out, line, n) != 0)
		return fail(err, EX_CONFIG, "line has more than %zu octets",
		    FIRST_LINE_MAX);
	return 0;
}

/* Reads one block as first_line_read() does. Meanwhile the command gets the
 * terminal if it needs it. */
static int
read_block(struct buffer *text, pid_t pid, int fd, struct terminal_loan *loan,
    int64_t deadline, struct error *err)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int ready = 0;

	while (loan->fd >= 0 && ready == 0 && deadline_now() < deadline) {
		terminal_lend_if_stopped(loan, pid);
		ready = poll_any(&p, 1, deadline_first(deadline,
		    deadline_in(LOOK_MS)), err);
	}
	return ready < 0 ? -1 : first_line_read(text, fd, deadline, err);
}

/* Returns whether ^C or ^\ at the lent terminal has ended the command, which
 * is meant for this process, too. */
static int
is_interrupted(const struct terminal_loan *loan, int status,
    struct error *err)
{
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (!loan->is_lent || (number != SIGINT && number != SIGQUIT))
		return 0;
	raise(number);
	return poll_any(NULL, 0, deadline_now(), err) < 0;
}

/* All that the command prints, and how it ends. */
static int
collect(struct buffer *text, pid_t pid, int fd, int64_t deadline,
    struct error *err)
{
	struct terminal_loan loan;
	int status = 0, ended = 0, more;

	terminal_loan_begin(&loan);
	do
		more = read_block(text, pid, fd, &loan, deadline, err);
	while (more > 0);
	if (more == 0) {
		ended = command_wait(pid, &status, deadline, err);
		if (ended == 0)
			fail(err, EX_TEMPFAIL, "timed out");
	}
	if (ended <= 0)
		command_kill(pid);
	terminal_loan_end(&loan);
	if (ended <= 0 || is_interrupted(&loan, status, err))
		return -1;
	return command_judge(status, EX_CONFIG, err);
}

/* Starts it; its output can be read from *out. */
static int
start(pid_t *pid, const char *text, int *out, struct error *err)
{
	int result, ends[2];

	if (pipe(ends) != 0)
		return fail(err, EX_OSERR, "cannot make a pipe: %s",
		    strerror(errno));
	result = command_start(pid, text, -1, ends[1], err);
	close(ends[1]);
	if (result == 0)
		*out = ends[0];
	else
		close(ends[0]);
	return result;
}

static int
wrap_command(struct error *err, const char *command)
{
	char quote[ESCAPE_QUOTE];

	return wrap(err, "command \"%s\"",
	    escape_string(quote, sizeof(quote), command));
}

int
command_output(struct buffer *text, const char *command, unsigned seconds,
    struct error *err)
{
	pid_t pid;
	int fd, result = start(&pid, command, &fd, err);

	if (result == 0) {
		result = collect(text, pid, fd,
		    deadline_in((int64_t)seconds * 1000), err);
		close(fd);
	}
	return result == 0 ? 0 : wrap_command(err, command);
}

int
command_read(struct buffer *out, const char *command, unsigned seconds,
    struct error *err)
{
	struct buffer text = FIRST_LINE_BUFFER;
	int result = command_output(&text, command, seconds, err);

	if (result == 0 && first_line_take(out, &text, err) != 0)
		result = wrap_command(err, command);
	buffer_free(&text);
	return result;
}

int
command_write(const char *command, const struct buffer *text,
    unsigned seconds, struct error *err)
{
	int ends[2], status = 0, result;
	pid_t pid;

	if (pipe(ends) != 0)
		return fail(err, EX_OSERR, "cannot make a pipe: %s",
		    strerror(errno));
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	result = command_start(&pid, command, ends[0], -1, err);
	close(ends[0]);
	/* A command that reads nothing is judged by its exit status. */
	if (result == 0)
		(void)write_all(ends[1], text->data, text->len);
	close(ends[1]);
	if (result != 0)
		return -1;
	result = command_wait(pid, &status,
	    deadline_in((int64_t)seconds * 1000), err);
	if (result > 0)
		return command_judge(status, EX_CONFIG, err);
	command_kill(pid);
	return result == 0 ? fail(err, EX_TEMPFAIL, "timed out") : -1;
}

int
command_succeeds(const char *command, unsigned seconds, struct error *err)
{
	struct error unneeded = {0};
	pid_t pid;
	int status = 0, ended;

	if (command_start(&pid, command, -1, -1, err) != 0)
		return -1;
	ended = command_wait(pid, &status,
	    deadline_in((int64_t)seconds * 1000), err);
	if (ended > 0)
		return command_judge(status, EX_CONFIG, &unneeded) == 0;
	command_kill(pid);
	return ended;
}
