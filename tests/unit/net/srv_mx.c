/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/types.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>

#include "base/platform.h"
#include "config/account.h"
#include "config/account_check.h"
#include "format/dns_answer.h"
#include "smtp/smarthost.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The DNS, as far as the names of these tests go. */
static const struct {
	const char *name;
	int type;
	int authentic;
	unsigned priority, port;
	const char *target;
} records[] = {
	{ "_submissions._tcp.in.test", DNS_SRV, 0, 20, 465, "b.in.test" },
	{ "_submissions._tcp.in.test", DNS_SRV, 0, 10, 4465, "a.in.test" },
	{ "_submission._tcp.in.test", DNS_SRV, 0, 0, 587, "in.test" },
	{ "_submissions._tcp.away.test", DNS_SRV, 0, 0, 465, "smtp.x.test" },
	{ "_submissions._tcp.signed.test", DNS_SRV, 1, 0, 465, "smtp.x.test" },
	{ "_submissions._tcp.mixed.test", DNS_SRV, 0, 0, 465, "smtp.x.test" },
	{ "_submission._tcp.mixed.test", DNS_SRV, 0, 0, 587, "mixed.test" },
	{ "_submissions._tcp.none.test", DNS_SRV, 0, 0, 0, "" },
	{ "_submissions._tcp.half.test", DNS_SRV, 0, 0, 0, "" },
	{ "_submission._tcp.half.test", DNS_SRV, 0, 0, 587, "half.test" },
	{ "in.test", DNS_MX, 0, 20, 0, "mx.elsewhere.test" },
	{ "in.test", DNS_MX, 0, 10, 0, "mx.in.test" },
	{ "none.test", DNS_MX, 0, 0, 0, "" },
	{ "bad.test", DNS_MX, 0, 0, 0, "m x.bad.test" },
	{ "worse.test", DNS_MX, 0, 0, 0, "m/x.worse.test" },
	{ "worse.test", DNS_MX, 0, 9, 0, "mx.worse.test" },
};

/* An answer under construction. */
static unsigned char *packet;
static int length;

static void
put16(unsigned n)
{
	packet[length++] = (unsigned char)(n >> 8);
	packet[length++] = (unsigned char)n;
}

static void
put_name(const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		packet[length++] = (unsigned char)n;
		memcpy(packet + length, name, n);
		length += (int)n;
		name += n + (name[n] == '.');
	}
	packet[length++] = 0;
}

static void
put_record(size_t i)
{
	int srv = records[i].type == DNS_SRV, at;

	put_name(records[i].name);
	put16((unsigned)records[i].type);
	put16(1);
	put16(0);
	put16(300);
	at = length;
	put16(0);
	put16(records[i].priority);
	if (srv) {
		put16(0);
		put16(records[i].port);
	}
	put_name(records[i].target);
	packet[at + 1] = (unsigned char)(length - at - 2);
}

/* The resolver that dns_query.c asks. */
int
res_query(const char *name, int class, int type, unsigned char *answer,
    int size)
{
	unsigned n = 0;

	if (class != 1 || size < 512)
		abort(); /* another thread's asserts are nobody's */
	if (strcmp(name, "_submissions._tcp.trouble.test") == 0) {
		h_errno = TRY_AGAIN;
		return -1;
	}
	packet = answer;
	memset(packet, 0, 12);
	length = 12;
	for (size_t i = 0; i < COUNT(records); i++)
		if (strcmp(records[i].name, name) == 0 &&
		    records[i].type == type) {
			put_record(i);
			packet[3] = records[i].authentic ? 0x20 : 0;
			n++;
		}
	packet[7] = (unsigned char)n;
	h_errno = NO_DATA;
	return n > 0 ? length : -1;
}

/* Settings, and the hosts they come to: "name:port" and "s" for STARTTLS; or
 * the exit code, and a part of what is said. */
static const struct {
	const char *settings;
	const char *hosts;
	int code;
	const char *words;
} cases[] = {
	{ "host=srv:in.test", "a.in.test:4465 b.in.test:465 in.test:587s", 0,
	  NULL },
	{ "host=SRV:in.test.",
	  "a.in.test:4465 b.in.test:465 in.test:587s", 0, NULL },
	{ "host=srv:away.test", NULL, EX_CONFIG, "another domain" },
	{ "host=srv:away.test srv_targets=x.test", "smtp.x.test:465", 0,
	  NULL },
	{ "host=srv:away.test srv_targets=smtp.X.test", "smtp.x.test:465", 0,
	  NULL },
	{ "host=srv:away.test srv_targets=tp.x.test", NULL, EX_CONFIG,
	  "another domain" },
	{ "host=srv:away.test tls_host_override=away.test",
	  "smtp.x.test:465", 0, NULL },
	{ "host=srv:away.test tls_host_override=away.test tls_certcheck=off",
	  NULL, EX_CONFIG, "another domain" },
	{ "host=srv:mixed.test", "mixed.test:587s", 0, NULL },
	{ "host=srv:none.test", NULL, EX_NOHOST, "says that none.test" },
	{ "host=srv:half.test", "half.test:587s", 0, NULL },
	{ "host=srv:empty.test", NULL, EX_NOHOST, "names no submission" },
	{ "host=srv:trouble.test", NULL, EX_TEMPFAIL, "no response" },
	{ "host=mx:in.test", "mx.in.test:25s mx.elsewhere.test:25s", 0,
	  NULL },
	{ "host=mx:in.test port=2525",
	  "mx.in.test:2525s mx.elsewhere.test:2525s", 0, NULL },
	{ "host=mx:none.test", NULL, EX_NOHOST, "null MX" },
	{ "host=mx:bad.test", NULL, EX_NOHOST, "no valid host" },
	{ "host=mx:worse.test", "mx.worse.test:25s", 0, NULL },
	{ "host=mx:empty.test", "empty.test:25s", 0, NULL },
};

static void
set_all(struct account *a, const char *settings, struct error *err)
{
	char *copy = strdup(settings), *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		assert_int_equal(account_set(a, word, value, err), 0);
	}
	free(copy);
}

static void
check_hosts(const struct smarthost_list *route, const char *wanted)
{
	char text[256] = "";

	for (size_t i = 0; i < route->n; i++) {
		const struct smarthost *host = &route->at[i];
		size_t n = strlen(text);

		assert_true(host->tls);
		assert_string_equal(host->name, host->wire);
		snprintf(text + n, sizeof(text) - n, "%s%s:%u%s",
		    i > 0 ? " " : "", host->name, host->port,
		    host->tls_starttls ? "s" : "");
	}
	assert_string_equal(text, wanted);
}

static void
only_hosts_that_somebody_vouches_for_are_tried(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct smarthost_list route = {0};
		struct error err = {0};
		struct account a;
		int result;

		account_init(&a, "/nowhere");
		set_all(&a, cases[i].settings, &err);
		assert_int_equal(account_check(&a, &err), 0);
		result = smarthost_make(&route, &a, NULL, &err);
		if (err.code != cases[i].code)
			fail_msg("%s: %d %s", cases[i].settings, err.code,
			    err.text);
		if (result == 0)
			check_hosts(&route, cases[i].hosts);
		else
			assert_non_null(strstr(err.text, cases[i].words));
		smarthost_free(&route);
		account_free(&a);
	}
}

static void
a_host_that_the_dns_does_not_lead_to_is_passed_over(void **state)
{
	struct smarthost_list route = {0};
	struct error err = {0};
	struct account a;

	(void)state;
	account_init(&a, "/nowhere");
	set_all(&a, "host= port=465", &err);
	assert_int_equal(account_set(&a, "host",
	    "srv:empty.test srv:away.test smtp.test", &err), 0);
	assert_int_equal(account_check(&a, &err), 0);
	assert_int_equal(smarthost_make(&route, &a, NULL, &err), 0);
	assert_int_equal(err.code, 0);
	check_hosts(&route, "smtp.test:465");
	smarthost_free(&route);
	account_free(&a);
}

static void
a_signed_answer_counts_if_the_system_vouches_for_it(void **state)
{
	struct smarthost_list route = {0};
	struct error err = {0};
	struct account a;

	(void)state;
	account_init(&a, "/nowhere");
	set_all(&a, "host=srv:signed.test", &err);
	assert_int_equal(account_check(&a, &err), 0);
	assert_int_equal(smarthost_make(&route, &a, NULL, &err) == 0,
	    platform_strips_authentic());
	smarthost_free(&route);
	account_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    only_hosts_that_somebody_vouches_for_are_tried),
		cmocka_unit_test(
		    a_signed_answer_counts_if_the_system_vouches_for_it),
		cmocka_unit_test(
		    a_host_that_the_dns_does_not_lead_to_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
