/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sandbox of Linux: Landlock, and a filter of system calls. */
#include "config.h"

#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/seccomp.h"

/*
 * The C library has no functions for Landlock, and <linux/landlock.h> is often
 * older than the running kernel: these are the kernel's numbers, each with the
 * version (ABI) that introduced it.
 */
enum {
	LANDLOCK_VERSION = 1,           /* create_ruleset: query */
	LANDLOCK_PATH_BENEATH = 1,      /* add_rule */
	SECCOMP_FILTERED = 2,           /* PR_GET_SECCOMP: a filter */

	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_ALL_1 = (1 << 13) - 1,       /* ABI 1: EXECUTE to MAKE_SYM */
	FS_REFER = 1 << 13,             /* 2: rename between directories */
	FS_TRUNCATE = 1 << 14,          /* 3 */
	FS_IOCTL_DEV = 1 << 15,         /* 5 */
	NET_TCP = 3,                    /* 4: bind and connect */
	SCOPE_ABSTRACT_SOCKET = 1 << 0, /* 6 */
	SCOPE_SIGNAL = 1 << 1           /* 6 */
};

struct landlock_ruleset {
	uint64_t fs, net, scoped;
};

struct landlock_path_beneath {
	uint64_t allowed;
	int32_t parent;
};

/* Returns the rights that this kernel can remove and needs does not list. */
static struct landlock_ruleset
landlock_handled(long abi, const struct sandbox_needs *needs)
{
	struct landlock_ruleset handled = { .fs = FS_ALL_1 };

	if (abi >= 2)
		handled.fs |= FS_REFER;
	if (abi >= 3)
		handled.fs |= FS_TRUNCATE;
	if (abi >= 4 && !needs->network)
		handled.net = NET_TCP;
	if (abi >= 5)
		handled.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		handled.scoped = SCOPE_ABSTRACT_SOCKET;
	if (abi >= 6 && !needs->signals)
		handled.scoped |= SCOPE_SIGNAL;
	return handled;
}

/* Keeps the rights to one path; a path that does not exist is skipped. */
static void
landlock_allow(int ruleset, uint64_t handled,
    const struct sandbox_path *path)
{
	static const uint64_t rights[] = {
		[SANDBOX_READ] = FS_READ_FILE | FS_READ_DIR,
		[SANDBOX_WRITE] = FS_READ_FILE | FS_WRITE_FILE,
		[SANDBOX_KEEP] = FS_READ_FILE | FS_READ_DIR |
		    FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG |
		    FS_REMOVE_FILE | FS_MAKE_DIR | FS_REMOVE_DIR | FS_REFER
	};
	const uint64_t of_file = FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
	struct landlock_path_beneath rule = {
		.allowed = rights[path->right] & handled,
		.parent = open(path->path, O_PATH | O_CLOEXEC)
	};
	struct stat st;

	if (rule.parent < 0)
		return;
	if (fstat(rule.parent, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= of_file;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule,
	    0);
	close(rule.parent);
}

/* Makes the three system calls, in a child, whatever they return. */
static void
landlock_try(void)
{
	struct landlock_ruleset none = { .fs = FS_ALL_1 };
	long ruleset;

	signal(SIGSYS, SIG_DFL);
	syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	ruleset = syscall(SYS_landlock_create_ruleset, &none, sizeof(none), 0);
	syscall(SYS_landlock_add_rule, ruleset, 0, NULL, 0);
	syscall(SYS_landlock_restrict_self, ruleset, 0);
	_exit(0);
}

/* Some seccomp filters kill the caller of a system call that they do not
 * list: where one is active, a child tries first. */
static int
landlock_is_deadly(void)
{
	int status = -1;
	pid_t child;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_FILTERED)
		return 0;
	child = fork();
	if (child == 0)
		landlock_try();
	if (child > 0)
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			continue;
	return status != 0;
}

static int
landlock_confine(const struct sandbox_needs *needs)
{
	struct landlock_ruleset handled;
	long abi, ruleset, result;

	if (landlock_is_deadly())
		return -1;
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || abi < 1)
		return -1;
	handled = landlock_handled(abi, needs);
	ruleset = syscall(SYS_landlock_create_ruleset, &handled,
	    sizeof(handled), 0);
	if (ruleset < 0)
		return -1;
	for (size_t i = 0; i < needs->n; i++)
		landlock_allow((int)ruleset, handled.fs, &needs->paths[i]);
	result = syscall(SYS_landlock_restrict_self, ruleset, 0);
	close((int)ruleset);
	return result == 0 ? 0 : -1;
}

int
sandbox_confine(const struct sandbox_needs *needs)
{
	int of_landlock = landlock_confine(needs);
	int of_seccomp = seccomp_confine(needs);

	return of_landlock == 0 && of_seccomp == 0 ? 0 : -1;
}
