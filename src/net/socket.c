/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/xmalloc.h"

struct descriptor {
	struct transport transport; /* first: the two are cast */
	int tcp;
};

/* Fails: the peer or the network lost the connection, a temporary failure. */
static int
lost(int error, struct error *err)
{
	if (error == ECONNRESET || error == EPIPE)
		return fail(err, EX_TEMPFAIL, "connection reset");
	if (error == ETIMEDOUT)
		return fail(err, EX_TEMPFAIL, "connection timed out");
	return fail(err, EX_TEMPFAIL, "connection lost: %s", strerror(error));
}

static ssize_t
descriptor_read(struct transport *t, void *data, size_t n, struct error *err)
{
	const struct descriptor *d = (const struct descriptor *)t;
	ssize_t got;

	do
		got = recv(t->fd, data, n, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0 && d->tcp)
		platform_acknowledge(t->fd);
	if (got >= 0)
		return got;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return TRANSPORT_WANT_READ;
	return lost(errno, err);
}

static ssize_t
descriptor_write(struct transport *t, const void *data, size_t n,
	struct error *err)
{
	ssize_t put;

	do
		put = send(t->fd, data, n, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put >= 0)
		return put;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return TRANSPORT_WANT_WRITE;
	return lost(errno, err);
}

static int
descriptor_flush(struct transport *t, struct error *err)
{
	(void)t;
	(void)err;
	return 0;
}

static void
descriptor_close(struct transport *t)
{
	close(t->fd);
	free(t);
}

void
socket_prepare(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

struct transport *
socket_transport(int fd)
{
	struct descriptor *d = xcalloc(1, sizeof(*d));
	int on = 1;

	socket_prepare(fd);
	d->tcp = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == 0;
	d->transport.read = descriptor_read;
	d->transport.write = descriptor_write;
	d->transport.flush = descriptor_flush;
	d->transport.close = descriptor_close;
	d->transport.fd = fd;
	return &d->transport;
}
