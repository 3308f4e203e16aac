/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/proxy_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/xmalloc.h"
#include "net/socket.h"

/* Time for the command to exit after its input or output has ended. */
#define END_MILLISECONDS 500

struct proxy_command {
	struct transport transport; /* first: the two are cast */
	struct transport *socket;   /* this process's end; owned */
	pid_t pid;                  /* 0 once it is reaped */
	int spoke;                  /* the command has produced output */
};

/* Safe inside any quotes and for any program that reads it. */
static int
is_harmless(const char *host)
{
	if (host[0] == '-' || host[0] == '\0')
		return 0;
	for (const char *p = host; *p != '\0'; p++)
		if (!ascii_is_alnum(*p) && strchr(".-_:", *p) == NULL)
			return 0;
	return 1;
}

/* Appends the expansion of a letter after "%". Returns whether it has one. */
static int
add_value(struct buffer *out, char letter, const char *host, unsigned port)
{
	switch (letter) {
	case 'h':
		buffer_add_string(out, host);
		return 1;
	case 'p':
		buffer_addf(out, "%u", port);
		return 1;
	case '%':
		buffer_add_char(out, '%');
		return 1;
	default:
		return 0;
	}
}

char *
proxy_command_expand(const char *command, const char *host, unsigned port,
    struct error *err)
{
	struct buffer out = {0};
	char quote[ESCAPE_QUOTE];

	for (const char *p = command; *p != '\0'; p++) {
		if (*p != '%' || !add_value(&out, p[1], host, port)) {
			buffer_add_char(&out, *p);
			continue;
		}
		p++;
		if (*p == 'h' && !is_harmless(host)) {
			buffer_free(&out);
			fail(err, EX_DATAERR, "host %s contains characters "
			    "not allowed in connect_command",
			    escape_string(quote, sizeof(quote),
			    host));
			return NULL;
		}
	}
	return buffer_string(&out);
}

/* Sets the error to the reason why the command ended. Returns 0 if it exited
 * normally or still runs. */
static int
explain_end(struct proxy_command *t, struct error *err)
{
	struct error ignored = {0};
	int status = 0;

	if (t->pid == 0 || command_wait(t->pid, &status,
	    deadline_in(END_MILLISECONDS), &ignored) != 1)
		return 0;
	command_kill(t->pid); /* including its children */
	t->pid = 0;
	if (command_judge(status, EX_TEMPFAIL, err) != 0)
		return wrap(err, "connect_command");
	return t->spoke ? 0 : fail(err, EX_TEMPFAIL,
	    "connect_command: exited without output");
}

static ssize_t
tunnel_read(struct transport *transport, void *data, size_t n,
    struct error *err)
{
	struct proxy_command *t = (struct proxy_command *)transport;
	ssize_t got = t->socket->read(t->socket, data, n, err);

	if (got > 0)
		t->spoke = 1;
	if ((got == 0 || got == TRANSPORT_FAILED) && explain_end(t, err) != 0)
		return TRANSPORT_FAILED;
	return got;
}

static ssize_t
tunnel_write(struct transport *transport, const void *data, size_t n,
    struct error *err)
{
	struct proxy_command *t = (struct proxy_command *)transport;
	ssize_t put = t->socket->write(t->socket, data, n, err);

	if (put == TRANSPORT_FAILED)
		explain_end(t, err);
	return put;
}

static int
tunnel_flush(struct transport *transport, struct error *err)
{
	struct proxy_command *t = (struct proxy_command *)transport;

	return t->socket->flush(t->socket, err);
}

static void
tunnel_close(struct transport *transport)
{
	struct proxy_command *t = (struct proxy_command *)transport;
	struct error ignored = {0};
	int status;

	t->socket->close(t->socket);
	/* QUIT may still be on its way through the command. */
	if (t->pid != 0) {
		(void)command_wait(t->pid, &status,
		    deadline_in(END_MILLISECONDS), &ignored);
		command_kill(t->pid);
	}
	free(t);
}

int
proxy_command_open(struct transport **transport, const char *command,
    struct error *err)
{
	struct proxy_command *t;
	int result, ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return fail(err, EX_OSERR, "cannot create socket: %s",
		    strerror(errno));
	socket_prepare(ends[0]);
	result = command_start(&pid, command, ends[1], ends[1], err);
	close(ends[1]);
	if (result != 0) {
		close(ends[0]);
		return -1;
	}
	t = xcalloc(1, sizeof(*t));
	t->socket = socket_transport(ends[0]);
	t->pid = pid;
	t->transport.read = tunnel_read;
	t->transport.write = tunnel_write;
	t->transport.flush = tunnel_flush;
	t->transport.close = tunnel_close;
	t->transport.fd = ends[0];
	*transport = &t->transport;
	return 0;
}
