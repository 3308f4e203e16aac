/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/poll.h"
#include "base/xmalloc.h"

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
child_start(pid_t *pid, const char *command, int in, int out,
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
child_wait(pid_t pid, int *status, int64_t deadline, struct error *err)
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
child_judge(int status, int code, struct error *err)
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
child_kill(pid_t pid)
{
	/* one that became another user's is out of reach: init reaps it */
	int flags = kill(-pid, SIGKILL) == 0 ? 0 : WNOHANG;

	while (waitpid(pid, NULL, flags) < 0 && errno == EINTR)
		continue;
}
