/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <resolv.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xmalloc.h"

#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#ifdef HAVE_SYS_AUXV_H
#include <sys/auxv.h>
#endif
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

void
platform_wipe(void *data, size_t len)
{
#ifdef HAVE_EXPLICIT_BZERO
	explicit_bzero(data, len);
#else
	volatile unsigned char *p = data;

	while (len-- > 0)
		*p++ = 0;
#endif
}

int
platform_random(void *data, size_t len)
{
	return getentropy(data, len);
}

int
platform_is_elevated(void)
{
#if defined(HAVE_ISSETUGID)
	return issetugid();
#elif defined(HAVE_GETAUXVAL)
	return getauxval(AT_SECURE) != 0;
#else
	return geteuid() != getuid() || getegid() != getgid();
#endif
}

void
platform_hide_memory(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* For systems and file systems that know no file without a name. */
static int
open_and_unlink(const char *directory)
{
	char *path = xasprintf("%s/.onehop.XXXXXX", directory);
	int fd = mkstemp(path);

	if (fd >= 0) {
		unlink(path);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	free(path);
	return fd;
}

int
platform_open_unnamed(const char *directory)
{
	int fd = -1;

#ifdef O_TMPFILE
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#endif
	if (fd < 0)
		fd = open_and_unlink(directory);
	if (fd >= 0)
		fchmod(fd, 0600);
	return fd;
}

int
platform_reserve(int fd, off_t n)
{
#ifdef FALLOC_FL_KEEP_SIZE
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, n) != 0)
		if (errno != EINTR)
			return errno == ENOSPC || errno == EDQUOT ? -1 : 0;
#else
	(void)fd, (void)n;
#endif
	return 0;
}

void
platform_close_from(int first)
{
	long max;

#ifdef HAVE_CLOSE_RANGE
	if (close_range((unsigned)first, ~0u, 0) == 0)
		return;
#endif
	max = sysconf(_SC_OPEN_MAX);
	for (long fd = first; fd < (max > 0 ? max : 1024); fd++)
		close((int)fd);
}

void
platform_acknowledge(int fd)
{
#ifdef TCP_QUICKACK
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)fd;
#endif
}

int
platform_is_unknown_host(int eai)
{
#ifdef EAI_NODATA
	if (eai == EAI_NODATA)
		return 1;
#endif
#ifdef EAI_ADDRFAMILY
	if (eai == EAI_ADDRFAMILY)
		return 1;
#endif
	return eai == EAI_NONAME;
}

int
platform_strips_authentic(void)
{
#ifdef RES_TRUSTAD
	return 1;
#else
	return 0;
#endif
}

#if defined(SYS_landlock_create_ruleset)
/*
 * Landlock. The C library has no functions for it, and <linux/landlock.h> is
 * often older than the kernel that we run on: so the kernel's numbers stand
 * here, with the version (ABI) that brought them.
 */
enum {
	LANDLOCK_VERSION = 1,           /* create_ruleset: a question */
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

/* Everything that this kernel can take away and that is not needed. */
static struct landlock_ruleset
landlock_handled(long abi, const struct platform_needs *needs)
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

/* Leaves one path to us; a path that is not there needs no leave. */
static void
landlock_allow(int ruleset, uint64_t handled,
    const struct platform_path *path)
{
	static const uint64_t rights[] = {
		[PLATFORM_READ] = FS_READ_FILE | FS_READ_DIR,
		[PLATFORM_WRITE] = FS_READ_FILE | FS_WRITE_FILE,
		[PLATFORM_KEEP] = FS_READ_FILE | FS_READ_DIR |
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

/* The three system calls, in a child; the answers do not matter. */
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

int
platform_confine(const struct platform_needs *needs)
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
#elif defined(HAVE_PLEDGE) && defined(HAVE_UNVEIL)
int
platform_confine(const struct platform_needs *needs)
{
	static const char *const rights[] = {
		[PLATFORM_READ] = "r",
		[PLATFORM_WRITE] = "rw",
		[PLATFORM_KEEP] = "rwc"
	};

	for (size_t i = 0; i < needs->n; i++)
		(void)unveil(needs->paths[i].path,
		    rights[needs->paths[i].right]);
	/* setsockopt() alone needs "inet"; "error" spares us the SIGABRT */
	return pledge(needs->signals
	    ? "stdio rpath wpath cpath fattr flock unix inet dns getpw error "
	    "proc"
	    : "stdio rpath wpath cpath fattr flock unix inet dns getpw error",
	    NULL);
}
#else
int
platform_confine(const struct platform_needs *needs)
{
	(void)needs;
	return -1;
}
#endif

unsigned
platform_columns(int fd)
{
#ifdef TIOCGWINSZ
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
#else
	(void)fd;
#endif
	return 0;
}
