/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For RTLD_NEXT. */
#define _GNU_SOURCE
#include "../unit.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/poll.h"
#include "net/connect.h"

/*
 * The resolver, as far as the names of these tests go: "two.test" has an
 * address that does not answer and one that does, "slow.test" takes its time,
 * and "localhost" is, as a resolver that lies has it, somewhere else.
 */
int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **answer)
{
	int (*resolve)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	int result;

	*(void **)&resolve = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!(hints->ai_flags & AI_NUMERICHOST) &&
	    strcmp(host, "slow.test") == 0)
		sleep(2);
	if (!(hints->ai_flags & AI_NUMERICHOST) &&
	    strcmp(host, "localhost") == 0)
		return resolve("192.0.2.10", port, hints, answer);
	if ((hints->ai_flags & AI_NUMERICHOST) ||
	    strcmp(host, "two.test") != 0)
		return resolve(host, port, hints, answer);
	if (hints->ai_family == AF_INET6)
		return EAI_NONAME;
	result = resolve("127.0.0.2", port, hints, answer);
	return result != 0 ? result
	    : resolve("127.0.0.1", port, hints, &(*answer)->ai_next);
}

/* A socket on a port of loopback that the system chose; it listens when
 * backlog is not negative. */
static int
bind_loopback(unsigned *port, int backlog)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static int
open_host(const char *host, unsigned port, const char *source,
	struct error *err)
{
	struct connect_target target = {0};
	struct connect_result result;
	struct transport *t;

	target.host = host;
	target.port = port;
	target.source_ip = source;
	target.seconds = 1;
	target.deadline = deadline_in(20000);
	memset(err, 0, sizeof(*err));
	if (connect_open(&t, &target, &result, err) != 0)
		return -1;
	t->close(t);
	assert_true(result.connected_ms >= result.resolved_ms);
	assert_string_equal(result.address, "127.0.0.1");
	return 0;
}

static void
a_numeric_address_is_reached(void **state)
{
	struct error err;
	unsigned port;
	int fd = bind_loopback(&port, 5);

	(void)state;
	assert_int_equal(open_host("127.0.0.1", port, NULL, &err), 0);
	assert_int_equal(open_host("127.0.0.1", port, "127.0.0.1", &err), 0);
	close(fd);
}

static void
every_address_of_a_name_is_tried(void **state)
{
	struct error err;
	unsigned port;
	int fd = bind_loopback(&port, 5);

	(void)state;
	/* ::1 comes first where the machine has it, and nobody is there. */
	assert_int_equal(open_host("localhost", port, NULL, &err), 0);
	close(fd);
}

static void
the_family_can_be_chosen(void **state)
{
	static const struct {
		const char *host;
		int family;
		const char *text; /* of the error that names the address */
	} table[] = {
		{ "127.0.0.1", AF_INET, "connection refused (127.0.0.1)" },
		{ "127.0.0.1", AF_INET6, "host 127.0.0.1 has no IPv6 address" },
		{ "::1", AF_INET, "host ::1 has no IPv4 address" },
		{ "two.test", AF_INET, "connection refused (127.0.0.2); "
		    "connection refused (127.0.0.1)" },
		{ "two.test", AF_INET6, "host two.test has no IPv6 address" },
	};
	unsigned port;
	int fd = bind_loopback(&port, -1);

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct connect_target target = { .host = table[i].host,
		    .port = port, .family = table[i].family,
		    .deadline = deadline_in(20000) };
		struct connect_result result;
		struct transport *t;
		struct error err = {0};

		assert_int_equal(connect_open(&t, &target, &result, &err), -1);
		assert_non_null(strstr(err.text, table[i].text));
		assert_int_equal(err.code, strstr(err.text, "refused") != NULL
		    ? EX_TEMPFAIL : EX_NOHOST);
	}
	close(fd);
}

static void
a_refusal_names_the_address(void **state)
{
	struct error err;
	unsigned port;
	int fd = bind_loopback(&port, -1);
	char text[128];

	(void)state;
	assert_int_equal(open_host("127.0.0.1", port, NULL, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	snprintf(text, sizeof(text), "cannot connect to 127.0.0.1:%u: "
	    "connection refused (127.0.0.1)", port);
	assert_string_equal(err.text, text);
	close(fd);
}

static void
a_full_backlog_ends_at_the_limit(void **state)
{
	struct error err;
	unsigned port;
	int n, fd = bind_loopback(&port, 0);
	int64_t before = deadline_now();

	(void)state;
	/* The queue of an idle listener fills; then SYNs are not answered. */
	for (n = 0; n < 8; n++)
		if (open_host("127.0.0.1", port, NULL, &err) != 0)
			break;
	if (n == 8)
		skip();
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_non_null(strstr(err.text, "connection timed out after 1 s"));
	assert_true(deadline_now() - before < 5000);
	close(fd);
}

static void
a_silent_address_costs_a_quarter_of_a_second(void **state)
{
	struct sockaddr_in a;
	struct error err;
	unsigned port;
	int fd = bind_loopback(&port, 5), silent, full[8];
	int64_t before;

	(void)state;
	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	a.sin_port = htons((uint16_t)port);
	silent = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(silent, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(silent, 0) != 0)
		skip();
	for (int i = 0; i < 8; i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(full[i], (struct sockaddr *)&a, sizeof(a));
	}
	before = deadline_now();
	assert_int_equal(open_host("two.test", port, NULL, &err), 0);
	assert_true(deadline_now() - before < 900);
	close(fd);
	/* Now nobody answers: both are named. */
	assert_int_equal(open_host("two.test", port, NULL, &err), -1);
	assert_non_null(strstr(err.text, "connection refused (127.0.0.1)"));
	assert_non_null(strstr(err.text,
	    "connection timed out after 1 s (127.0.0.2)"));
	close(silent);
	for (int i = 0; i < 8; i++)
		close(full[i]);
}

static void
a_slow_resolver_is_left_behind_at_the_deadline(void **state)
{
	struct connect_target target = {0};
	struct connect_result result;
	struct transport *t;
	struct error err = {0};
	int64_t before = deadline_now();

	(void)state;
	target.host = "slow.test";
	target.port = 9;
	target.deadline = deadline_in(50);
	assert_int_equal(connect_open(&t, &target, &result, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text,
	    "cannot resolve slow.test (temporary): timed out");
	assert_true(deadline_now() - before < 1500);
}

/* Bad values and what is said of them. */
static const struct {
	const char *host;
	const char *source;
	const char *text;
	int code;
} refused[] = {
	{ "127.0.0.1", "localhost", "source_ip: expected a numeric IP "
	    "address, not \"localhost\"", EX_CONFIG },
	{ "127.0.0.1", "::1", "cannot connect to 127.0.0.1:9: source_ip has "
	    "the wrong address family (127.0.0.1)", EX_TEMPFAIL },
	{ "no-such-host.invalid", NULL, NULL, 0 },
};

static void
what_cannot_be_is_said_in_words(void **state)
{
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(open_host(refused[i].host, 9,
		    refused[i].source, &err), -1);
		if (refused[i].text == NULL)
			continue;
		assert_string_equal(err.text, refused[i].text);
		assert_int_equal(err.code, refused[i].code);
	}
	/* The last one: a machine without a resolver cannot know. */
	assert_true(err.code == EX_NOHOST || err.code == EX_TEMPFAIL);
	assert_string_equal(err.text, err.code == EX_NOHOST
	    ? "host no-such-host.invalid not found"
	    : "cannot resolve no-such-host.invalid (temporary)");
}

static void
without_descriptors_it_is_the_systems_fault(void **state)
{
	struct rlimit before, none = { 0, 0 };
	struct error err;
	int result;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	result = open_host("127.0.0.1", 9, NULL, &err);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, EX_OSERR);
	assert_string_equal(err.text, "cannot connect to 127.0.0.1:9: cannot "
	    "create socket: Too many open files (127.0.0.1)");
}

/* A unix socket in a scratch directory. */
static void
a_unix_socket_is_reached(void **state)
{
	char dir[] = "/tmp/onehop-connect-XXXXXX", path[64], longer[200];
	struct sockaddr_un a;
	struct connect_target target = {0};
	struct connect_result result;
	struct transport *t;
	struct error err = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	target.socket = path;
	target.deadline = deadline_in(10000);
	assert_int_equal(connect_open(&t, &target, &result, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	memset(&a, 0, sizeof(a));
	a.sun_family = AF_UNIX;
	memcpy(a.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(connect_open(&t, &target, &result, &err), 0);
	assert_string_equal(result.address, path);
	t->close(t);

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	target.socket = longer;
	assert_int_equal(connect_open(&t, &target, &result, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static const struct {
	const char *host;
	int loopback;
} hosts[] = {
	{ "localhost", 1 }, { "LocalHost.", 1 }, { "127.0.0.1", 1 },
	{ "127.255.0.9", 1 }, { "::1", 1 }, { "::ffff:127.0.0.1", 1 },
	{ "128.0.0.1", 0 }, { "::2", 0 }, { "localhost.example", 0 },
	{ "127.0.0.1.example", 0 }, { "", 0 }, { "0.0.0.0", 0 },
};

static void
loopback_is_known_without_asking(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_int_equal(connect_is_loopback(hosts[i].host),
		    hosts[i].loopback);
}

static void
localhost_is_this_machine_whatever_the_resolver_says(void **state)
{
	static const struct {
		const char *host;
		int family;
		int local;
	} cases[] = {
		{ "localhost", AF_UNSPEC, 1 },
		{ "LOCALHOST.", AF_INET, 1 },
		{ "127.0.0.1", AF_UNSPEC, 1 },
		{ "two.test", AF_UNSPEC, 1 }, /* the peer's address counts */
	};
	unsigned port;
	int fd = bind_loopback(&port, 9);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct connect_target target = { .host = cases[i].host,
		    .port = port, .family = cases[i].family, .seconds = 2,
		    .deadline = deadline_in(20000) };
		struct connect_result result;
		struct transport *t;
		struct error err = {0};

		if (connect_open(&t, &target, &result, &err) != 0)
			fail_msg("%s: %s", cases[i].host, err.text);
		assert_string_equal(result.address, "127.0.0.1");
		assert_int_equal(result.local, cases[i].local);
		t->close(t);
	}
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_numeric_address_is_reached),
		cmocka_unit_test(every_address_of_a_name_is_tried),
		cmocka_unit_test(the_family_can_be_chosen),
		cmocka_unit_test(a_refusal_names_the_address),
		cmocka_unit_test(a_full_backlog_ends_at_the_limit),
		cmocka_unit_test(a_silent_address_costs_a_quarter_of_a_second),
		cmocka_unit_test(
		    a_slow_resolver_is_left_behind_at_the_deadline),
		cmocka_unit_test(what_cannot_be_is_said_in_words),
		cmocka_unit_test(without_descriptors_it_is_the_systems_fault),
		cmocka_unit_test(a_unix_socket_is_reached),
		cmocka_unit_test(
		    localhost_is_this_machine_whatever_the_resolver_says),
		cmocka_unit_test(loopback_is_known_without_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
