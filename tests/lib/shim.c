/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded into the program under test: calls that fail on request.
 *
 *	SHIM_RESOLVE   again noname fail memory system, or addresses with
 *	               commas between; many: 500 loopback addresses; slow: again
 *	               after five seconds
 *	SHIM_SOCKET    emfile
 *	SHIM_CONNECT   eintr, eperm, refused, unreachable, self
 *	SHIM_WRITE     enospc: half of a write to a regular file, then no more
 *	SHIM_ESCAPE    a directory: with the first octets from the server comes
 *	               code of the server's, which tries to get out; stderr has
 *	               "escape: WHAT: RESULT" for each way
 *	SHIM_SYSLOG    stderr: what goes to syslog goes there
 *	SHIM_USERS     fail: the user database does not answer; none: it has no
 *	               entry
 *	SHIM_LANDLOCK  N: the kernel of Landlock ABI N; 0: without Landlock
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

static int
asked(const char *name, const char *value)
{
	const char *set = getenv(name);

	return set != NULL && strcmp(set, value) == 0;
}

/* dlsym() gives an object pointer; ISO C wants the detour. */
#define REAL(type, function) \
	type *real; \
	*(void **)&real = dlsym(RTLD_NEXT, function)

typedef int resolver(const char *, const char *, const struct addrinfo *,
    struct addrinfo **);
typedef int creator(int, int, int);
typedef int connector(int, const struct sockaddr *, socklen_t);
typedef ssize_t writer(int, const void *, size_t);
typedef ssize_t receiver(int, void *, size_t, int);
typedef long caller(long, ...);
typedef struct passwd *by_number(uid_t);
typedef struct passwd *by_name(const char *);

/* Puts the answer for one numeric address at the end of the list. */
static int
append(struct addrinfo **list, const char *address, const char *port,
    const struct addrinfo *hints)
{
	struct addrinfo numeric = *hints;
	REAL(resolver, "getaddrinfo");

	while (*list != NULL)
		list = &(*list)->ai_next;
	numeric.ai_flags = AI_NUMERICHOST;
	return real(address, port, &numeric, list);
}

static int
answer_many(const char *port, const struct addrinfo *hints,
    struct addrinfo **answer)
{
	char address[16];
	int error = 0;

	for (int i = 0; error == 0 && i < 500; i++) {
		snprintf(address, sizeof(address), "127.0.%d.%d",
		    1 + i / 250, 1 + i % 250);
		error = append(answer, address, port, hints);
	}
	return error;
}

static int
answer_list(const char *addresses, const char *port,
    const struct addrinfo *hints, struct addrinfo **answer)
{
	char *copy = strdup(addresses), *rest = copy, *address;
	int error = 0;

	while (error == 0 && (address = strtok_r(rest, ",", &rest)) != NULL)
		error = append(answer, address, port, hints);
	free(copy);
	return error;
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **answer)
{
	static const struct {
		const char *word;
		int error;
	} failures[] = {
		{ "again", EAI_AGAIN }, { "noname", EAI_NONAME },
		{ "fail", EAI_FAIL }, { "memory", EAI_MEMORY },
		{ "system", EAI_SYSTEM },
	};
	const char *wanted = getenv("SHIM_RESOLVE");
	REAL(resolver, "getaddrinfo");

	if (wanted == NULL || (hints->ai_flags & AI_NUMERICHOST))
		return real(host, port, hints, answer);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (strcmp(wanted, failures[i].word) == 0) {
			errno = EIO;
			return failures[i].error;
		}
	if (strcmp(wanted, "slow") == 0) {
		sleep(5);
		return EAI_AGAIN;
	}
	*answer = NULL;
	if (strcmp(wanted, "many") == 0)
		return answer_many(port, hints, answer);
	return answer_list(wanted, port, hints, answer);
}

int
socket(int domain, int type, int protocol)
{
	REAL(creator, "socket");

	if (domain != AF_UNIX && asked("SHIM_SOCKET", "emfile")) {
		errno = EMFILE;
		return -1;
	}
	return real(domain, type, protocol);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	static const struct {
		const char *word;
		int error;
	} failures[] = {
		{ "eperm", EPERM }, { "refused", ECONNREFUSED },
		{ "unreachable", ENETUNREACH },
	};
	REAL(connector, "connect");

	if (to->sa_family == AF_UNIX)
		return real(fd, to, len);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (asked("SHIM_CONNECT", failures[i].word)) {
			errno = failures[i].error;
			return -1;
		}
	/* From the port that it asks for, TCP opens to itself. */
	if (asked("SHIM_CONNECT", "self"))
		(void)bind(fd, to, len);
	if (real(fd, to, len) == 0)
		return 0;
	if (errno == EINPROGRESS && asked("SHIM_CONNECT", "eintr"))
		errno = EINTR;
	return -1;
}

ssize_t
write(int fd, const void *data, size_t n)
{
	static int full;
	struct stat st;
	REAL(writer, "write");

	if (!asked("SHIM_WRITE", "enospc") || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return real(fd, data, n);
	if (full) {
		errno = ENOSPC;
		return -1;
	}
	full = 1;
	return real(fd, data, n / 2);
}

static void
tell(const char *what, int failed)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "escape: %s: %s\n", what,
	    failed ? strerrorname_np(errno) : "worked");

	syscall(SYS_write, STDERR_FILENO, line, n);
}

static void
try_file(const char *what, const char *home, const char *name, int flags)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", home, name);
	tell(what, open(path, flags, 0600) < 0);
}

/* Does the user database have nothing? Sets errno to what it says. */
static int
no_users(void)
{
	if (asked("SHIM_USERS", "fail"))
		errno = EIO;
	return asked("SHIM_USERS", "fail") || asked("SHIM_USERS", "none");
}

struct passwd *
getpwuid(uid_t uid)
{
	REAL(by_number, "getpwuid");

	return no_users() ? NULL : real(uid);
}

struct passwd *
getpwnam(const char *name)
{
	REAL(by_name, "getpwnam");

	return no_users() ? NULL : real(name);
}

/* A socket that was there before the sandbox, connected to nothing. */
#define KEPT 100

__attribute__((constructor))
static void
keep_socket(void)
{
	int fd = getenv("SHIM_ESCAPE") != NULL
	    ? (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) : -1;

	if (fd >= 0 && dup2(fd, KEPT) == KEPT)
		close(fd);
}

/*
 * Calls that fail, or do nothing, with these arguments: only a filter refuses
 * them with EACCES.
 */
static void
escape_by_call(void)
{
	char octet = 1, copy = 0;
	struct iovec from = { &octet, 1 }, to = { &copy, 1 };

	tell("trace", syscall(SYS_ptrace, PTRACE_PEEKDATA, getpid(), &octet,
	    &copy) != 0);
	tell("memory", process_vm_readv(getpid(), &to, 1, &from, 1, 0) != 1);
	tell("namespace", syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS, 0, 0,
	    0, 0) != 0);
	tell("namespace, clone3", syscall(435, NULL, 0) != 0);
	tell("kernel log", syscall(SYS_syslog, 10, NULL, 0) < 0);
#ifdef SYS_kexec_file_load
	tell("kexec", syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0) != 0);
#endif
#ifdef SYS_iopl
	tell("iopl", syscall(SYS_iopl, 0) != 0);
	tell("ioperm", syscall(SYS_ioperm, 0, 1, 0) != 0);
#endif
	tell("type", syscall(SYS_ioctl, -1, TIOCSTI, &octet) != 0);
	/* the kernel drops the upper half */
	tell("type, wide", syscall(SYS_ioctl, -1, 1L << 32 | TIOCSTI,
	    &octet) != 0);
	tell("paste", syscall(SYS_ioctl, -1, TIOCLINUX, &octet) != 0);
}

/* MSG_FASTOPEN connects a socket. */
static void
escape_by_flag(void)
{
	struct mmsghdr none = {0};

	tell("sendto", syscall(SYS_sendto, -1, "x", 1, MSG_FASTOPEN, NULL,
	    0) < 0);
	tell("sendmsg", syscall(SYS_sendmsg, -1, &none.msg_hdr,
	    MSG_FASTOPEN | MSG_NOSIGNAL) < 0);
	tell("sendmmsg", syscall(SYS_sendmmsg, -1, &none, 1,
	    MSG_FASTOPEN) < 0);
}

/* Which of the ways out of the process are open? */
static void
escape(const char *home)
{
	char name[] = "true", *argv[] = { name, NULL };
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	struct sockaddr_un agent = { .sun_family = AF_UNIX };

	snprintf(agent.sun_path, sizeof(agent.sun_path), "%s/agent", home);
	try_file("read", home, "/.ssh/id", O_RDONLY);
	try_file("config", home, "/config", O_RDONLY);
	try_file("create", home, "/escaped", O_WRONLY | O_CREAT);
	try_file("write", home, "/config", O_WRONLY);
	try_file("system", "/etc", "/group", O_RDONLY);
	tell("signal", kill(getppid(), 0) != 0);
	getpeername(3, (struct sockaddr *)&peer, &len);
	tell("connect", connect(socket(AF_INET, SOCK_STREAM, 0),
	    (struct sockaddr *)&peer, len) != 0);
	tell("agent", connect(socket(AF_UNIX, SOCK_STREAM, 0),
	    (struct sockaddr *)&agent, sizeof(agent)) != 0);
	tell("kept", connect(KEPT, (struct sockaddr *)&agent,
	    sizeof(agent)) != 0);
	tell("sctp", socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP) < 0);
	escape_by_call();
	escape_by_flag();
	if (fork() == 0) {
		execv("/bin/true", argv);
		tell("execute", 1);
		_exit(0);
	}
	wait(NULL);
}

ssize_t
recv(int fd, void *data, size_t n, int flags)
{
	static int tried;
	const char *home = getenv("SHIM_ESCAPE");
	REAL(receiver, "recv");
	ssize_t got = real(fd, data, n, flags);

	if (home != NULL && got > 0 && !tried) {
		tried = 1;
		escape(home);
	}
	return got;
}

/* Would a kernel of that ABI take the ruleset? */
static int
is_known(const uint64_t ruleset[3], int abi)
{
	uint64_t fs = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;

	return ruleset[0] >> fs == 0 && (abi >= 4 || ruleset[1] == 0) &&
	    (abi >= 6 || ruleset[2] == 0);
}

long
syscall(long number, ...)
{
	const char *wanted = getenv("SHIM_LANDLOCK");
	int abi = wanted != NULL ? atoi(wanted) : 0;
	REAL(caller, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (wanted != NULL && number == SYS_landlock_create_ruleset) {
		if (abi > 0 && a[0] == 0)
			return abi;
		errno = abi > 0 ? EINVAL : ENOSYS;
		if (abi == 0 || !is_known((const uint64_t *)a[0], abi))
			return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* No record of a test is for the system's log. */
static const char *log_name = "(none)";
static int log_facility;

void
openlog(const char *name, int options, int facility)
{
	(void)options;
	log_name = name;
	log_facility = facility;
}

static void
show_record(int level, const char *format, va_list args)
{
	dprintf(STDERR_FILENO, "syslog %s %d.%d: ", log_name,
	    log_facility >> 3, level);
	vdprintf(STDERR_FILENO, format, args);
	dprintf(STDERR_FILENO, "\n");
}

/* The two names of one call: by _FORTIFY_SOURCE and without. */
void
__syslog_chk(int level, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	if (asked("SHIM_SYSLOG", "stderr"))
		show_record(level, format, args);
	va_end(args);
}

void
syslog(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (asked("SHIM_SYSLOG", "stderr"))
		show_record(level, format, args);
	va_end(args);
}
