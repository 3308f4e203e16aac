/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/poll.h"
#include "base/xmalloc.h"
#include "net/socket.h"
#include "net/stream.h"

#define RECORD 16384

/* A stream over one end of a socket pair; the other end is the server's. */
static int
open_pair(struct stream *s, int64_t milliseconds)
{
	int ends[2];

	signals_reset();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	stream_open(s, socket_transport(ends[0]),
	    deadline_in(milliseconds), -1);
	stream_step(s, 60, "the test reply");
	return ends[1];
}

static void
say(int fd, const char *text, size_t len)
{
	assert_int_equal(write(fd, text, len), len);
}

/* Each input, then the end: the lines and the error that come of it. */
static const struct {
	const char *name;
	const char *input;
	size_t len;
	const char *lines;  /* each ends in '|' */
	const char *text;
	int code;
} inputs[] = {
#define INPUT(s) s, sizeof(s) - 1
#define CLOSED "connection closed by server while waiting for the test reply"
#define MIDDLE "connection closed in the middle of a reply"
#define LONG "reply line too long: more than 10 octets while waiting for " \
	"the test reply"
	{ "nothing", INPUT(""), "", CLOSED, EX_TEMPFAIL },
	{ "one line", INPUT("220 a\r\n"), "220 a|", CLOSED, EX_TEMPFAIL },
	{ "glued lines", INPUT("250-a\r\n250 b\r\n"), "250-a|250 b|", CLOSED,
	    EX_TEMPFAIL },
	{ "LF alone", INPUT("220 a\n"), "220 a|", CLOSED, EX_TEMPFAIL },
	{ "empty lines", INPUT("\r\n\n"), "||", CLOSED, EX_TEMPFAIL },
	{ "CR within", INPUT("2\r2\r\r\n"), "2\r2\r|", CLOSED, EX_TEMPFAIL },
	{ "NUL within", INPUT("2\0" "2\r\n"), "2\0" "2|", CLOSED,
	    EX_TEMPFAIL },
	{ "no line end", INPUT("220 a"), "", MIDDLE, EX_TEMPFAIL },
	{ "CR at the end", INPUT("220 a\r"), "", MIDDLE, EX_TEMPFAIL },
	{ "at the limit", INPUT("0123456789\r\n"), "0123456789|", CLOSED,
	    EX_TEMPFAIL },
	{ "past the limit", INPUT("0123456789a\r\n"), "", LONG, EX_PROTOCOL },
	{ "endless", INPUT("0123456789a"), "", LONG, EX_PROTOCOL },
};

static void
lines_and_ends_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct stream s;
		struct buffer got = {0};
		struct error err = {0};
		const char *line;
		size_t len;
		int server = open_pair(&s, 10000);

		say(server, inputs[i].input, inputs[i].len);
		close(server);
		while (stream_read_line(&s, 10, &line, &len, &err) == 0) {
			buffer_add(&got, line, len);
			buffer_add_char(&got, '|');
		}
		if (strcmp(err.text, inputs[i].text) != 0)
			print_message("# case: %s\n", inputs[i].name);
		assert_string_equal(err.text, inputs[i].text);
		assert_int_equal(err.code, inputs[i].code);
		assert_memory_equal(buffer_string(&got), inputs[i].lines,
		    got.len);
		buffer_free(&got);
		stream_close(&s);
	}
}

static void
an_end_after_a_continuation_is_in_the_middle(void **state)
{
	struct stream s;
	struct error err = {0};
	const char *line;
	size_t len;
	int server = open_pair(&s, 10000);

	(void)state;
	say(server, "250-a\r\n", 7);
	close(server);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), 0);
	stream_expect_more(&s);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), -1);
	assert_string_equal(err.text, MIDDLE);
	stream_close(&s);
}

static void
silence_ends_at_the_deadline(void **state)
{
	struct stream s;
	struct error err = {0};
	const char *line;
	size_t len;
	int server = open_pair(&s, 30);

	(void)state;
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text,
	    "timed out while waiting for the test reply");
	assert_string_not_equal(err.hint, "");
	close(server);
	stream_close(&s);
}

static void
a_drip_does_not_restart_the_clock(void **state)
{
	struct stream s;
	struct error err = {0};
	const char *line;
	size_t len;
	int server = open_pair(&s, 10000);
	int64_t before = deadline_now();
	pid_t dripper;

	(void)state;
	dripper = fork();
	if (dripper == 0) {
		for (int i = 0; i < 100 && write(server, "x", 1) == 1; i++)
			usleep(100 * 1000);
		_exit(0);
	}
	close(server);
	stream_step(&s, 1, "the test reply");
	assert_int_equal(stream_read_line(&s, 999, &line, &len, &err), -1);
	assert_string_equal(err.text,
	    "timed out while waiting for the test reply");
	assert_true(deadline_now() - before < 5000);
	stream_close(&s);
	waitpid(dripper, NULL, 0);
}

static void
a_reply_is_read_although_the_write_failed(void **state)
{
	struct stream s;
	struct error err = {0};
	const char *line;
	size_t len;
	int server = open_pair(&s, 10000);

	(void)state;
	say(server, "554 no\r\n", 8);
	close(server);
	assert_int_equal(stream_write(&s, "NOOP\r\n", 6, &err), 0);
	assert_int_equal(stream_flush(&s, &err), -1);
	assert_string_equal(err.text,
	    "connection reset while waiting for the test reply");
	assert_int_equal(stream_write(&s, "x", 1, &err), -1);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), 0);
	assert_memory_equal(line, "554 no", 6);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), -1);
	assert_string_equal(err.text, CLOSED);
	stream_close(&s);
}

static void
reading_flushes_and_prefers_the_reply_to_the_loss(void **state)
{
	struct stream s;
	struct error err = {0};
	const char *line;
	size_t len;
	int server = open_pair(&s, 10000);

	(void)state;
	say(server, "554 no\r\n", 8);
	close(server);
	assert_int_equal(stream_write(&s, "NOOP\r\n", 6, &err), 0);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), 0);
	assert_memory_equal(line, "554 no", 6);
	stream_close(&s);
}

static void
input_that_nobody_asked_for_is_seen(void **state)
{
	struct stream s;
	struct error err = {0};
	int server = open_pair(&s, 10000);

	(void)state;
	assert_int_equal(stream_has_input(&s, &err), 0);
	say(server, "2", 1);
	assert_int_equal(stream_has_input(&s, &err), 1);
	assert_int_equal(stream_upgrade(&s, NULL, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	assert_string_equal(err.text,
	    "data after STARTTLS reply: possible attack");
	stream_close(&s);
	close(server);

	server = open_pair(&s, 10000);
	close(server);
	assert_int_equal(stream_has_input(&s, &err), 1);
	stream_close(&s);
}

/* A server that first sends that many octets, then reads all: would a client
 * that does not read hang? Exits 0 if it got what run_talker() sends. */
static void
talk_first(int fd, size_t talk, size_t expect)
{
	static char block[RECORD];
	size_t got = 0;
	ssize_t n;

	memset(block, 'r', sizeof(block));
	block[sizeof(block) - 1] = '\n';
	for (size_t i = 0; i < talk; i += sizeof(block))
		if (write(fd, block, sizeof(block)) !=
		    (ssize_t)sizeof(block))
			_exit(1);
	while ((n = read(fd, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < n; i++, got++)
			if (block[i] != (char)(got % 251))
				_exit(2);
	_exit(got == expect ? 0 : 3);
}

static int
run_talker(size_t talk, size_t send, struct error *err)
{
	struct stream s;
	int status, result, server = open_pair(&s, 20000);
	pid_t talker = fork();
	char *data;

	if (talker == 0) {
		stream_close(&s);
		talk_first(server, talk, send);
	}
	close(server);
	data = xmalloc(send);
	for (size_t i = 0; i < send; i++)
		data[i] = (char)(i % 251);
	result = stream_write(&s, data, send, err);
	if (result == 0)
		result = stream_flush(&s, err);
	stream_close(&s);
	free(data);
	waitpid(talker, &status, 0);
	return result != 0 ? result : WEXITSTATUS(status);
}

static void
writes_do_not_deadlock_against_unread_replies(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(run_talker(STREAM_AHEAD_MAX - RECORD, 3000000, &err),
	    0);
}

static void
a_server_may_not_flood_us_while_we_write(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(run_talker(8 * STREAM_AHEAD_MAX, 3000000, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
}

/* A transport that keeps what it is given and notes each piece's size. */
struct recorder {
	struct transport transport;
	struct buffer data;
	size_t pieces[4096];
	size_t n;
};

static ssize_t
record(struct transport *t, const void *data, size_t n, struct error *err)
{
	struct recorder *r = (struct recorder *)t;

	(void)err;
	buffer_add(&r->data, data, n);
	r->pieces[r->n++] = n;
	return (ssize_t)n;
}

static int
record_flush(struct transport *t, struct error *err)
{
	(void)t;
	(void)err;
	return 0;
}

static void
record_close(struct transport *t)
{
	(void)t;
}

/* Sizes of consecutive writes, 0-terminated. */
static const size_t writes[][6] = {
	{ 1, 65535, 1 },
	{ 65536 },
	{ 65535, 1, 1 },
	{ 16383, 16385, 40000, 1, 200000 },
	{ 5, 1000000, 5 },
	{ 16384, 16384, 16384, 16384 },
};

static void
blocks_are_multiples_of_a_record_and_nothing_is_lost(void **state)
{
	static char data[1100000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 253);
	for (size_t i = 0; i < 2 * sizeof(writes) / sizeof(writes[0]); i++) {
		struct recorder r;
		struct stream s;
		struct error err = {0};
		const size_t *w = writes[i / 2];
		size_t at = 0;

		memset(&r, 0, sizeof(r));
		r.transport.write = record;
		r.transport.flush = record_flush;
		r.transport.close = record_close;
		r.transport.fd = -1;
		stream_open(&s, &r.transport, DEADLINE_NONE, -1);
		for (; *w != 0; at += *w++) {
			if (i % 2 == 0) {
				assert_int_equal(stream_write(&s, data + at,
				    *w, &err), 0);
				continue;
			}
			memcpy(s.sink.reserve(&s.sink, *w), data + at, *w);
			assert_int_equal(s.sink.commit(&s.sink, *w,
			    &err), 0);
		}
		for (size_t k = 0; k < r.n; k++)
			assert_int_equal(r.pieces[k] % RECORD, 0);
		assert_int_equal(stream_flush(&s, &err), 0);
		assert_int_equal(r.data.len, at);
		assert_memory_equal(r.data.data, data, at);
		stream_close(&s);
		buffer_free(&r.data);
	}
}

static void
the_trace_is_one_escaped_line(void **state)
{
	struct stream s;
	int ends[2], server = open_pair(&s, 10000);
	char text[64];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	stream_trace(&s, "<--", "unseen", 6);
	s.trace = ends[1];
	stream_trace(&s, "<--", "220 \033[31m\nx", 11);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "<-- 220 \\x1B[31m\\x0Ax\n");
	close(ends[0]);
	close(ends[1]);
	close(server);
	stream_close(&s);
	stream_close(&s);
}

/*
 * Servers and their transports that always have something more to do: input
 * without end, "again" although the descriptor is ready, output taken octet by
 * octet or never.
 */
static ssize_t
read_lines(struct transport *t, void *data, size_t n, struct error *err)
{
	(void)t, (void)err;
	for (size_t i = 0; i < n; i++)
		((char *)data)[i] = "250-x\r\n"[i % 7];
	return (ssize_t)(n - n % 7);
}

static ssize_t
read_never(struct transport *t, void *data, size_t n, struct error *err)
{
	(void)t, (void)data, (void)n, (void)err;
	return TRANSPORT_WANT_READ;
}

static ssize_t
write_octet(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	(void)t, (void)data, (void)n, (void)err;
	return 1;
}

static ssize_t
write_all_of_it(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	(void)t, (void)data, (void)err;
	return (ssize_t)n;
}

static ssize_t
write_never(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	(void)t, (void)data, (void)n, (void)err;
	return TRANSPORT_WANT_WRITE;
}

static int
flush_at_once(struct transport *t, struct error *err)
{
	(void)t, (void)err;
	return 0;
}

static int
flush_never(struct transport *t, struct error *err)
{
	(void)t, (void)err;
	return TRANSPORT_WANT_WRITE;
}

static void
keep_open(struct transport *t)
{
	(void)t;
}

static int
read_all(struct stream *s, struct error *err)
{
	const char *line;
	size_t len;
	int result;

	do
		result = stream_read_line(s, 512, &line, &len, err);
	while (result == 0);
	return result;
}

static int
write_for_ever(struct stream *s, struct error *err)
{
	static const char data[4 * RECORD];
	int result;

	do
		result = stream_write(s, data, sizeof(data), err);
	while (result == 0);
	return result;
}

static const struct {
	const char *name;
	ssize_t (*read)(struct transport *t, void *data, size_t n,
	    struct error *err);
	ssize_t (*write)(struct transport *t, const void *data, size_t n,
	    struct error *err);
	int (*flush)(struct transport *t, struct error *err);
	int (*run)(struct stream *s, struct error *err);
} endless[] = {
	{ "lines", read_lines, write_octet, flush_at_once, read_all },
	{ "records without data", read_never, write_octet, flush_at_once,
	    read_all },
	{ "octets taken", read_never, write_octet, flush_at_once,
	    write_for_ever },
	{ "all taken", read_never, write_all_of_it, flush_at_once,
	    write_for_ever },
	{ "nothing taken", read_never, write_never, flush_at_once,
	    write_for_ever },
	{ "nothing flushed", read_never, write_octet, flush_never, read_all },
};
#define NENDLESS (sizeof(endless) / sizeof(endless[0]))

/* Runs a row over a descriptor that is always ready to read and to write. */
static void
run_endless(size_t i, int64_t deadline, struct error *err)
{
	struct transport transport = { endless[i].read, endless[i].write,
	    endless[i].flush, keep_open, -1, NULL };
	struct stream s;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	say(ends[1], "x", 1);
	transport.fd = ends[0];
	stream_open(&s, &transport, deadline, -1);
	stream_step(&s, 60, "the test reply");
	if (endless[i].run(&s, err) == 0)
		fail_msg("%s: ended", endless[i].name);
	stream_close(&s);
	close(ends[0]);
	close(ends[1]);
}

static void
no_endless_peer_outlasts_the_deadline(void **state)
{
	(void)state;
	signals_reset();
	for (size_t i = 0; i < NENDLESS; i++) {
		struct error err = {0};
		int64_t deadline = deadline_in(200);

		alarm(30);
		run_endless(i, deadline, &err);
		alarm(0);
		if (strstr(err.text, "timed out") == NULL ||
		    deadline_now() > deadline + 2000)
			fail_msg("%s: %s after %d ms", endless[i].name,
			    err.text,
			    (int)(deadline_now() - deadline + 200));
	}
}

static void
a_signal_ends_every_loop(void **state)
{
	(void)state;
	for (size_t i = 0; i < NENDLESS; i++) {
		struct error err = {0};
		int ends[2], status;
		char c;
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0) {
			alarm(30);
			signals_reset();
			signals_hold();
			(void)!write(ends[1], "r", 1);
			run_endless(i, DEADLINE_NONE, &err);
			_exit(err.signal == SIGTERM ? 0 : 1);
		}
		assert_int_equal(read(ends[0], &c, 1), 1);
		kill(child, SIGTERM);
		waitpid(child, &status, 0);
		close(ends[0]);
		close(ends[1]);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("%s: %d", endless[i].name, status);
	}
}

static void
what_came_in_time_is_read_after_it(void **state)
{
	struct stream s;
	struct error err = {0};
	int server = open_pair(&s, 50);
	const char *line;
	size_t len;

	(void)state;
	say(server, "250 ok\r\n", 8);
	poll(NULL, 0, 100);
	assert_int_equal(stream_read_line(&s, 512, &line, &len, &err), 0);
	stream_close(&s);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_ends_are_told_apart),
		cmocka_unit_test(an_end_after_a_continuation_is_in_the_middle),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(a_drip_does_not_restart_the_clock),
		cmocka_unit_test(a_reply_is_read_although_the_write_failed),
		cmocka_unit_test(
		    reading_flushes_and_prefers_the_reply_to_the_loss),
		cmocka_unit_test(input_that_nobody_asked_for_is_seen),
		cmocka_unit_test(writes_do_not_deadlock_against_unread_replies),
		cmocka_unit_test(a_server_may_not_flood_us_while_we_write),
		cmocka_unit_test(
		    blocks_are_multiples_of_a_record_and_nothing_is_lost),
		cmocka_unit_test(no_endless_peer_outlasts_the_deadline),
		cmocka_unit_test(a_signal_ends_every_loop),
		cmocka_unit_test(what_came_in_time_is_read_after_it),
		cmocka_unit_test(the_trace_is_one_escaped_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
