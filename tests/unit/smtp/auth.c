/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The choice of a mechanism and its first command. */
#include "../unit.h"

#include "base/poll.h"
#include "smtp/auth.h"

/* What account and server have, and the mechanism or the error. */
static const struct row {
	const char *auth, *user;
	unsigned offered;
	const char *mechanisms;
	int confidential;
	const char *chosen; /* or NULL */
	int code;
	const char *text, *hint;
} rows[] = {
	{ "on", "u", EXT_AUTH, "PLAIN LOGIN", 1, "PLAIN", 0, "", "" },
	{ "on", "u", EXT_AUTH, "LOGIN", 1, "LOGIN", 0, "", "" },
	{ "on", "u", EXT_AUTH, "PLAIN SCRAM-SHA-1", 0, "SCRAM-SHA-1", 0, "",
	    "" },
	{ "on", "", EXT_AUTH, "PLAIN EXTERNAL", 1, "EXTERNAL", 0, "", "" },
	{ "plain", "u", EXT_AUTH, "PLAIN LOGIN", 1, "PLAIN", 0, "", "" },
	{ "login", "u", EXT_AUTH, "PLAIN LOGIN", 1, "LOGIN", 0, "", "" },
	{ "on", "u", 0, "", 1, NULL, EX_UNAVAILABLE,
	    "server offers no authentication", "see tls in" },
	{ "plain", "u", 0, "", 1, NULL, EX_UNAVAILABLE,
	    "server offers no authentication", "see tls in" },
	{ "on", "u", EXT_AUTH, "PLAIN", 0, NULL, EX_NOPERM,
	    "refusing to send password without TLS (server offers PLAIN)",
	    "" },
	{ "on", "u", EXT_AUTH, "X-FOO", 0, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers X-FOO)", "" },
	{ "on", "", EXT_AUTH, "PLAIN", 1, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers PLAIN)",
	    "set user and a password, or auth off" },
	{ "on", "", EXT_AUTH, "X-FOO", 1, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers X-FOO)", "" },
	{ "on", "u", EXT_AUTH, "X-FOO", 1, NULL, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers X-FOO)", "" },
	{ "plain", "u", EXT_AUTH, "LOGIN", 1, NULL, EX_UNAVAILABLE,
	    "server does not offer PLAIN, which auth requires", "" },
	{ "plain", "u", EXT_AUTH, "PLAIN", 0, NULL, EX_NOPERM,
	    "refusing to send password without TLS (auth PLAIN)", "" },
	{ "scram-sha-1-plus", "u", EXT_AUTH, "SCRAM-SHA-1-PLUS", 1, NULL,
	    EX_UNAVAILABLE, "no channel binding for SCRAM-SHA-1-PLUS", "" },
};

static void
prepare(struct session *s, struct account *a, const struct row *row)
{
	static char name[] = "mail.test";
	static const struct smarthost host = { .name = name };
	struct error err = {0};

	memset(s, 0, sizeof(*s));
	account_init(a, "/nonexistent");
	assert_int_equal(account_store(a, KEY_auth, row->auth, &err), 0);
	if (row->user[0] != '\0')
		assert_int_equal(account_store(a, KEY_user, row->user, &err),
		    0);
	s->account = a;
	s->smarthost = &host;
	s->can.offered = row->offered;
	snprintf(s->can.mechanisms, sizeof(s->can.mechanisms), "%s",
	    row->mechanisms);
	s->confidential = row->confidential;
}

/* A connection in memory: each line that is written gets the next reply; after
 * the last one the server hangs up. */
struct script {
	struct transport transport; /* first: the two are cast */
	const char *replies;
	size_t commands;            /* not answered yet */
};

static ssize_t
script_read(struct transport *t, void *data, size_t n, struct error *err)
{
	struct script *script = (struct script *)t;
	const char *end = strchr(script->replies, '\n');
	size_t len;

	(void)err;
	if (script->commands == 0 && end != NULL)
		return TRANSPORT_WANT_READ;
	if (end == NULL)
		return 0;
	len = (size_t)(end + 1 - script->replies);
	assert_true(len <= n);
	memcpy(data, script->replies, len);
	script->replies = end + 1;
	script->commands--;
	return (ssize_t)len;
}

static ssize_t
script_write(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	(void)err;
	for (size_t i = 0; i < n; i++)
		((struct script *)t)->commands +=
		    ((const char *)data)[i] == '\n';
	return (ssize_t)n;
}

static int
script_flush(struct transport *t, struct error *err)
{
	(void)t, (void)err;
	return 0;
}

static void
script_close(struct transport *t)
{
	(void)t;
}

static void
open_script(struct script *script)
{
	script->transport = (struct transport){ .read = script_read,
		.write = script_write, .flush = script_flush,
		.close = script_close, .fd = -1 };
}

static void
a_mechanism_is_chosen_or_its_absence_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct password secret = { .origin = "from a test" };
		struct auth x = {0};
		struct session s;
		struct account a;
		struct error err = {0};

		prepare(&s, &a, &rows[i]);
		buffer_add_string(&secret.text, "p");
		assert_int_equal(auth_prepare(&x, &s, &secret, &err),
		    rows[i].chosen != NULL ? 0 : -1);
		assert_int_equal(err.code, rows[i].code);
		if (strstr(err.text, rows[i].text) == NULL)
			fail_msg("%s: expected %s", err.text, rows[i].text);
		if (rows[i].hint[0] == '\0' ? err.hint[0] != '\0'
		    : strstr(err.hint, rows[i].hint) == NULL)
			fail_msg("%s: hint: %s", rows[i].mechanisms, err.hint);
		if (rows[i].chosen != NULL) {
			assert_string_equal(x.mechanism->name, rows[i].chosen);
			assert_string_equal(x.identity.host, "mail.test");
		}
		auth_free(&x);
		buffer_free(&secret.text);
		secrets_free(&s.secrets);
		account_free(&a);
	}
}

/* The replies to an exchange, and what comes of it. */
static const struct {
	const char *auth, *offered, *replies;
	int result, code, intact, authenticated;
	const char *text, *mechanism;
} exchanges[] = {
	{ "plain", "PLAIN", "235 in\r\n", 0, 0, 1, 1, "", "PLAIN" },
	{ "plain", "PLAIN", "535 5.7.8 bad\r\n", -1, EX_NOPERM, 1, 0,
	    "535 5.7.8 bad", "PLAIN" },
	{ "plain", "PLAIN", "454 4.7.0 later\r\n", -1, EX_TEMPFAIL, 1, 0,
	    "454 4.7.0 later", "PLAIN" },
	{ "plain", "PLAIN", "354 go\r\n", -1, EX_PROTOCOL, 0, 0,
	    "unexpected reply 354", "PLAIN" },
	{ "plain", "PLAIN", "421 bye\r\n", -1, EX_TEMPFAIL, 0, 0, "421 bye",
	    "PLAIN" },
	{ "plain", "PLAIN", "", -1, EX_TEMPFAIL, 0, 0, "closed", "PLAIN" },
	/* before the server has proved that it knows the password */
	{ "scram-sha-256", "SCRAM-SHA-256", "235 in\r\n", -1, EX_PROTOCOL,
	    0, 0, "server ended SCRAM-SHA-256 early", "SCRAM-SHA-256" },
	{ "scram-sha-256", "SCRAM-SHA-256", "334 x!\r\n501 cancelled\r\n",
	    -1, EX_PROTOCOL, 1, 0, "invalid challenge: expected base64",
	    "SCRAM-SHA-256" },
	/* a fallback, and none for a mechanism that is named */
	{ "on", "SCRAM-SHA-1 PLAIN", "535 no\r\n235 in\r\n", 0, 0, 1, 1,
	    "", "PLAIN" },
	{ "on", "SCRAM-SHA-1 PLAIN", "504 no\r\n235 in\r\n", 0, 0, 1, 1,
	    "", "PLAIN" },
	{ "on", "SCRAM-SHA-1 PLAIN", "454 no\r\n235 in\r\n", 0, 0, 1, 1,
	    "", "PLAIN" },
	{ "on", "SCRAM-SHA-1 PLAIN", "534 no\r\n", -1, EX_NOPERM, 1, 0,
	    "534 no", "SCRAM-SHA-1" },
	{ "on", "SCRAM-SHA-1 PLAIN", "535 no\r\n535 never\r\n", -1,
	    EX_NOPERM, 1, 0, "SCRAM-SHA-1 refused (535), then PLAIN: ",
	    "PLAIN" },
	{ "on", "SCRAM-SHA-1 PLAIN", "535 no\r\n", -1, EX_NOPERM, 0, 0,
	    "535 no", "PLAIN" },
	{ "on", "SCRAM-SHA-256 SCRAM-SHA-1", "535 no\r\n"
	    "535 never\r\n", -1, EX_NOPERM, 1, 0, "then SCRAM-SHA-1: ",
	    "SCRAM-SHA-1" },
	{ "scram-sha-1", "SCRAM-SHA-1 PLAIN", "535 no\r\n", -1, EX_NOPERM,
	    1, 0, "535 no", "SCRAM-SHA-1" },
	{ "on", "PLAIN LOGIN", "535 no\r\n", -1, EX_NOPERM, 1, 0, "535 no",
	    "PLAIN" },
	{ "on", "PLAIN", "501 no\r\n334 \r\n235 in\r\n", 0, 0, 1, 1, "",
	    "PLAIN" },
	{ "on", "PLAIN", "501 no\r\n501 never\r\n", -1, EX_NOPERM, 1, 0,
	    "PLAIN refused (501), then PLAIN without initial response: ",
	    "PLAIN" },
	{ "on", "PLAIN LOGIN", "501 no\r\n334 dQ\r\n334 cA\r\n"
	    "235 in\r\n", 0, 0, 1, 1, "", "LOGIN" },
};

static void
an_exchange_ends_as_the_server_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]);
	    i++) {
		const struct row row = { .auth = exchanges[i].auth,
			.user = "u", .offered = EXT_AUTH,
			.mechanisms = exchanges[i].offered, .confidential = 1 };
		struct password secret = { .origin = "from a test" };
		struct script script = { .replies = exchanges[i].replies };
		struct auth x = {0};
		struct session s;
		struct account a;
		struct error err = {0};

		prepare(&s, &a, &row);
		open_script(&script);
		stream_open(&s.stream, &script.transport, deadline_in(5000),
		    -1);
		s.intact = 1;
		buffer_add_string(&secret.text, "p");
		assert_int_equal(auth_prepare(&x, &s, &secret, &err), 0);
		if (auth_run(&x, &s, &err) != exchanges[i].result ||
		    err.code != exchanges[i].code ||
		    s.intact != exchanges[i].intact ||
		    s.authenticated != exchanges[i].authenticated ||
		    strstr(err.text, exchanges[i].text) == NULL ||
		    strcmp(x.mechanism->name, exchanges[i].mechanism) != 0)
			fail_msg("%zu: %s: %d, intact %d, %s: %s", i,
			    exchanges[i].replies, err.code, s.intact,
			    x.mechanism->name, err.text);
		auth_free(&x);
		buffer_free(&secret.text);
		session_close(&s);
		account_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_mechanism_is_chosen_or_its_absence_explained),
		cmocka_unit_test(an_exchange_ends_as_the_server_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
