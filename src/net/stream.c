/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/show.h"
#include "net/wait_line.h"

/* Number of octets that fill a TLS record and justify a system call. */
#define RECORD ((size_t)16 * 1024)
#define BLOCK (4 * RECORD)

/* Rounds of a loop after the deadline: a process that was stopped meanwhile
 * still reads a reply that arrived in time. */
#define LATE_MAX 8

/* Sets the step's deadline; without a limit, the step has none. */
static void
start_clock(struct stream *s)
{
	s->step = s->seconds == 0 ? DEADLINE_NONE
	    : deadline_in((int64_t)s->seconds * 1000);
}

void
stream_step(struct stream *s, unsigned seconds, const char *awaited)
{
	s->seconds = seconds;
	snprintf(s->awaited, sizeof(s->awaited), "%s", awaited);
	s->rounds = 0;
	wait_line_begin(s->transport->waits, awaited);
	start_clock(s);
}

void
stream_expect_more(struct stream *s)
{
	s->within_reply = 1;
}

/* Adds the step during which the transport failed to the error. */
static int
lost(const struct stream *s, struct error *err)
{
	struct error cause = *err;

	if (s->awaited[0] == '\0')
		return -1;
	fail(err, cause.code, "%s while waiting for %s", cause.text,
	    s->awaited);
	err->signal = cause.signal;
	if (cause.hint[0] != '\0')
		hint(err, "%s", cause.hint);
	return -1;
}

static int
timed_out(const struct stream *s, struct error *err)
{
	fail(err, EX_TEMPFAIL, "timed out while waiting for %s", s->awaited);
	if (s->deadline < s->step)
		hint(err, "the limit for the whole run (deadline) has passed");
	return -1;
}

/* Begins each round of a loop that the peer can prolong: poll() never waits for
 * a transport that is always ready. */
static int
check_time(struct stream *s, struct error *err)
{
	int came = s->came;

	s->came = 0;
	if (s->rounds++ == 0)
		return 0;
	/* A reply that has arrived takes precedence over a signal, which
	 * poll_any() reports next. */
	if (!came && signals_check(err) != 0)
		return -1;
	if (deadline_now() < deadline_first(s->step, s->deadline)) {
		s->late = 0;
		return 0;
	}
	return s->late++ < LATE_MAX ? 0 : timed_out(s, err);
}

/* Waits like poll_any(), and shows at the terminal what it waits for. */
static int
poll_and_tell(struct stream *s, struct pollfd *p, int64_t deadline,
	struct error *err)
{
	struct wait_line *waits = s->transport->waits;
	int ready = s->progress != NULL
	    ? progress_poll(s->progress, p, deadline, err)
	    : wait_line_poll(waits, p, 1, deadline, err);

	wait_line_erase(waits);
	s->came = ready > 0;
	return ready;
}

static int
await(struct stream *s, short events, struct error *err)
{
	int64_t deadline = deadline_first(s->step, s->deadline);
	struct pollfd p = { s->transport->fd, events, 0 };
	int ready = poll_and_tell(s, &p, deadline, err);

	if (ready < 0)
		return -1;
	if (ready > 0)
		return p.revents & (POLLHUP | POLLERR | POLLNVAL)
		    ? p.revents | events : p.revents;
	return timed_out(s, err);
}

static size_t
unread(const struct stream *s)
{
	return s->in.len - s->taken;
}

/* Reads once from the transport into the buffer. Returns the result. */
static ssize_t
receive(struct stream *s, struct error *err)
{
	char *room;
	ssize_t n;

	if (s->taken > 0)
		buffer_consume(&s->in, s->taken);
	s->taken = 0;
	room = buffer_reserve(&s->in, RECORD);
	if (room == NULL)
		return fail(err, EX_PROTOCOL, "too much input");
	n = s->transport->read(s->transport, room, RECORD, err);
	if (n > 0)
		s->in.len += (size_t)n;
	else if (n == 0 || n == TRANSPORT_FAILED)
		s->ended = 1;
	return n;
}

/* Reads what the server sends while the stream writes. */
static int
read_ahead(struct stream *s, struct error *err)
{
	if (unread(s) >= STREAM_AHEAD_MAX)
		return fail(err, EX_PROTOCOL, "server sent more than %zu "
		    "octets ahead while waiting for %s", STREAM_AHEAD_MAX,
		    s->awaited);
	if (receive(s, err) == TRANSPORT_FAILED)
		return lost(s, err);
	return 0;
}

/*
 * Reads the server's last data after a failed write. A server that refuses and
 * closes (554, then a reset) has given the reason, which must be read before
 * the system discards it.
 */
static int
give_up(struct stream *s, struct error *err)
{
	struct error ignored;

	s->broken = 1;
	while (!s->ended && unread(s) < STREAM_AHEAD_MAX)
		if (receive(s, &ignored) < 0)
			break;
	return lost(s, err);
}

/* Waits until the transport accepts more. want is the result of its write. */
static int
make_room(struct stream *s, ssize_t want, struct error *err)
{
	short events = want == TRANSPORT_WANT_READ ? POLLIN : POLLOUT;
	int ready;

	if (want == TRANSPORT_FAILED)
		return give_up(s, err);
	if (!s->ended)
		events |= POLLIN;
	ready = check_time(s, err) == 0 ? await(s, events, err) : -1;
	if (ready < 0 ||
	    ((ready & POLLIN) && !s->ended && read_ahead(s, err) != 0)) {
		s->broken = 1;
		return -1;
	}
	return 0;
}

/* Sends the octets. Sets *unsent to the number of octets not accepted. */
static int
send_all(struct stream *s, const char *data, size_t len, size_t *unsent,
	struct error *err)
{
	size_t taken = 0;

	for (*unsent = len; len > 0; *unsent = len) {
		ssize_t n;

		if ((len >= RECORD || taken > 0) && check_time(s, err) != 0) {
			s->broken = 1;
			return -1;
		}
		n = s->transport->write(s->transport, data, len, err);
		if (n <= 0) {
			if (make_room(s, n, err) != 0)
				return -1;
			continue;
		}
		if (s->progress != NULL)
			progress_count(s->progress, (size_t)n);
		data += n;
		len -= (size_t)n;
		taken += (size_t)n;
		if (taken >= RECORD) {
			start_clock(s);
			taken = 0;
		}
	}
	return 0;
}

static int
check_usable(const struct stream *s, struct error *err)
{
	if (!s->broken)
		return 0;
	fail(err, EX_TEMPFAIL, "connection lost");
	return lost(s, err);
}

/* Sends the first n octets of the queue. What was queued may be a secret. */
static int
send_queue(struct stream *s, size_t n, struct error *err)
{
	size_t unsent;
	int result = send_all(s, s->out.data, n, &unsent, err);

	n -= unsent;
	if (n < BLOCK)
		platform_wipe(s->out.data, n);
	if (n < s->out.len)
		memmove(s->out.data, s->out.data + n, s->out.len - n);
	s->out.len -= n;
	return result;
}

static char *
reserve(struct sink *sink, size_t n)
{
	struct stream *s = (struct stream *)sink;

	/* Allocates all the space at once: growing would leave copies of
	 * secrets. */
	if (s->out.data == NULL)
		buffer_reserve(&s->out, 2 * BLOCK - 1);
	return buffer_reserve(&s->out, n);
}

static int
commit(struct sink *sink, size_t n, struct error *err)
{
	struct stream *s = (struct stream *)sink;

	s->out.len += n;
	if (check_usable(s, err) != 0)
		return -1;
	if (s->out.len < BLOCK)
		return 0;
	return send_queue(s, s->out.len - s->out.len % RECORD, err);
}

void
stream_open(struct stream *s, struct transport *transport, int64_t deadline,
    int trace)
{
	memset(s, 0, sizeof(*s));
	s->sink.reserve = reserve;
	s->sink.commit = commit;
	s->transport = transport;
	s->deadline = deadline;
	s->step = DEADLINE_NONE;
	s->trace = trace;
}

int
stream_write(struct stream *s, const void *data, size_t len,
	struct error *err)
{
	const char *next = data;
	size_t fill, whole, unsent;

	if (check_usable(s, err) != 0)
		return -1;
	if (s->out.len + len >= BLOCK) {
		fill = (BLOCK - s->out.len) % RECORD;
		memcpy(reserve(&s->sink, fill), next, fill);
		s->out.len += fill;
		if (s->out.len > 0 && send_queue(s, s->out.len, err) != 0)
			return -1;
		whole = (len - fill) - (len - fill) % RECORD;
		if (send_all(s, next + fill, whole, &unsent,
		    err) != 0)
			return -1;
		next += fill + whole;
		len -= fill + whole;
	}
	if (len > 0)
		memcpy(reserve(&s->sink, len), next, len);
	s->out.len += len;
	return 0;
}

int
stream_flush(struct stream *s, struct error *err)
{
	int want;

	if (check_usable(s, err) != 0)
		return -1;
	if (s->out.len > 0 && send_queue(s, s->out.len, err) != 0)
		return -1;
	while ((want = s->transport->flush(s->transport, err)) != 0)
		if (make_room(s, want, err) != 0)
			return -1;
	return 0;
}

/* Finds the next line in the buffer. Returns 1, 0 if it is incomplete, -1. */
static int
take_line(struct stream *s, size_t max, const char **line, size_t *len,
	struct error *err)
{
	size_t n = unread(s);
	const char *start = n > 0 ? s->in.data + s->taken : "";
	const char *end = memchr(start, '\n', n);

	if (end != NULL)
		n = (size_t)(end - start);
	if (n > 0 && start[n - 1] == '\r')
		n--;
	if (n > max)
		return fail(err, EX_PROTOCOL, "reply line too long: "
		    "more than %zu octets while waiting for %s", max,
		    s->awaited);
	if (end == NULL)
		return 0;
	*line = start;
	*len = n;
	s->taken = (size_t)(end + 1 - s->in.data);
	s->within_reply = 0;
	return 1;
}

static int
closed(const struct stream *s, struct error *err)
{
	if (unread(s) > 0 || s->within_reply)
		return fail(err, EX_TEMPFAIL,
		    "connection closed in the middle of a reply");
	fail(err, EX_TEMPFAIL, "connection closed by server");
	return lost(s, err);
}

/* Reads more, or waits until more is available. */
static int
read_more(struct stream *s, struct error *err)
{
	ssize_t n;

	if (s->ended)
		return closed(s, err);
	if (check_time(s, err) != 0)
		return -1;
	n = receive(s, err);
	if (n == TRANSPORT_FAILED)
		return lost(s, err);
	if (n < 0 && await(s, n == TRANSPORT_WANT_READ ? POLLIN : POLLOUT,
	    err) < 0)
		return -1;
	return 0;
}

int
stream_read_line(struct stream *s, size_t max, const char **line, size_t *len,
	struct error *err)
{
	int unsent = !s->broken && stream_flush(s, err) != 0;

	for (;;) {
		int found = take_line(s, max, line, len, err);

		if (found != 0)
			return found < 0 ? -1 : 0;
		if (unsent || read_more(s, err) != 0)
			return -1;
	}
}

int
stream_read_part(struct stream *s, size_t max, const char **part, size_t *len,
	int *whole, struct error *err)
{
	if (!s->broken && stream_flush(s, err) != 0)
		return -1;
	for (;;) {
		*whole = take_line(s, SIZE_MAX, part, len, err);
		if (*whole)
			return 0;
		if (unread(s) >= max) {
			*part = s->in.data + s->taken;
			*len = unread(s);
			s->taken = s->in.len;
			return 0;
		}
		if (read_more(s, err) != 0)
			return -1;
	}
}

int
stream_has_input(struct stream *s, struct error *err)
{
	ssize_t n;

	if (unread(s) > 0 || s->ended)
		return 1;
	n = receive(s, err);
	if (n == TRANSPORT_FAILED)
		return lost(s, err);
	return n >= 0;
}

int
stream_upgrade(struct stream *s, struct transport *tls, struct error *err)
{
	if (unread(s) > 0)
		return fail(err, EX_PROTOCOL,
		    "data after STARTTLS reply: possible attack");
	if (tls != NULL)
		s->transport = tls;
	return 0;
}

void
stream_write_trace(const struct stream *s, const char *prefix,
    const char *text, size_t len)
{
	char quote[2 * ESCAPE_QUOTE], line[sizeof(quote) + 64];

	escape(quote, sizeof(quote), text, len);
	snprintf(line, sizeof(line), "%.48s %s\n", prefix, quote);
	show_note(s->trace, line, strlen(line));
}

void
stream_discard(struct stream *s)
{
	/* the octets that were sent are wiped already */
	if (s->out.len > 0)
		platform_wipe(s->out.data, s->out.len);
	s->out.len = 0;
}

void
stream_close(struct stream *s)
{
	if (s->transport != NULL)
		s->transport->close(s->transport);
	stream_discard(s);
	buffer_free(&s->out);
	buffer_free(&s->in);
	memset(s, 0, sizeof(*s));
	s->trace = -1;
}
