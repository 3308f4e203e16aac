/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/poll.h"
#include "net/resolve.h"
#include "net/socket.h"

/* RFC 8305 5: delay before the attempt on the next address. */
#define HEAD_START 250
#define SECONDS_DEFAULT 30

/* All attempts to reach one host; fds[i] belongs to addresses.at[i]. */
struct race {
	const struct connect_target *target;
	struct resolve_list addresses;
	struct resolve_address source;      /* len 0: any */
	struct pollfd fds[RESOLVE_MAX];     /* fd -1: not under way */
	int64_t begun[RESOLVE_MAX];         /* moments */
	int64_t limits[RESOLVE_MAX];
	size_t started;
	unsigned seconds;
	int starved;                        /* no descriptor or memory */
	struct buffer failures;             /* "words (address); ..." */
	size_t refused;         /* attempts that met "connection refused" */
	size_t unreachable;     /* those that met "network unreachable" */
};

/* Records why address i cannot be reached, and ends its attempt. */
static void
lose(struct race *r, size_t i, const char *why)
{
	char address[64];

	if (r->fds[i].fd >= 0)
		close(r->fds[i].fd);
	r->fds[i].fd = -1;
	resolve_text(address, sizeof(address), &r->addresses.at[i]);
	buffer_addf(&r->failures, "%s%s (%s)",
	    r->failures.len > 0 ? "; " : "", why, address);
}

/* Returns text for an errno value of connect(), composed in out if needed. */
static const char *
connect_words(int error, char *out, size_t size)
{
	static const struct {
		int error;
		const char *words;
	} table[] = {
		{ ECONNREFUSED, "connection refused" },
		{ ETIMEDOUT, "connection timed out" },
		{ ENETUNREACH, "network unreachable" },
		{ EHOSTUNREACH, "host unreachable" },
		{ EPERM, "connection not permitted" },
		{ EACCES, "connection not permitted" },
		{ ECONNRESET, "connection reset" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].error == error)
			return table[i].words;
	snprintf(out, size, "cannot connect: %s", strerror(error));
	return out;
}

static void
lose_errno(struct race *r, size_t i, int error)
{
	char words[128];

	r->refused += error == ECONNREFUSED;
	r->unreachable += error == ENETUNREACH;
	lose(r, i, connect_words(error, words, sizeof(words)));
}

static int
is_exhaustion(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/* Binds to source_ip if it is set. Returns 0, or -1 if the attempt has
 * failed. */
static int
bind_source(struct race *r, size_t i)
{
	char words[128];

	if (r->source.len == 0)
		return 0;
	if (r->source.socket.ss_family !=
	    r->addresses.at[i].socket.ss_family) {
		lose(r, i, "source_ip has the wrong address family");
		return -1;
	}
	if (bind(r->fds[i].fd, (const struct sockaddr *)&r->source.socket,
	    r->source.len) == 0)
		return 0;
	snprintf(words, sizeof(words), "cannot use source_ip %s: %s",
	    r->target->source_ip, strerror(errno));
	lose(r, i, words);
	return -1;
}

/* Begins the attempt on the next address. */
static void
start(struct race *r)
{
	size_t i = r->started++;
	const struct resolve_address *to = &r->addresses.at[i];
	char words[128];
	int fd = socket(to->socket.ss_family, SOCK_STREAM, 0);

	r->fds[i].fd = fd;
	r->fds[i].events = POLLOUT;
	if (fd < 0) {
		r->starved |= is_exhaustion(errno);
		snprintf(words, sizeof(words), "cannot create socket: %s",
		    strerror(errno));
		lose(r, i, words);
		return;
	}
	socket_prepare(fd);
	if (bind_source(r, i) != 0)
		return;
	r->begun[i] = deadline_now();
	r->limits[i] = deadline_first(r->target->deadline,
	    r->begun[i] + (int64_t)r->seconds * 1000);
	/* An interrupted connect() continues in the background, like one in
	 * progress. */
	if (connect(fd, (const struct sockaddr *)&to->socket, to->len) != 0 &&
	    errno != EINPROGRESS && errno != EINTR)
		lose_errno(r, i, errno);
}

/* On loopback, the local port may equal the one connected to. */
static int
is_self(int fd)
{
	struct sockaddr_storage here, there;
	socklen_t n = sizeof(here), m = sizeof(there);

	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	return getsockname(fd, (struct sockaddr *)&here, &n) == 0 &&
	    getpeername(fd, (struct sockaddr *)&there, &m) == 0 &&
	    n == m && memcmp(&here, &there, n) == 0;
}

/* Checks the attempts. Returns the index of the one that succeeded, or -1. */
static int
judge(struct race *r)
{
	int64_t now = deadline_now();
	char words[64];

	for (size_t i = 0; i < r->started; i++) {
		int error = 0;
		socklen_t n = sizeof(error);

		if (r->fds[i].fd < 0)
			continue;
		if (r->fds[i].revents == 0) {
			if (now < r->limits[i])
				continue;
			snprintf(words, sizeof(words),
			    "connection timed out after %d s",
			    (int)((now - r->begun[i] + 500) / 1000));
			lose(r, i, words);
			continue;
		}
		getsockopt(r->fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &n);
		if (error != 0)
			lose_errno(r, i, error);
		else if (is_self(r->fds[i].fd))
			lose(r, i, "connected to itself");
		else
			return (int)i;
	}
	return -1;
}

/* Returns the first moment at which action is needed without an event. */
static int64_t
next_moment(const struct race *r, int64_t next_start, size_t *active)
{
	int64_t moment = DEADLINE_NONE;

	*active = 0;
	for (size_t i = 0; i < r->started; i++) {
		if (r->fds[i].fd < 0)
			continue;
		moment = deadline_first(moment, r->limits[i]);
		++*active;
	}
	if (r->started < r->addresses.n)
		moment = deadline_first(moment, next_start);
	return moment;
}

/* Returns the index of the address that was reached; -1 if all failed, -2 if
 * interrupted. */
static int
run(struct race *r, struct error *err)
{
	int64_t moment, next_start = 0;
	size_t active;
	int winner;

	for (;;) {
		moment = next_moment(r, next_start, &active);
		if (active == 0 && r->started == r->addresses.n)
			return -1;
		if (r->started < r->addresses.n &&
		    (active == 0 || deadline_now() >= next_start)) {
			start(r);
			next_start = deadline_in(HEAD_START);
			continue;
		}
		if (wait_line_poll(r->target->waits, r->fds, r->started,
		    moment, err) < 0)
			return -2;
		winner = judge(r);
		if (winner >= 0)
			return winner;
	}
}

/* Sets the error: every address tried, with its own error, in one line. */
static int
report_failures(struct race *r, struct error *err)
{
	const struct connect_target *to = r->target;
	char quote[ESCAPE_QUOTE];

	if (r->addresses.dropped > 0)
		buffer_addf(&r->failures, "; gave up after %zu addresses",
		    r->addresses.n);
	return fail(err, r->starved ? EX_OSERR : EX_TEMPFAIL,
	    "cannot connect to %s: %s",
	    escape_server(quote, sizeof(quote), to->host, to->port),
	    buffer_string(&r->failures));
}

static int
connect_host(struct transport **transport,
	const struct connect_target *target, struct connect_result *result,
	struct error *err)
{
	struct resolve_name name = { target->host, target->port,
	    target->family };
	struct race r;
	int winner;

	memset(&r, 0, sizeof(r));
	r.target = target;
	r.seconds = target->seconds != 0 ? target->seconds : SECONDS_DEFAULT;
	if (target->source_ip != NULL && target->source_ip[0] != '\0' &&
	    resolve_numeric(&r.source, target->source_ip, 0, err) != 0)
		return wrap(err, "source_ip");
	if (resolve_host(&r.addresses, &name, deadline_first(target->deadline,
	    deadline_in((int64_t)r.seconds * 1000)), target->waits, err) != 0)
		return -1;
	result->resolved_ms = deadline_now();
	wait_line_begin(target->waits, "the TCP handshake");
	winner = run(&r, err);
	wait_line_erase(target->waits);
	for (size_t i = 0; i < r.started; i++)
		if (r.fds[i].fd >= 0 && (int)i != winner)
			close(r.fds[i].fd);
	if (winner >= 0) {
		resolve_text(result->address, sizeof(result->address),
		    &r.addresses.at[winner]);
		result->local = resolve_is_loopback(&r.addresses.at[winner]);
		*transport = socket_transport(r.fds[winner].fd);
	} else if (winner == -1)
		report_failures(&r, err);
	result->refused = r.started > 0 && r.refused == r.started;
	result->unreachable = r.started > 0 && r.unreachable == r.started;
	buffer_free(&r.failures);
	return winner >= 0 ? 0 : -1;
}

/* Connects to a unix socket, and retries while its backlog is full. */
static int
connect_patiently(int fd, const struct sockaddr_un *to, int64_t deadline,
	struct error *err)
{
	char words[128];

	while (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0) {
		if (errno == EISCONN)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return fail(err, EX_TEMPFAIL, "%s",
			    connect_words(errno, words, sizeof(words)));
		if (deadline_now() >= deadline)
			return fail(err, EX_TEMPFAIL, "connection timed out");
		if (poll_any(NULL, 0, deadline_in(50), err) < 0)
			return -1;
	}
	return 0;
}

static int
connect_unix(struct transport **transport,
	const struct connect_target *target, struct connect_result *result,
	struct error *err)
{
	unsigned seconds = target->seconds != 0 ? target->seconds
	    : SECONDS_DEFAULT;
	int64_t limit = deadline_first(target->deadline,
	    deadline_in((int64_t)seconds * 1000));
	struct sockaddr_un to;
	char quote[ESCAPE_QUOTE];
	int fd;

	memset(&to, 0, sizeof(to));
	to.sun_family = AF_UNIX;
	escape_string(quote, sizeof(quote), target->socket);
	if (strlen(target->socket) >= sizeof(to.sun_path))
		return fail(err, EX_CONFIG, "socket: expected a path of at "
		    "most %zu octets, not %s", sizeof(to.sun_path) - 1, quote);
	memcpy(to.sun_path, target->socket, strlen(target->socket));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return fail(err, EX_OSERR, "cannot create socket: %s",
		    strerror(errno));
	socket_prepare(fd);
	result->resolved_ms = deadline_now();
	if (connect_patiently(fd, &to, limit, err) != 0) {
		close(fd);
		return err->signal != 0 ? -1
		    : wrap(err, "cannot connect to %s", quote);
	}
	result->local = 1;
	escape_string(result->address, sizeof(result->address),
	    target->socket);
	*transport = socket_transport(fd);
	return 0;
}

int
connect_open(struct transport **transport,
	const struct connect_target *target, struct connect_result *result,
	struct error *err)
{
	int unix_socket = target->socket != NULL && target->socket[0] != '\0';

	memset(result, 0, sizeof(*result));
	if ((unix_socket ? connect_unix : connect_host)(transport, target,
	    result, err) != 0)
		return -1;
	(*transport)->waits = target->waits;
	result->connected_ms = deadline_now();
	return 0;
}

int
connect_is_loopback(const char *host)
{
	struct resolve_address address;
	struct error ignored;

	return resolve_is_localhost(host) ||
	    (resolve_numeric(&address, host, 0, &ignored) == 0 &&
	    resolve_is_loopback(&address));
}
