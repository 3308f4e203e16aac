/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/platform.h"
#include "net/progress.h"

#define MIB ((uint64_t)1 << 20)

/* Of 100 MiB or what total says: moments and what was done by then, in KiB. */
static const struct {
	const char *name;
	uint64_t total;
	struct { int64_t at; uint64_t kib; } notes[6];
	unsigned columns;
	const char *line;
} cases[] = {
	{ "a steady rate", 100 * MIB, { { 2000, 2048 } }, 80,
	    "2 %  2.0 of 100.0 MiB  1.0 MiB/s  1:38 left" },
	{ "small and slow", 100 * 1024, { { 2000, 10 } }, 80,
	    "10 %  10.0 of 100.0 KiB  5.0 KiB/s  0:18 left" },
	{ "hours", 100000 * MIB, { { 2000, 2048 } }, 80,
	    "0 %  2.0 of 100000.0 MiB  1.0 MiB/s  27:46 h left" },
	{ "a burst at the beginning is forgotten", 100 * MIB,
	    { { 100, 50 * 1024 }, { 3000, 51 * 1024 }, { 6000, 54 * 1024 },
	    { 8000, 56 * 1024 } }, 80,
	    "56 %  56.0 of 100.0 MiB  1.0 MiB/s  0:44 left" },
	{ "nothing moves", 100 * MIB,
	    { { 100, 1024 }, { 3000, 1024 }, { 6000, 1024 },
	    { 8000, 1024 } }, 80,
	    "1 %  1.0 of 100.0 MiB  stalled" },
	{ "nothing moved yet", 100 * MIB, { { 2000, 0 } }, 80,
	    "0 %  0.0 of 100.0 MiB  stalled" },
	{ "all is sent, dots and all", 10 * MIB,
	    { { 3000, 10 * 1024 + 1 } }, 80,
	    "100 %  10.0 of 10.0 MiB  waiting for the reply" },
	{ "an empty message", 0, { { 3000, 0 } }, 80,
	    "100 %  0.0 of 0.0 KiB  waiting for the reply" },
	{ "a narrow terminal", 100 * MIB, { { 2000, 2048 } }, 21,
	    "2 %  2.0 of 100.0 Mi" },
	{ "a terminal of unknown width", 100 * MIB, { { 2000, 2048 } }, 0,
	    "2 %  2.0 of 100.0 MiB  1.0 MiB/s  1:38 left" },
};

static void
a_line_tells_rate_and_time_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct progress_meter meter = { .total = cases[i].total };
		char line[128];

		for (size_t k = 0; k < 6 && cases[i].notes[k].at != 0; k++)
			progress_note(&meter, cases[i].notes[k].at,
			    cases[i].notes[k].kib * 1024);
		progress_line(line, sizeof(line), &meter, cases[i].columns);
		if (strcmp(line, cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].name, line);
	}
}

static void
what_the_peer_has_not_read_is_not_done(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	static char data[8 << 20];
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int peer, fd = socket(AF_INET, SOCK_STREAM, 0);
	struct progress p;
	ssize_t n;

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len),
	    0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	peer = accept(listener, NULL, NULL);
	progress_begin(&p, -1, fd, sizeof(data));
	n = send(fd, data, sizeof(data), MSG_DONTWAIT);
	assert_true(n > 0);
	progress_count(&p, (size_t)n);
	assert_true(p.written == (uint64_t)n);
	if (platform_unacknowledged(fd) > 0)
		assert_true(p.meter.now.done < p.written);
	while (recv(peer, data, sizeof(data), MSG_DONTWAIT) > 0 ||
	    platform_unacknowledged(fd) > 0)
		continue;
	progress_count(&p, 0);
	assert_true(p.meter.now.done == p.written);
	progress_end(&p);
	close(peer);
	close(fd);
	close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_tells_rate_and_time_left),
		cmocka_unit_test(what_the_peer_has_not_read_is_not_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
