/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of a coverage build only (configure --enable-coverage). gcov writes its
 * counters when a program returns from main(), and a file is lost if the
 * program is killed meanwhile. Here a process of its own writes them, at the
 * end, before _exit() and before a signal that the program sends itself or lets
 * in; the linker sends these calls through here. A program that SIGKILL ends
 * leaves no counters. The sandbox keeps the right to write them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"

/* The list of objects with counters, the first member of libgcov's root. */
extern void *__gcov_root;
void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int code) __attribute__((noreturn));
int __real_raise(int number);
int __real_sandbox_confine(const struct sandbox_needs *needs);
void __wrap__exit(int code) __attribute__((noreturn));
int __real_sigprocmask(int how, const sigset_t *set, sigset_t *before);
int __wrap_raise(int number);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *before);
int __wrap_sandbox_confine(const struct sandbox_needs *needs);

/*
 * The child is no member of the caller's process group, which tests kill, has
 * no tracer that makes its system calls fail, and holds nothing open. What gcov
 * cannot write it does not tell: any user's run adds to the counters if it may.
 */
static void
dump(void)
{
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	sigset_t all, none, before;
	pid_t child;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &all, &before);
	child = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL,
	    NULL, NULL, NULL);
	if (child == 0) {
		alarm(60);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		(void)setrlimit(RLIMIT_FSIZE, &any);
		(void)close_range(0, ~0U, 0);
		for (int i = 0; i <= STDERR_FILENO; i++)
			(void)open("/dev/null", O_RDONLY);
		umask(0);
		__gcov_dump();
		__real__exit(0);
	}
	if (child > 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			continue;
	__gcov_reset();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* The program itself has nothing left to write. */
static void
end(void)
{
	dump();
	__gcov_root = NULL;
}

__attribute__((constructor)) static void
register_end(void)
{
	atexit(end);
}

void
__wrap__exit(int code)
{
	dump();
	__real__exit(code);
}

static int
is_deadly(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_DFL;
}

/* Ends the process, unless the signal is handled. */
int
__wrap_raise(int number)
{
	if (is_deadly(number))
		dump();
	return __real_raise(number);
}

/* Ends the process, if a signal that is no longer blocked has come. */
int
__wrap_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t came;

	sigemptyset(&came);
	if (how == SIG_UNBLOCK)
		sigpending(&came);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		int number = ending[i];

		if (sigismember(&came, number) == 1 &&
		    sigismember(set, number) == 1 && is_deadly(number)) {
			dump();
			break;
		}
	}
	return __real_sigprocmask(how, set, before);
}

/* The sandbox as it is, with one more place to write to. */
int
__wrap_sandbox_confine(const struct sandbox_needs *needs)
{
	struct sandbox_needs more = *needs;
	struct sandbox_path *paths = calloc(needs->n + 1, sizeof(*paths));
	int result;

	if (paths == NULL)
		return __real_sandbox_confine(needs);
	if (needs->n > 0)
		memcpy(paths, needs->paths, needs->n * sizeof(*paths));
	paths[more.n].path = COVERAGE_DIRECTORY;
	paths[more.n++].right = SANDBOX_KEEP;
	more.paths = paths;
	result = __real_sandbox_confine(&more);
	free(paths);
	return result;
}
