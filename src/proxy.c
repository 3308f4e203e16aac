/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>

#include "wait.h"

#define VERSION 5
#define CONNECT 1

/* Address types, RFC 1928 5. */
enum { TYPE_IPV4 = 1, TYPE_NAME = 3, TYPE_IPV6 = 4 };

/* What read or write could not do at once: waits for it, unless it failed. */
static int
wait_on(struct transport *t, ssize_t result, int64_t deadline,
    struct error *err)
{
	short events = result == TRANSPORT_WANT_WRITE ? POLLOUT : POLLIN;

	if (result == TRANSPORT_FAILED)
		return -1;
	return wait_for(t->fd, events, deadline, err) < 0 ? -1 : 0;
}

static int
put(struct transport *t, const unsigned char *data, size_t len,
    int64_t deadline, struct error *err)
{
	while (len > 0) {
		ssize_t n = t->write(t, data, len, err);

		if (n < 0) {
			if (wait_on(t, n, deadline, err) != 0)
				return -1;
			continue;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Exactly len octets: what follows belongs to the smarthost. */
static int
get(struct transport *t, unsigned char *data, size_t len, int64_t deadline,
    struct error *err)
{
	while (len > 0) {
		ssize_t n = t->read(t, data, len, err);

		if (n == 0)
			return fail(err, EX_TEMPFAIL,
			    "the proxy closed the connection");
		if (n < 0) {
			if (wait_on(t, n, deadline, err) != 0)
				return -1;
			continue;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
agree_on_method(struct transport *t, int64_t deadline, struct error *err)
{
	static const unsigned char none[] = { VERSION, 1, 0 };
	unsigned char answer[2];

	if (put(t, none, sizeof(none), deadline, err) != 0 ||
	    get(t, answer, sizeof(answer), deadline, err) != 0)
		return -1;
	if (answer[0] != VERSION)
		return fail(err, EX_PROTOCOL, "no SOCKS5 server at the proxy's "
		    "port");
	if (answer[1] != 0)
		return fail(err, EX_NOPERM,
		    "the proxy wants authentication, which we do not have");
	return 0;
}

/* The request for host and port; its length. */
static size_t
write_request(unsigned char *request, const char *host, unsigned port)
{
	size_t len = strlen(host), n = 4;

	request[0] = VERSION;
	request[1] = CONNECT;
	request[2] = 0;
	if (inet_pton(AF_INET, host, request + n) == 1) {
		request[3] = TYPE_IPV4;
		n += 4;
	} else if (inet_pton(AF_INET6, host, request + n) == 1) {
		request[3] = TYPE_IPV6;
		n += 16;
	} else {
		request[3] = TYPE_NAME;
		request[n++] = (unsigned char)len;
		memcpy(request + n, host, len);
		n += len;
	}
	request[n++] = (unsigned char)(port >> 8);
	request[n++] = (unsigned char)port;
	return n;
}

/* The proxy's words for its codes, RFC 1928 6. */
static const char *
explain(unsigned char code)
{
	static const char *const words[] = {
		"accepted", "general failure", "not allowed by its rules",
		"network unreachable", "host unreachable",
		"connection refused", "timed out on the way",
		"command not supported", "address type not supported"
	};

	return code < sizeof(words) / sizeof(words[0]) ? words[code]
	    : "unknown failure";
}

/* The answer ends in the proxy's own address, which says nothing to us. */
static int
read_answer(struct transport *t, int64_t deadline, struct error *err)
{
	unsigned char answer[4], address[256], len;

	if (get(t, answer, sizeof(answer), deadline, err) != 0)
		return -1;
	if (answer[0] != VERSION)
		return fail(err, EX_PROTOCOL, "malformed answer of the proxy");
	if (answer[1] != 0)
		return fail(err, EX_TEMPFAIL, "the proxy cannot connect: %s",
		    explain(answer[1]));
	switch (answer[3]) {
	case TYPE_IPV4:
		len = 4;
		break;
	case TYPE_IPV6:
		len = 16;
		break;
	case TYPE_NAME:
		if (get(t, &len, 1, deadline, err) != 0)
			return -1;
		break;
	default:
		return fail(err, EX_PROTOCOL, "malformed answer of the proxy");
	}
	return get(t, address, (size_t)len, deadline, err) != 0 ? -1
	    : get(t, address, 2, deadline, err);
}

int
proxy_socks5(struct transport *t, const char *host, unsigned port,
    int64_t deadline, struct error *err)
{
	unsigned char request[4 + 1 + 255 + 2];

	if (strlen(host) > 255)
		return fail(err, EX_DATAERR, "host name longer than 255");
	if (agree_on_method(t, deadline, err) != 0 ||
	    put(t, request, write_request(request, host, port), deadline,
	    err) != 0)
		return -1;
	return read_answer(t, deadline, err);
}
