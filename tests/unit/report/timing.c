/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <unistd.h>

#include "config/account_check.h"
#include "report/timing.h"

/* Settings of an account, moments of a submission, steps that they make. */
static const struct timing_case {
	const char *name;
	const char *settings[4][2];
	struct submission facts;
	const char *steps;     /* "name=ms ...", "!" after an unfinished one */
} cases[] = {
	{ "nothing was tried", { { NULL } }, { .started = 0 }, "" },
	{ "TLS from the start, AUTH with the envelope",
	    { { "user", "u" }, { "password", "p" } },
	    { .tls_start = TLS_AT_ONCE, .started = 1000, .unlocked = 1000,
	    .connection = { .resolved_ms = 1010, .connected_ms = 1030 },
	    .secured = 1060, .greeted = 1100, .ready = 1150,
	    .mail = { 1210, 1210, 1290, 1 }, .ended = 1291 },
	    "resolve=10 connect=20 tls=30 greeting=40 ehlo=50 "
	    "auth_envelope=60 content=80" },
	{ "STARTTLS, AUTH by itself, a password from a command",
	    { { "user", "u" }, { "passwordeval", "pass" } },
	    { .tls_start = TLS_BY_STARTTLS, .started = 1000, .unlocked = 1500,
	    .connection = { .resolved_ms = 1501, .connected_ms = 1503 },
	    .greeted = 1506, .secured = 1510, .ready = 1515,
	    .mail = { 1521, 1528, 1536, 0 }, .ended = 1540 },
	    "password=500 resolve=1 connect=2 greeting=3 starttls=4 ehlo=5 "
	    "auth=6 envelope=7 content=8" },
	{ "neither TLS nor AUTH", { { NULL } },
	    { .started = 7, .unlocked = 7,
	    .connection = { .resolved_ms = 7, .connected_ms = 8 },
	    .greeted = 9, .ready = 10, .mail = { 0, 11, 12, 0 },
	    .ended = 12 },
	    "resolve=0 connect=1 greeting=1 ehlo=1 envelope=1 content=1" },
	{ "no connection", { { NULL } },
	    { .started = 5, .unlocked = 5, .connection.resolved_ms = 6,
	    .ended = 30006 }, "resolve=1 connect=30000!" },
	{ "the second host, as the first did not answer", { { NULL } },
	    { .started = 5, .unlocked = 5, .turned = 30005,
	    .connection = { .resolved_ms = 30006, .connected_ms = 30008 },
	    .greeted = 30011, .ended = 30015 },
	    "earlier_tries=30000 resolve=1 connect=2 greeting=3 ehlo=4!" },
	{ "a recipient was refused", { { NULL } },
	    { .started = 1, .unlocked = 1,
	    .connection = { .resolved_ms = 1, .connected_ms = 1 },
	    .greeted = 1, .ready = 1, .ended = 4 },
	    "resolve=0 connect=0 greeting=0 ehlo=0 envelope=3!" },
	{ "the second message of a session", { { NULL } },
	    { .started = 100, .unlocked = 1,
	    .connection = { .resolved_ms = 1, .connected_ms = 1 },
	    .greeted = 1, .ready = 1, .mail = { 0, 103, 108, 0 },
	    .ended = 109 }, "envelope=3 content=5" },
};

static void
make_account(struct account *a, const struct timing_case *c)
{
	struct error err = {0};

	account_init(a, "");
	assert_int_equal(account_set(a, "host", "mail.test", &err), 0);
	for (size_t i = 0; i < 4 && c->settings[i][0] != NULL; i++)
		assert_int_equal(account_set(a, c->settings[i][0],
		    c->settings[i][1], &err), 0);
	assert_int_equal(account_check(a, &err), 0);
}

static void
steps_end_at_their_moments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timing_step steps[TIMING_STEPS];
		struct account account;
		char text[512] = "";
		size_t n, len = 0;

		make_account(&account, &cases[i]);
		n = timing_steps(steps, &account, &cases[i].facts);
		account_free(&account);
		for (size_t k = 0; k < n; k++)
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "%s%s=%lld%s",
			    k > 0 ? " " : "", steps[k].name,
			    (long long)steps[k].ms,
			    steps[k].unfinished ? "!" : "");
		if (strcmp(text, cases[i].steps) != 0)
			fail_msg("%s: %s", cases[i].name, text);
	}
}

static void
bars_are_in_proportion(void **state)
{
	static const char wanted[] =
	    "resolve            10 ms  ##\n"
	    "connect             0 ms  \n"
	    "TLS               200 ms  "
	    "########################################\n"
	    "greeting          100 ms  #################### (unfinished)\n"
	    "total             310 ms\n";
	static const struct timing_case c = { .facts = { .started = 1,
	    .tls_start = TLS_AT_ONCE,
	    .connection = { .resolved_ms = 11, .connected_ms = 11 },
	    .secured = 211, .ended = 311 } };
	struct account account;
	char text[1024];
	ssize_t n;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	make_account(&account, &c);
	timing_show(ends[1], &account, &c.facts);
	account_free(&account);
	n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	close(ends[1]);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_end_at_their_moments),
		cmocka_unit_test(bars_are_in_proportion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
