/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/dns_answer.h"

#define NAME "_submissions._tcp.example.org"

/* An answer under construction. */
struct packet {
	unsigned char octets[8192];
	size_t len;
};

static void
put(struct packet *p, const void *data, size_t len)
{
	assert_true(p->len + len <= sizeof(p->octets));
	memcpy(p->octets + p->len, data, len);
	p->len += len;
}

static void
put16(struct packet *p, unsigned n)
{
	unsigned char octets[2] = { (unsigned char)(n >> 8),
		(unsigned char)n };

	put(p, octets, 2);
}

/* The labels of a dotted name; "" is the root. */
static void
put_name(struct packet *p, const char *name)
{
	while (*name != '\0') {
		unsigned char n = (unsigned char)strcspn(name, ".");

		put(p, &n, 1);
		put(p, name, n);
		name += n + (name[n] == '.');
	}
	put(p, "", 1);
}

/* A header that announces answers, and one question for NAME. */
static void
begin(struct packet *p, unsigned answers)
{
	memset(p, 0, sizeof(*p));
	put16(p, 4711);
	put16(p, 0x8180);
	put16(p, 1);
	put16(p, answers);
	put16(p, 0);
	put16(p, 0);
	put_name(p, NAME);
	put16(p, DNS_SRV);
	put16(p, 1);
}

/* All of a record but its data, which is to be len octets long. */
static void
put_head(struct packet *p, const char *owner, unsigned type, size_t len)
{
	put_name(p, owner);
	put16(p, type);
	put16(p, 1);
	put16(p, 0);
	put16(p, 300);
	put16(p, (unsigned)len);
}

static size_t
name_len(const char *name)
{
	return name[0] == '\0' ? 1 : strlen(name) + 2;
}

static void
put_srv(struct packet *p, const char *owner, unsigned priority,
    unsigned weight, unsigned port, const char *target)
{
	put_head(p, owner, DNS_SRV, 6 + name_len(target));
	put16(p, priority);
	put16(p, weight);
	put16(p, port);
	put_name(p, target);
}

static void
put_mx(struct packet *p, unsigned preference, const char *target)
{
	put_head(p, NAME, DNS_MX, 2 + name_len(target));
	put16(p, preference);
	put_name(p, target);
}

static void
put_cname(struct packet *p, const char *owner, const char *target)
{
	put_head(p, owner, 5, name_len(target));
	put_name(p, target);
}

/* From an allocation of just its size, so that reading past it shows. */
static int
parse_n(struct dns_records *records, const struct packet *p, size_t len,
    enum dns_type type)
{
	struct error err = {0};
	unsigned char *copy = malloc(len + 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, p->octets, len);
	result = dns_answer_parse(records, copy, len, NAME, type, &err);
	free(copy);
	assert_int_equal(err.code, result == 0 ? 0 : EX_TEMPFAIL);
	return result;
}

static int
parse(struct dns_records *records, const struct packet *p,
    enum dns_type type)
{
	return parse_n(records, p, p->len, type);
}

static void
srv_records_are_read(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 2);
	put_srv(&p, NAME, 10, 7, 465, "Smtp.example.org");
	put_srv(&p, "_SUBMISSIONS._tcp.EXAMPLE.org", 20, 0, 4465, "b");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.at[0].priority, 10);
	assert_int_equal(r.at[0].weight, 7);
	assert_int_equal(r.at[0].port, 465);
	assert_string_equal(r.at[0].target, "Smtp.example.org");
	assert_int_equal(r.at[1].port, 4465);
	assert_false(r.refused);
	assert_false(r.authentic);
	p.octets[3] |= 0x20;
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_true(r.authentic);
}

static void
mx_records_are_read(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 2);
	put_mx(&p, 10, "mx.example.org");
	put_srv(&p, NAME, 10, 7, 465, "smtp.example.org");
	assert_int_equal(parse(&r, &p, DNS_MX), 0);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.at[0].priority, 10);
	assert_int_equal(r.at[0].port, 0);
	assert_string_equal(r.at[0].target, "mx.example.org");
}

static void
a_compressed_target_is_read(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 1);
	put_head(&p, NAME, DNS_SRV, 6 + 7);
	put16(&p, 0);
	put16(&p, 0);
	put16(&p, 465);
	put(&p, "\4mail\xc0\x1e", 7); /* "example.org" of the question */
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.at[0].target, "mail.example.org");
}

static void
aliases_are_followed_in_any_order(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 4);
	put_srv(&p, "c.test", 0, 0, 465, "smtp.test");
	put_cname(&p, "b.test", "c.test");
	put_cname(&p, NAME, "b.test");
	put_srv(&p, "stranger.test", 0, 0, 465, "stranger.test");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.at[0].target, "smtp.test");
}

static void
an_endless_alias_comes_to_nothing(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 2);
	put_cname(&p, NAME, "a.test");
	put_cname(&p, "a.test", NAME);
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 0);
	assert_false(r.refused);
}

static void
a_single_dot_refuses_the_service(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 1);
	put_srv(&p, NAME, 0, 0, 0, "");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 0);
	assert_true(r.refused);
	begin(&p, 1);
	put_mx(&p, 0, "");
	assert_int_equal(parse(&r, &p, DNS_MX), 0);
	assert_true(r.refused);
	begin(&p, 2);
	put_srv(&p, NAME, 0, 0, 0, "");
	put_srv(&p, NAME, 0, 0, 465, "smtp.test");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 1);
	assert_false(r.refused);
}

static void
what_no_host_can_serve_is_left_out(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 5);
	put_srv(&p, NAME, 0, 0, 0, "port-zero.test");
	put_srv(&p, NAME, 0, 0, 465, "a b.test");
	put_srv(&p, NAME, 0, 0, 465, "\x1b[2J.test");
	put_srv(&p, NAME, 0, 0, 465, "a\\b.test");
	put_srv(&p, NAME, 0, 0, 465, "good.test");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.at[0].target, "good.test");
}

static void
past_the_limit_the_last_records_are_dropped(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, DNS_RECORDS_MAX + 5);
	for (unsigned i = 0; i < DNS_RECORDS_MAX + 5; i++)
		put_srv(&p, NAME, 99 - i, 0, 465, "smtp.test");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, DNS_RECORDS_MAX);
	for (unsigned i = 0; i < DNS_RECORDS_MAX; i++)
		assert_true(r.at[i].priority < 99 - 4);
}

static void
an_answer_cut_anywhere_is_malformed(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 2);
	put_cname(&p, NAME, "a.test");
	put_srv(&p, "a.test", 0, 0, 465, "smtp.test");
	assert_int_equal(parse(&r, &p, DNS_SRV), 0);
	assert_int_equal(r.n, 1);
	for (size_t len = 0; len < p.len; len++) {
		assert_int_equal(parse_n(&r, &p, len, DNS_SRV), -1);
		assert_int_equal(r.n, 0);
	}
}

static void
hostile_answers_are_malformed(void **state)
{
	static const struct {
		const char *what;
		unsigned len;          /* of the data, as announced */
		const char *data;
		size_t octets;         /* of the data, as they come */
	} cases[] = {
		{ "no target at all", 6, "\0\0\0\0\1\xd1", 6 },
		{ "less than the fixed fields", 3, "\0\0\0", 3 },
		{ "no data", 0, "", 0 },
		{ "target past its data", 8, "\0\0\0\0\1\xd1\4mail\0", 12 },
		{ "data past the end", 500, "\0\0\0\0\1\xd1\1a\0", 9 },
		{ "a pointer to itself", 8, "\0\0\0\0\1\xd1\xc0\x5e", 8 },
		{ "a pointer past the end", 8, "\0\0\0\0\1\xd1\xff\xff", 8 },
		{ "a pointer cut short", 7, "\0\0\0\0\1\xd1\xc0", 7 },
		{ "a label of a reserved kind", 8, "\0\0\0\0\1\xd1\x80\0", 8 },
		{ "a label past the end", 8, "\0\0\0\0\1\xd1\x3f\x61", 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_records r;
		struct packet p;

		begin(&p, 1);
		put_head(&p, NAME, DNS_SRV, cases[i].len);
		put(&p, cases[i].data, cases[i].octets);
		if (parse(&r, &p, DNS_SRV) != -1)
			fail_msg("taken: %s", cases[i].what);
	}
}

static void
a_hostile_alias_is_malformed(void **state)
{
	static const struct {
		const char *what;
		const char *data;
		unsigned len;
	} cases[] = {
		{ "no data", "", 0 },
		{ "a name past its data", "\4mail", 5 },
		{ "a pointer to itself", "\xc0\x58", 2 },
		{ "a pointer past the end", "\xff\xff", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_records r;
		struct packet p;

		begin(&p, 2);
		put_head(&p, NAME, 5, cases[i].len);
		put(&p, cases[i].data, cases[i].len);
		put_srv(&p, NAME, 0, 0, 465, "smtp.test");
		if (parse(&r, &p, DNS_SRV) != -1)
			fail_msg("taken: %s", cases[i].what);
		assert_int_equal(r.n, 0);
	}
}

static void
more_answers_announced_than_come_are_malformed(void **state)
{
	struct dns_records r;
	struct packet p;

	(void)state;
	begin(&p, 65535);
	put_srv(&p, NAME, 0, 0, 465, "smtp.test");
	assert_int_equal(parse(&r, &p, DNS_SRV), -1);
	assert_int_equal(r.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(srv_records_are_read),
		cmocka_unit_test(mx_records_are_read),
		cmocka_unit_test(a_compressed_target_is_read),
		cmocka_unit_test(aliases_are_followed_in_any_order),
		cmocka_unit_test(an_endless_alias_comes_to_nothing),
		cmocka_unit_test(a_single_dot_refuses_the_service),
		cmocka_unit_test(what_no_host_can_serve_is_left_out),
		cmocka_unit_test(past_the_limit_the_last_records_are_dropped),
		cmocka_unit_test(an_answer_cut_anywhere_is_malformed),
		cmocka_unit_test(hostile_answers_are_malformed),
		cmocka_unit_test(a_hostile_alias_is_malformed),
		cmocka_unit_test(
		    more_answers_announced_than_come_are_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
