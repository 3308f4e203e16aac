/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters of MAIL and RCPT, and what is not offered. */
#include "../unit.h"

#include "../letter.h"
#include "base/xmalloc.h"
#include "smtp/esmtp.h"

/* A session with a server of those extensions; the account asks for nothing. */
static void
prepare(struct session *s, struct account *a, unsigned offered)
{
	memset(s, 0, sizeof(*s));
	account_init(a, "/nonexistent");
	s->account = a;
	s->can.offered = offered;
}

static void
the_use_of_an_extension_is_named_by_its_keys(void **state)
{
	struct session s;
	struct account a;
	char text[64];

	(void)state;
	prepare(&s, &a, 0);
	assert_string_equal(esmtp_use(&s, EXT_REQUIRETLS, text, sizeof(text)),
	    "no require_tls");
	assert_string_equal(esmtp_use(&s, EXT_FUTURERELEASE, text,
	    sizeof(text)), "no hold_for, no hold_until");
	assert_null(esmtp_use(&s, EXT_PIPELINING, text, sizeof(text)));
	a.hold_for = 60;
	assert_string_equal(esmtp_use(&s, EXT_FUTURERELEASE, text,
	    sizeof(text)), "used");
	account_free(&a);
}

static char failure[] = "FAILURE", hdrs[] = "HDRS", id[] = "id",
	never[] = "NEVER", orcpt[] = "rfc822;a@b", you[] = "you@example.net";

/* What asks for notifications. */
static struct {
	struct envelope envelope;
	struct recipient to;
	int wants;
} wishes[] = {
	{ { .n = 1 }, { .path = you }, 0 },
	{ { .n = 1, .notify = failure }, { .path = you }, 1 },
	{ { .n = 1, .returns = hdrs }, { .path = you }, 1 },
	{ { .n = 1, .envid = id }, { .path = you }, 1 },
	{ { .n = 1 }, { .path = you, .notify = never }, 1 },
	{ { .n = 1 }, { .path = you, .orcpt = orcpt }, 1 },
};

static void
dsn_strict_needs_dsn_for_a_wish(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct envelope *e = &wishes[i].envelope;
		struct message m = {0};
		struct error err = {0};
		struct session s;
		struct account a;

		e->to = &wishes[i].to;
		prepare(&s, &a, EXT_DSN);
		a.dsn_strict = 1;
		assert_int_equal(esmtp_check(&s, e, &m, &err), 0);
		s.can.offered = 0;
		assert_int_equal(esmtp_check(&s, e, &m, &err),
		    wishes[i].wants ? -1 : 0);
		a.dsn_strict = 0;
		assert_int_equal(esmtp_check(&s, e, &m, &err), 0);
		account_free(&a);
	}
}

/* RFC 8689 4.2.1: a key that is known does not verify the server's name. */
static void
require_tls_needs_a_server_that_is_verified(void **state)
{
	static const char unverified[] = "require_tls: expected a verified "
	    "TLS session";
	static const char tofu[] = "require_tls: expected tls_trust ca or "
	    "dane: tofu does not verify the server's name";
	static const struct {
		const char *version;
		enum tls_trust trust;
		int certcheck;
		const char *text; /* "" if the message is sent */
	} rows[] = {
		{ "TLS1.3", TLS_TRUST_CA, 1, "" },
		{ "TLS1.3", TLS_TRUST_DANE, 1, "" },
		{ "TLS1.3", TLS_TRUST_TOFU, 1, tofu },
		{ "TLS1.3", TLS_TRUST_CA, 0, unverified },
		{ "", TLS_TRUST_CA, 1, unverified },
		{ "", TLS_TRUST_TOFU, 1, unverified },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recipient to = { .path = you };
		struct envelope e = { .to = &to, .n = 1 };
		struct message m = {0};
		struct error err = {0};
		struct session s;
		struct account a;

		prepare(&s, &a, EXT_REQUIRETLS);
		a.require_tls = 1;
		a.tls_trust = rows[i].trust;
		a.tls_certcheck = rows[i].certcheck;
		snprintf(s.tls.version, sizeof(s.tls.version), "%s",
		    rows[i].version);
		assert_int_equal(esmtp_check(&s, &e, &m, &err),
		    rows[i].text[0] == '\0' ? 0 : -1);
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(err.code, rows[i].text[0] == '\0' ? 0
		    : EX_UNAVAILABLE);
		account_free(&a);
	}
}

/* What the server bounds, what the account asks for, and the error. */
static const struct {
	uint64_t hold_max, deliverby_min, size_max;
	unsigned hold_for;
	const char *deliver_by;
	const char *error; /* "" if it is within the bounds */
	int waited;
} bounds[] = {
	{ 60, 0, 0, 60, "", "", 0 },
	{ 60, 0, 0, 61, "", "hold_for: 61 seconds are left, server holds "
	    "messages for at most 60", 0 },
	{ 0, 0, 0, 61, "", "", 0 },
	{ 1, 0, 0, 2, "", "for at most 1", 0 },
	{ 0, 60, 0, 0, "60;R", "", 0 },
	{ 0, 60, 0, 0, "59;R", "deliver_by: 59 seconds are left, server "
	    "requires at least 60", 0 },
	{ 0, 60, 0, 0, "0;N", "", 0 },
	{ 0, 60, 0, 0, "1;N", "", 0 },
	{ 0, 60, 0, 0, "70;RT", "deliver_by: 59 seconds are left, server "
	    "requires at least 60", 11 },
	{ 0, 60, 0, 0, "70;R", "", 10 },
	{ 60, 0, 0, 70, "", "", 10 },
	{ 60, 0, 0, 70, "", "hold_for: 61 seconds are left, server holds "
	    "messages for at most 60", 9 },
	{ 0, 60, 0, 0, "-1;N", "", 0 },
	{ 0, 0, 2, 0, "", "", 0 },
	{ 0, 0, 1, 0, "", "message of 2 bytes exceeds server limit 1", 0 },
};

static void
the_bounds_of_the_server_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct recipient to = { .path = you };
		struct envelope e = { .to = &to, .n = 1 };
		struct message m = {0};
		struct error err = {0};
		const struct submit_options options = {
			.waited = bounds[i].waited };
		struct session s;
		struct account a;

		prepare(&s, &a, EXT_FUTURERELEASE | EXT_DELIVERBY | EXT_SIZE);
		s.options = &options;
		letter_take(&m, "\n", 1); /* CRLF */
		a.hold_for = bounds[i].hold_for;
		if (bounds[i].deliver_by[0] != '\0')
			assert_int_equal(account_store(&a, KEY_deliver_by,
			    bounds[i].deliver_by, &err), 0);
		s.can.hold_max = bounds[i].hold_max;
		s.can.deliverby_min = bounds[i].deliverby_min;
		s.can.size_max = bounds[i].size_max;
		assert_int_equal(esmtp_check(&s, &e, &m, &err),
		    bounds[i].error[0] == '\0' ? 0 : -1);
		if (strstr(err.text, bounds[i].error) == NULL)
			fail_msg("%s: expected %s", err.text, bounds[i].error);
		message_free(&m);
		account_free(&a);
	}
}

/* What the account asks for, and the parameters after a time in the outbox. */
static const struct {
	unsigned hold_for;
	const char *deliver_by;
	int waited;
	const char *parameters;
} waits[] = {
	{ 60, "60;R", 0, " BY=60;R HOLDFOR=60" },
	{ 60, "60;R", 59, " BY=1;R HOLDFOR=1" },
	{ 60, "60;NT", 60, " BY=0;NT" },
	{ 0, "60;N", 90, " BY=-30;N" },
	{ 0, "-60;n", 90, " BY=-150;n" },
	{ 0, "", 90, "" },
};

static void
the_time_in_the_outbox_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		const struct submit_options options = {
			.waited = waits[i].waited };
		struct envelope e = {0};
		struct message m = {0};
		struct buffer out = {0};
		struct error err = {0};
		struct session s;
		struct account a;

		prepare(&s, &a, EXT_FUTURERELEASE | EXT_DELIVERBY);
		s.options = &options;
		a.hold_for = waits[i].hold_for;
		if (waits[i].deliver_by[0] != '\0')
			assert_int_equal(account_store(&a, KEY_deliver_by,
			    waits[i].deliver_by, &err), 0);
		esmtp_add_mail(&out, &s, &e, &m);
		assert_string_equal(buffer_string(&out), waits[i].parameters);
		buffer_free(&out);
		account_free(&a);
	}
}

/* Returns the parameters of RCPT for a path of that many octets. */
static size_t
parameters_of(char *notify, size_t octets, char *text, size_t size)
{
	struct buffer out = {0};
	struct envelope e = { .notify = notify };
	struct recipient to = {0};
	struct session s;
	struct account a;
	size_t len;

	to.path = xcalloc(1, octets + 1);
	memset(to.path, 'x', octets);
	prepare(&s, &a, EXT_DSN);
	esmtp_add_rcpt(&out, &s, &e, &to);
	len = out.len;
	snprintf(text, size, "%s", buffer_string(&out));
	buffer_free(&out);
	free(to.path);
	account_free(&a);
	return len;
}

static void
the_original_recipient_has_at_most_500_octets(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(parameters_of(failure, 500, text, sizeof(text)),
	    strlen(" NOTIFY=FAILURE ORCPT=rfc822;") + 500);
	parameters_of(failure, 501, text, sizeof(text));
	assert_string_equal(text, " NOTIFY=FAILURE");
	parameters_of(never, 5, text, sizeof(text));
	assert_string_equal(text, " NOTIFY=NEVER");
	parameters_of(NULL, 5, text, sizeof(text));
	assert_string_equal(text, "");
}

/* The content, what is offered, and the parameters of MAIL. */
static const struct {
	unsigned offered;
	int chunking, body_8bit, header_8bit, smtputf8;
	size_t longest_line;
	const char *parameters;
} bodies[] = {
	{ EXT_8BITMIME, 0, 0, 0, 0, 998, "" },
	{ EXT_8BITMIME, 0, 1, 0, 0, 998, " BODY=8BITMIME" },
	{ EXT_8BITMIME, 0, 0, 1, 0, 998, " BODY=8BITMIME" },
	{ EXT_8BITMIME, 0, 0, 0, 1, 998, " BODY=8BITMIME SMTPUTF8" },
	{ 0, 0, 1, 1, 1, 998, " SMTPUTF8" },
	{ EXT_CHUNKING | EXT_BINARYMIME, 1, 0, 0, 0, 999, " BODY=BINARYMIME" },
	{ EXT_CHUNKING | EXT_BINARYMIME, 1, 0, 0, 0, 998, "" },
	{ EXT_CHUNKING | EXT_BINARYMIME, 0, 0, 0, 0, 999, "" },
	{ EXT_BINARYMIME, 1, 0, 0, 0, 999, "" },
	{ EXT_CHUNKING, 1, 0, 0, 0, 999, "" },
};

static void
the_body_is_declared_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct buffer out = {0};
		struct envelope e = { .smtputf8 = bodies[i].smtputf8 };
		struct message m = { .body_8bit = bodies[i].body_8bit,
			.header_8bit = bodies[i].header_8bit,
			.longest_line = bodies[i].longest_line };
		struct session s;
		struct account a;

		prepare(&s, &a, bodies[i].offered);
		a.chunking = bodies[i].chunking;
		esmtp_add_mail(&out, &s, &e, &m);
		assert_string_equal(buffer_string(&out), bodies[i].parameters);
		buffer_free(&out);
		account_free(&a);
	}
}

/* AUTH= of MAIL: the account's, that of a client, and what is sent. */
static void
auth_names_who_submitted(void **state)
{
	static const struct {
		unsigned offered;
		const char *mail_auth, *auth;
		int is_client;
		const char *parameters;
	} rows[] = {
		{ EXT_AUTH, "", "on", 0, "" },
		{ EXT_AUTH, "<>", "on", 1, " AUTH=<>" },
		{ EXT_AUTH, "a+b@example.org", "on", 1,
		    " AUTH=a+2Bb@example.org" },
		{ EXT_AUTH, "", "on", 1, " AUTH=id" },
		{ EXT_AUTH, "", "off", 1, "" },
		{ 0, "<>", "on", 1, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer out = {0};
		struct envelope e = { .submitter =
			rows[i].is_client ? id : NULL };
		struct message m = {0};
		struct error err = {0};
		struct session s;
		struct account a;

		prepare(&s, &a, rows[i].offered);
		if (rows[i].mail_auth[0] != '\0')
			assert_int_equal(account_store(&a, KEY_mail_auth,
			    rows[i].mail_auth, &err), 0);
		assert_int_equal(account_store(&a, KEY_auth, rows[i].auth,
		    &err), 0);
		esmtp_add_mail(&out, &s, &e, &m);
		assert_string_equal(buffer_string(&out), rows[i].parameters);
		buffer_free(&out);
		account_free(&a);
	}
}

/* What a recipient is given where the server offers DSN. */
static void
a_recipient_has_its_own_wishes(void **state)
{
	static const struct {
		unsigned offered;
		char *notify, *orcpt;
		const char *all; /* the envelope's wish */
		const char *parameters;
	} rows[] = {
		{ EXT_DSN, NULL, NULL, NULL, "" },
		{ EXT_DSN, NULL, orcpt, NULL, " ORCPT=rfc822;a@b" },
		{ EXT_DSN, failure, orcpt, NULL,
		    " NOTIFY=FAILURE ORCPT=rfc822;a@b" },
		{ EXT_DSN, failure, NULL, "NEVER",
		    " NOTIFY=FAILURE ORCPT=rfc822;you@example.net" },
		{ EXT_DSN, NULL, NULL, "NEVER", " NOTIFY=NEVER" },
		{ 0, failure, orcpt, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recipient to = { .path = you,
			.notify = rows[i].notify, .orcpt = rows[i].orcpt };
		struct envelope e = { .to = &to, .n = 1 };
		struct buffer out = {0};
		struct session s;
		struct account a;

		e.notify = rows[i].all == NULL ? NULL : never;
		prepare(&s, &a, rows[i].offered);
		esmtp_add_rcpt(&out, &s, &e, &to);
		assert_string_equal(buffer_string(&out), rows[i].parameters);
		buffer_free(&out);
		account_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_use_of_an_extension_is_named_by_its_keys),
		cmocka_unit_test(dsn_strict_needs_dsn_for_a_wish),
		cmocka_unit_test(require_tls_needs_a_server_that_is_verified),
		cmocka_unit_test(the_bounds_of_the_server_are_kept),
		cmocka_unit_test(the_time_in_the_outbox_counts),
		cmocka_unit_test(the_original_recipient_has_at_most_500_octets),
		cmocka_unit_test(the_body_is_declared_as_it_is),
		cmocka_unit_test(auth_names_who_submitted),
		cmocka_unit_test(a_recipient_has_its_own_wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
