/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/stdio.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poll.h"
#include "base/xmalloc.h"

struct stdio {
	struct transport transport; /* first: its functions cast it back */
	int output;
	unsigned seconds;
};

/* Polls first, because the descriptor may block, and O_NONBLOCK would affect
 * all processes that share it. */
static ssize_t
read_input(struct transport *t, void *data, size_t n, struct error *err)
{
	struct pollfd p = { t->fd, POLLIN, 0 };
	ssize_t done;

	if (t->fd < 0 || poll(&p, 1, 0) <= 0)
		return TRANSPORT_WANT_READ;
	done = read(t->fd, data, n);
	if (done >= 0)
		return done;
	if (errno == EINTR || errno == EAGAIN)
		return TRANSPORT_WANT_READ;
	return fail(err, EX_TEMPFAIL, "cannot read: %s", strerror(errno));
}

/* Waits for room. What there is room for is written although a signal has come:
 * it may be the reply that says that a message was accepted. */
static int
await_room(const struct stdio *s, int64_t deadline, struct error *err)
{
	struct pollfd p = { s->output, POLLOUT, 0 };

	if (poll(&p, 1, 0) > 0)
		return 0;
	return poll_for(s->output, POLLOUT, deadline, err) < 0 ? -1 : 0;
}

/* Where poll() sees any room there is room for _POSIX_PIPE_BUF octets: more
 * could block. */
static ssize_t
write_output(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	const struct stdio *s = (const struct stdio *)t;
	int64_t deadline = deadline_in((int64_t)s->seconds * 1000);
	ssize_t done;

	if (n > _POSIX_PIPE_BUF)
		n = _POSIX_PIPE_BUF;
	do {
		if (await_room(s, deadline, err) != 0)
			return TRANSPORT_FAILED;
		done = write(s->output, data, n);
	} while (done < 0 && (errno == EINTR || errno == EAGAIN) &&
	    deadline_now() < deadline);
	if (done >= 0)
		return done;
	return fail(err, EX_IOERR, "cannot write output: %s",
	    strerror(errno));
}

static int
flush_output(struct transport *t, struct error *err)
{
	(void)t, (void)err;
	return 0; /* write_output() buffers nothing */
}

static void
close_nothing(struct transport *t)
{
	free(t);
}

struct transport *
stdio_transport(int input, int output, unsigned seconds)
{
	struct stdio *s = xcalloc(1, sizeof(*s));

	s->transport.read = read_input;
	s->transport.write = write_output;
	s->transport.flush = flush_output;
	s->transport.close = close_nothing;
	s->transport.fd = input;
	s->output = output;
	s->seconds = seconds;
	return &s->transport;
}
