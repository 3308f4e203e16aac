/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "memory.h"
#include "platform.h"
#include "wait.h"

/*
 * One question to the resolver, shared by two threads. The asker may leave
 * first: whoever is last frees it.
 */
struct question {
	pthread_mutex_t lock;
	int holders;
	int bell;          /* the thread closes it when it has the answer */
	char *host;
	char port[8];
	struct addrinfo *answer;
	int eai;
	int error;         /* errno, for EAI_SYSTEM */
};

static void
leave(struct question *q)
{
	int last;

	pthread_mutex_lock(&q->lock);
	last = --q->holders == 0;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	if (q->answer != NULL)
		freeaddrinfo(q->answer);
	pthread_mutex_destroy(&q->lock);
	free(q->host);
	free(q);
}

static void *
ask(void *argument)
{
	struct question *q = argument;
	struct addrinfo hints;
	int bell = q->bell;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
	q->eai = getaddrinfo(q->host, q->port, &hints, &q->answer);
	if (platform_is_unknown_host(q->eai)) {
		/* It may have addresses of a family that we lack: to name them
		 * says more than "not found". */
		hints.ai_flags = AI_NUMERICSERV;
		q->eai = getaddrinfo(q->host, q->port, &hints, &q->answer);
	}
	q->error = errno;
	leave(q);
	close(bell);
	return NULL;
}

/* Starts ask(); signals stay with the thread that waits for them. */
static int
start(struct question *q, int *bell, struct error *err)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int ends[2], failed;

	if (pipe(ends) != 0)
		return fail(err, EX_OSERR, "cannot create pipe: %s",
		    strerror(errno));
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	q->holders = 2;
	q->bell = ends[1];
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, &attributes, ask, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (failed) {
		q->holders = 1;
		close(ends[0]);
		close(ends[1]);
		return fail(err, EX_OSERR, "cannot start the resolver: %s",
		    strerror(failed));
	}
	*bell = ends[0];
	return 0;
}

/* What a failed look-up means. */
static int
explain(const char *host, int eai, int error, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	escape_string(quote, sizeof(quote), host);
	if (platform_is_unknown_host(eai))
		return fail(err, EX_NOHOST, "host %s not found", quote);
	if (eai == EAI_AGAIN)
		return fail(err, EX_TEMPFAIL, "cannot resolve %s (temporary)",
		    quote);
	return fail(err, EX_TEMPFAIL, "cannot resolve %s: resolver error: %s",
	    quote, eai == EAI_SYSTEM ? strerror(error) : gai_strerror(eai));
}

static void
append(struct resolve_list *list, const struct addrinfo *a)
{
	struct resolve_address *to = &list->at[list->n++];

	memset(to, 0, sizeof(*to));
	memcpy(&to->socket, a->ai_addr, a->ai_addrlen);
	to->len = a->ai_addrlen;
}

/* The next address from a on whose family is, or is not, this one. */
static const struct addrinfo *
next_of(const struct addrinfo *a, int family, int same)
{
	while (a != NULL && (a->ai_family == family) != same)
		a = a->ai_next;
	return a;
}

/* Takes over the resolver's order (RFC 6724), the families in turns. */
static void
interleave(struct resolve_list *list, const struct addrinfo *answer)
{
	int family = answer->ai_family;
	const struct addrinfo *one = answer;
	const struct addrinfo *other = next_of(answer, family, 0);

	memset(list, 0, sizeof(*list));
	while (one != NULL || other != NULL) {
		if (one != NULL && list->n < RESOLVE_MAX)
			append(list, one);
		else if (one != NULL)
			list->dropped++;
		if (other != NULL && list->n < RESOLVE_MAX)
			append(list, other);
		else if (other != NULL)
			list->dropped++;
		if (one != NULL)
			one = next_of(one->ai_next, family, 1);
		if (other != NULL)
			other = next_of(other->ai_next, family, 0);
	}
}

/* Waits for the bell; takes the answer or leaves it to the thread. */
static int
await_answer(struct question *q, int bell, struct resolve_list *list,
	int64_t deadline, struct error *err)
{
	struct pollfd p = { bell, POLLIN, 0 };
	char quote[ESCAPE_QUOTE];
	int ready = wait_any(&p, 1, deadline, err);

	close(bell);
	if (ready < 0)
		return -1;
	if (ready == 0) {
		fail(err, EX_TEMPFAIL, "cannot resolve %s (temporary): "
		    "timed out", escape_string(quote, sizeof(quote), q->host));
		return -1;
	}
	if (q->eai != 0)
		return explain(q->host, q->eai, q->error, err);
	interleave(list, q->answer);
	return 0;
}

/* getaddrinfo() for text that is an address already. */
static int
parse_numeric(struct addrinfo **answer, const char *text, unsigned port)
{
	struct addrinfo hints;
	char number[8];

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	snprintf(number, sizeof(number), "%u", port);
	return getaddrinfo(text, number, &hints, answer);
}

int
resolve_host(struct resolve_list *list, const char *host, unsigned port,
	int64_t deadline, struct error *err)
{
	struct addrinfo *answer;
	struct question *q;
	int result, bell = -1;

	if (parse_numeric(&answer, host, port) == 0) {
		interleave(list, answer);
		freeaddrinfo(answer);
		return 0;
	}
	q = xcalloc(1, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
	q->host = xstrdup(host);
	snprintf(q->port, sizeof(q->port), "%u", port);
	result = start(q, &bell, err);
	if (result == 0)
		result = await_answer(q, bell, list, deadline, err);
	leave(q);
	return result;
}

int
resolve_numeric(struct resolve_address *address, const char *text,
	unsigned port, struct error *err)
{
	struct addrinfo *answer;
	struct resolve_list list = {0};
	char quote[ESCAPE_QUOTE];

	if (parse_numeric(&answer, text, port) != 0)
		return fail(err, EX_CONFIG,
		    "expected a numeric IP address, not \"%s\"",
		    escape_string(quote, sizeof(quote), text));
	append(&list, answer);
	freeaddrinfo(answer);
	*address = list.at[0];
	return 0;
}

char *
resolve_text(char *out, size_t size, const struct resolve_address *address)
{
	if (getnameinfo((const struct sockaddr *)&address->socket,
	    address->len, out, (socklen_t)size, NULL, 0,
	    NI_NUMERICHOST) != 0)
		snprintf(out, size, "address");
	return out;
}
