/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/proxy.h"

#include <poll.h>

#include "base/poll.h"
#include "net/wait_line.h"

/* Waits until a read or write that would block can proceed, unless it
 * failed. */
static int
wait_on(struct transport *t, ssize_t result, int64_t deadline,
    struct error *err)
{
	struct pollfd p = { t->fd, result == TRANSPORT_WANT_WRITE ? POLLOUT
	    : POLLIN, 0 };
	int ready;

	if (result == TRANSPORT_FAILED)
		return -1;
	if (deadline_now() >= deadline) /* poll() never waits if it is ready */
		return fail(err, EX_TEMPFAIL, "timed out");
	ready = wait_line_poll(t->waits, &p, 1, deadline, err);
	wait_line_erase(t->waits);
	return ready == 0 ? fail(err, EX_TEMPFAIL, "timed out")
	    : ready < 0 ? -1 : 0;
}

int
proxy_put(struct transport *t, const void *data, size_t len,
    int64_t deadline, struct error *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = t->write(t, p, len, err);

		if (n < 0) {
			if (wait_on(t, n, deadline, err) != 0)
				return -1;
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
proxy_get(struct transport *t, void *data, size_t len, int64_t deadline,
    struct error *err)
{
	char *p = data;

	while (len > 0) {
		ssize_t n;

		/* also ends the wait for a peer that sends slowly, octet by
		 * octet */
		if (deadline_now() >= deadline)
			return fail(err, EX_TEMPFAIL, "timed out");
		n = t->read(t, p, len, err);
		if (n == 0)
			return fail(err, EX_TEMPFAIL,
			    "the proxy closed the connection");
		if (n < 0) {
			if (wait_on(t, n, deadline, err) != 0)
				return -1;
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
