/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"
#include "net/blocking_call.h"

/* One query to the resolver, and its answer. */
struct resolve_question {
	char *host;
	char port[8];
	int family;
	struct addrinfo *answer;
	int eai;
	int error;         /* errno, for EAI_SYSTEM */
};

static void
release(void *work)
{
	struct resolve_question *q = work;

	if (q->answer != NULL)
		freeaddrinfo(q->answer);
	free(q->host);
	free(q);
}

static void
ask(void *work)
{
	struct resolve_question *q = work;
	struct addrinfo hints;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = q->family;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
	q->eai = getaddrinfo(q->host, q->port, &hints, &q->answer);
	if (platform_is_unknown_host(q->eai)) {
		/* The name may have only addresses of a family that this
		 * machine lacks: naming them says more than "not found". */
		hints.ai_flags = AI_NUMERICSERV;
		q->eai = getaddrinfo(q->host, q->port, &hints, &q->answer);
	}
	q->error = errno;
}

static const struct blocking_call getaddrinfo_call = {
	ask, release, "the resolver"
};

static int
no_such(const char *quoted, int family, struct error *err)
{
	if (family == AF_UNSPEC)
		return fail(err, EX_NOHOST, "host %s not found", quoted);
	return fail(err, EX_NOHOST, "host %s has no %s address", quoted,
	    family == AF_INET ? "IPv4" : "IPv6");
}

/* Sets the error of a failed lookup. */
static int
explain(const struct resolve_question *q, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	escape_string(quote, sizeof(quote), q->host);
	if (platform_is_unknown_host(q->eai))
		return no_such(quote, q->family, err);
	if (q->eai == EAI_AGAIN)
		return fail(err, EX_TEMPFAIL, "cannot resolve %s (temporary)",
		    quote);
	return fail(err, EX_TEMPFAIL, "cannot resolve %s: resolver error: %s",
	    quote, q->eai == EAI_SYSTEM ? strerror(q->error)
	    : gai_strerror(q->eai));
}

static void
append(struct resolve_list *list, const struct addrinfo *a)
{
	struct resolve_address *to = &list->at[list->n++];

	memset(to, 0, sizeof(*to));
	memcpy(&to->socket, a->ai_addr, a->ai_addrlen);
	to->len = a->ai_addrlen;
}

/* Returns the next address, starting at a, whose family is, or is not, the
 * given one. */
static const struct addrinfo *
next_of(const struct addrinfo *a, int family, int same)
{
	while (a != NULL && (a->ai_family == family) != same)
		a = a->ai_next;
	return a;
}

/* Keeps the resolver's order (RFC 6724), but alternates the families. */
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

/* Calls getaddrinfo() for text that is already an address. */
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
resolve_is_localhost(const char *host)
{
	return ascii_equal(host, "localhost") ||
	    ascii_equal(host, "localhost.");
}

int
resolve_is_loopback(const struct resolve_address *address)
{
	const struct sockaddr_in *four = (const void *)&address->socket;
	const struct sockaddr_in6 *six = (const void *)&address->socket;

	if (address->socket.ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return address->socket.ss_family == AF_INET6 &&
	    (IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) &&
	    six->sin6_addr.s6_addr[12] == 127));
}

/* RFC 6761 6.3: neither the resolver nor /etc/hosts is consulted. */
static void
list_localhost(struct resolve_list *list, const struct resolve_name *name)
{
	static const char *const addresses[] = { "::1", "127.0.0.1" };
	struct addrinfo *answer;

	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < 2; i++) {
		if (parse_numeric(&answer, addresses[i], name->port) != 0)
			continue;
		if (name->family == AF_UNSPEC ||
		    name->family == answer->ai_family)
			append(list, answer);
		freeaddrinfo(answer);
	}
}

int
resolve_host(struct resolve_list *list, const struct resolve_name *name,
	int64_t deadline, struct wait_line *waits, struct error *err)
{
	struct addrinfo *answer;
	struct resolve_question *q;
	char quote[ESCAPE_QUOTE];
	int result;

	escape_string(quote, sizeof(quote), name->host);
	if (parse_numeric(&answer, name->host, name->port) == 0) {
		result = name->family == AF_UNSPEC ||
		    name->family == answer->ai_family ? 0
		    : no_such(quote, name->family, err);
		interleave(list, answer);
		freeaddrinfo(answer);
		return result;
	}
	if (resolve_is_localhost(name->host)) {
		list_localhost(list, name);
		return 0;
	}
	q = xcalloc(1, sizeof(*q));
	q->host = xstrdup(name->host);
	q->family = name->family;
	snprintf(q->port, sizeof(q->port), "%u", name->port);
	wait_line_begin(waits, "the address");
	result = blocking_call_run(&getaddrinfo_call, q, deadline, waits,
	    err);
	if (result == 0)
		return fail(err, EX_TEMPFAIL, "cannot resolve %s (temporary): "
		    "timed out", quote);
	if (result < 0)
		return -1;
	result = q->eai == 0 ? 0 : explain(q, err);
	if (result == 0)
		interleave(list, q->answer);
	release(q);
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
