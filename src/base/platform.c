/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmalloc.h"

#ifdef __linux__
#include <linux/audit.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#endif
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif
#ifdef HAVE_SYS_AUXV_H
#include <sys/auxv.h>
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
platform_random_hex(char *text, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[32];

	if (platform_random(random, n / 2) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		text[i] = digits[random[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	text[n] = '\0';
	return 0;
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

int
platform_is_of_procfs(int fd)
{
#ifdef __linux__
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
#else
	(void)fd;
	return 0;
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

int
platform_rename_new(int directory, const char *from, const char *to)
{
#if defined(SYS_renameat2) && defined(RENAME_NOREPLACE)
	if (syscall(SYS_renameat2, directory, from, directory, to,
	    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
#endif
	if (faccessat(directory, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(directory, from, directory, to);
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

int
platform_peer_user(int fd, uid_t *uid)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
	    peer.ss_family != AF_UNIX)
		return -1;
#if defined(SO_PEERCRED) && defined(__linux__)
	struct ucred who;

	len = sizeof(who);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return -1;
	*uid = who.uid;
	return 0;
#elif defined(HAVE_GETPEEREID)
	gid_t gid;

	return getpeereid(fd, uid, &gid);
#else
	(void)uid;
	return -1;
#endif
}

size_t
platform_unacknowledged(int fd)
{
#if defined(TIOCOUTQ)
	int n;

	if (ioctl(fd, TIOCOUTQ, &n) == 0 && n > 0)
		return (size_t)n;
#elif defined(FIONWRITE)
	int n;

	if (ioctl(fd, FIONWRITE, &n) == 0 && n > 0)
		return (size_t)n;
#else
	(void)fd;
#endif
	return 0;
}

uint32_t
platform_audit_machine(void)
{
#if defined(__linux__) && defined(__x86_64__)
	return AUDIT_ARCH_X86_64;
#elif defined(__linux__) && defined(__aarch64__) && defined(__AARCH64EL__)
	return AUDIT_ARCH_AARCH64;
#elif defined(__linux__) && defined(__riscv) && __riscv_xlen == 64
	return AUDIT_ARCH_RISCV64;
#else
	return 0;
#endif
}

int
platform_traces_itself(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return 1;
#else
	return 0;
#endif
#else
	return 0;
#endif
}

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
