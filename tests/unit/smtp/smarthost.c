/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "base/buffer.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "smtp/smarthost.h"

static const struct {
	const char *name;
	const char *wire; /* NULL: refused */
} names[] = {
	{ "mail.test", "mail.test" },
	{ "b\xc3\xbc" "cher.test", "xn--bcher-kva.test" },
	{ "192.0.2.1", "192.0.2.1" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "", "" },
	/* absolute, so that the resolver tries no suffixes */
	{ "mail.test.", "mail.test." },
	{ "b\xc3\xbc" "cher.test.", "xn--bcher-kva.test." },
	{ ".", NULL },
	{ "mail.test..", NULL },
	{ "mail..test", NULL },
	{ "mail test", NULL },
};

static void
names_go_to_the_wire_in_a_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = {0};
		char *wire = NULL;
		int result = smarthost_write_name(names[i].name, &wire, &err);

		if (names[i].wire == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, EX_DATAERR);
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(wire, names[i].wire);
		free(wire);
	}
}

/* The account's hosts and socket, and those that are tried, "," after each. */
static const struct {
	const char *host, *socket, *tried;
	int code;
} routes[] = {
	{ "a.test", "", "a.test,", 0 },
	{ "a.test b.test", "", "a.test,b.test,", 0 },
	{ "a.test", "/socket", "a.test,", 0 },
	{ "a.test b.test", "/socket", "a.test,", 0 },
	{ "", "/socket", ",", 0 },
	{ "a..test b.test", "", "", EX_DATAERR },
	{ "a.test b..test", "", "a.test,", EX_DATAERR },
};

static void
the_hosts_are_tried_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct smarthost_list route = {0};
		struct buffer tried = {0};
		struct account a;
		struct error err = {0};

		account_init(&a, "/nonexistent");
		if (routes[i].host[0] != '\0')
			assert_int_equal(account_store(&a, KEY_host,
			    routes[i].host, &err), 0);
		free(a.socket);
		a.socket = xstrdup(routes[i].socket);
		a.port = 2525;
		a.tls = (int)i % 2;
		assert_int_equal(smarthost_make(&route, &a, NULL, &err),
		    routes[i].code == 0 ? 0 : -1);
		assert_int_equal(err.code, routes[i].code);
		for (size_t k = 0; k < route.n; k++) {
			buffer_addf(&tried, "%s,", route.at[k].name);
			assert_string_equal(route.at[k].wire,
			    route.at[k].name);
			assert_int_equal(route.at[k].port, 2525);
			assert_int_equal(route.at[k].tls, a.tls);
		}
		assert_string_equal(buffer_string(&tried), routes[i].tried);
		buffer_free(&tried);
		smarthost_free(&route);
		account_free(&a);
	}
}

static void
the_deadline_is_that_of_the_run(void **state)
{
	struct smarthost_list route = {0};
	struct account a;
	struct error err = {0};

	(void)state;
	account_init(&a, "/nonexistent");
	assert_int_equal(account_store(&a, KEY_host, "a.test", &err), 0);
	a.deadline = 0;
	assert_int_equal(smarthost_make(&route, &a, NULL, &err), 0);
	assert_true(route.deadline == DEADLINE_NONE);
	smarthost_free(&route);
	a.deadline = 60;
	assert_int_equal(smarthost_make(&route, &a, NULL, &err), 0);
	assert_in_range(route.deadline - deadline_now(), 50000, 60000);
	smarthost_free(&route);
	account_free(&a);
}

/* The scope of an address begins with %, which a command might expand. */
static void
a_name_that_a_command_may_misread_is_not_given_to_it(void **state)
{
	static char name[] = "fe80::1%eth0";
	struct smarthost host = { .name = name, .wire = name, .port = 25 };
	struct smarthost_list route = { .at = &host, .n = 1 };
	struct connect_result result;
	struct transport *transport = NULL;
	struct error err = {0};
	struct account a;

	(void)state;
	account_init(&a, "/nonexistent");
	route.account = &a;
	assert_int_equal(account_store(&a, KEY_connect_command, "false %h",
	    &err), 0);
	assert_int_equal(smarthost_open(&route, 0, &transport, &result, &err),
	    -1);
	assert_int_equal(err.code, EX_DATAERR);
	assert_string_equal(err.text, "host fe80::1%eth0 contains characters "
	    "not allowed in connect_command");
	assert_null(transport);
	account_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_to_the_wire_in_a_labels),
		cmocka_unit_test(the_hosts_are_tried_in_order),
		cmocka_unit_test(the_deadline_is_that_of_the_run),
		cmocka_unit_test(
		    a_name_that_a_command_may_misread_is_not_given_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
