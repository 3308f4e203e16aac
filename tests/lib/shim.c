/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded into the program under test: calls that fail on request.
 *
 *	SHIM_RESOLVE   again noname fail memory system, or addresses with
 *	               commas between; many: 500 loopback addresses
 *	SHIM_SOCKET    emfile
 *	SHIM_CONNECT   eintr, eperm, self
 *	SHIM_WRITE     enospc: half of a write to a regular file, then no more
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
	REAL(connector, "connect");

	if (to->sa_family == AF_UNIX)
		return real(fd, to, len);
	if (asked("SHIM_CONNECT", "eperm")) {
		errno = EPERM;
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
