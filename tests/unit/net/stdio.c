/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a peer that does not read can do to a transport over stdio. */
#include "../unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/poll.h"
#include "net/stdio.h"

#define FOREVER 1000000

static const char block[65536];

/* Makes a pipe or a socket. */
static void
open_ends(int is_socket, int ends[2])
{
	assert_int_equal(is_socket
	    ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends), 0);
}

/* Writes until nothing more is accepted. Returns how much was. */
static size_t
fill(struct transport *t, struct error *err)
{
	size_t sum = 0;
	ssize_t n;

	while ((n = t->write(t, block, sizeof(block), err)) > 0)
		sum += (size_t)n;
	assert_int_equal(n, TRANSPORT_FAILED);
	return sum;
}

/* Takes a kind of descriptor; no write may block, or the test hangs. */
static void
ends_at_the_limit(int is_socket, int flags)
{
	struct error err = {0};
	struct transport *t;
	int ends[2];

	open_ends(is_socket, ends);
	assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0);
	t = stdio_transport(-1, ends[1], 0);
	assert_true(fill(t, &err) > 0);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "timed out");
	t->close(t);
	close(ends[0]);
	close(ends[1]);
}

static void
a_wait_for_room_has_a_limit(void **state)
{
	(void)state;
	for (int is_socket = 0; is_socket < 2; is_socket++) {
		ends_at_the_limit(is_socket, 0);
		ends_at_the_limit(is_socket, O_NONBLOCK);
	}
}

static void
a_signal_ends_the_wait_only(void **state)
{
	struct error err = {0};
	struct transport *t;
	int ends[2];

	(void)state;
	open_ends(0, ends);
	signals_hold();
	t = stdio_transport(-1, ends[1], FOREVER);
	raise(SIGTERM);
	assert_int_equal(t->write(t, "250 Ok\r\n", 8, &err), 8);
	assert_true(fill(t, &err) > 0);
	assert_int_equal(err.signal, SIGTERM);
	t->close(t);
	close(ends[0]);
	close(ends[1]);
	signal(SIGTERM, SIG_IGN); /* takes back the one that is pending */
	signals_reset();
}

static void
a_peer_that_is_gone_is_told(void **state)
{
	struct error err = {0};
	struct transport *t;
	int ends[2];

	(void)state;
	signals_reset();
	open_ends(0, ends);
	close(ends[0]);
	t = stdio_transport(-1, ends[1], FOREVER);
	assert_int_equal(t->write(t, "x", 1, &err), TRANSPORT_FAILED);
	assert_int_equal(err.code, EX_IOERR);
	assert_string_equal(err.text, "cannot write output: Broken pipe");
	t->close(t);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_for_room_has_a_limit),
		cmocka_unit_test(a_signal_ends_the_wait_only),
		cmocka_unit_test(a_peer_that_is_gone_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
