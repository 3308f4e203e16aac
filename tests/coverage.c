/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of a coverage build only (configure --enable-coverage). gcov writes its
 * counters when a program returns from main(); the linker sends the calls that
 * end a process in other ways through here, and the one that would forbid it
 * to write them. A process that is killed by SIGKILL leaves no counters.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sandbox.h"

void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int code) __attribute__((noreturn));
int __real_raise(int number);
int __real_sandbox_confine(const struct sandbox_needs *needs);
void __wrap__exit(int code) __attribute__((noreturn));
int __wrap_raise(int number);
int __wrap_sandbox_confine(const struct sandbox_needs *needs);

/* Any user's run adds to the counters; what gcov cannot write it does not tell
 * on stderr, which tests read. */
static void
prepare(void)
{
	umask(0);
	setenv("GCOV_ERROR_FILE", "/dev/null", 1);
}

__attribute__((constructor)) static void
register_prepare(void)
{
	atexit(prepare);
}

static void
dump(void)
{
	prepare();
	__gcov_dump();
	__gcov_reset();
}

void
__wrap__exit(int code)
{
	dump();
	__real__exit(code);
}

/* Ends the process, unless the signal is handled. */
int
__wrap_raise(int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_DFL)
		dump();
	return __real_raise(number);
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
