/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our client against libgsasl's own servers. */
#include "../unit.h"

#include <gsasl.h>

#include "auth/sasl.h"

#define PASSWORD "p\xc2\xaa" "ss, w\xc3\xb6rd=" /* SASLprep changes it */
#define BINDING "ZXhwb3J0ZXIgb2YgdGhpcyBzZXNzaW9uLCAzMiBvY3Q="

static const struct sasl_identity jane = {
	.user = "jane", .secret = PASSWORD, .host = "mail.example.org",
	.port = 465, .binding = BINDING, .binding_type = "tls-exporter",
};

/* What the server knows. */
struct account {
	const char *password, *binding, *iterations;
};

/* A server of PLAIN and LOGIN prepares both passwords: RFC 4616 2. */
static int
validate(Gsasl_session *session, const struct account *account)
{
	const char *user = gsasl_property_fast(session, GSASL_AUTHID);
	const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
	char *given, *known;
	int equal;

	assert_int_equal(gsasl_saslprep(password, 0, &given, NULL), GSASL_OK);
	assert_int_equal(gsasl_saslprep(account->password, 0, &known, NULL),
	    GSASL_OK);
	equal = strcmp(user, "jane") == 0 && strcmp(given, known) == 0;
	gsasl_free(given);
	gsasl_free(known);
	return equal ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

static int
serve(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	const struct account *a = gsasl_callback_hook_get(library);
	const char *text = NULL;

	switch (property) {
	case GSASL_VALIDATE_SIMPLE:
		return validate(session, a);
	case GSASL_VALIDATE_EXTERNAL:
		return GSASL_OK;
	case GSASL_PASSWORD:
		text = a->password;
		break;
	case GSASL_SCRAM_ITER:
		text = a->iterations;
		break;
	case GSASL_CB_TLS_EXPORTER:
		text = a->binding;
		break;
	case GSASL_SERVICE:
		text = "smtp";
		break;
	case GSASL_HOSTNAME:
		text = "mail.example.org";
		break;
	case GSASL_QOPS:
		text = "qop-auth,qop-int";
		break;
	default:
		break;
	}
	if (text == NULL)
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(session, property, text);
}

/* How an exchange ended. */
struct ending {
	int client;      /* what sasl_step returned last */
	int server;      /* what gsasl_step returned last */
	unsigned steps;  /* of the client */
	struct error err;
};

/* Spoils the challenge before that step of the client. */
struct fault {
	unsigned step;   /* 0: none */
	const char *challenge;
	size_t len;
};

/* Lets the two talk until one is done or fails. */
static struct ending
talk(const char *name, const struct sasl_identity *identity,
    const struct account *account, const struct fault *fault)
{
	struct ending o = { .client = 1, .server = GSASL_NEEDS_MORE };
	struct buffer response = { .kind = BUFFER_SECRET };
	const struct mechanism *m = mechanism_find(name);
	Gsasl_session *session;
	Gsasl *library;
	struct sasl *s;
	char *challenge = NULL;
	size_t len = 0;

	assert_non_null(m);
	assert_int_equal(gsasl_init(&library), GSASL_OK);
	gsasl_callback_set(library, serve);
	gsasl_callback_hook_set(library, (void *)(uintptr_t)account);
	assert_int_equal(gsasl_server_start(library, name, &session),
	    GSASL_OK);
	assert_int_equal(sasl_begin(&s, m, identity, &o.err), 0);
	if (!m->client_first)
		o.server = gsasl_step(session, "", 0, &challenge, &len);
	while (o.client == 1 && (o.server == GSASL_NEEDS_MORE ||
	    (o.server == GSASL_OK && len > 0))) {
		int spoilt = fault != NULL && o.steps > 0 &&
		    fault->step == o.steps;

		o.client = sasl_step(s, spoilt ? fault->challenge : challenge,
		    spoilt ? fault->len : len, &response, &o.err);
		o.steps++;
		gsasl_free(challenge);
		challenge = NULL;
		len = 0;
		if (o.client >= 0 && o.server == GSASL_NEEDS_MORE)
			o.server = gsasl_step(session,
			    buffer_string(&response), response.len,
			    &challenge, &len);
		else if (o.client < 0)
			assert_int_equal(response.len, 0);
	}
	gsasl_free(challenge);
	sasl_free(s);
	buffer_free(&response);
	gsasl_finish(session);
	gsasl_done(library);
	return o;
}

/* Mechanisms that libgsasl can serve, and how many steps we take. */
static const struct {
	const char *name;
	unsigned steps;
} served[] = {
	{ "PLAIN", 1 },
	{ "LOGIN", 2 },
	{ "EXTERNAL", 1 },
	{ "CRAM-MD5", 1 },
	{ "DIGEST-MD5", 2 },
	{ "SCRAM-SHA-1", 3 },
	{ "SCRAM-SHA-1-PLUS", 3 },
	{ "SCRAM-SHA-256", 3 },
	{ "SCRAM-SHA-256-PLUS", 3 },
};
#define NSERVED (sizeof(served) / sizeof(served[0]))

static void
the_right_password_is_accepted(void **state)
{
	const struct account account = { PASSWORD, BINDING, "5000" };

	(void)state;
	for (size_t i = 0; i < NSERVED; i++) {
		struct ending o = talk(served[i].name, &jane, &account,
		    NULL);

		assert_int_equal(o.client, 0);
		assert_int_equal(o.server, GSASL_OK);
		assert_int_equal(o.steps, served[i].steps);
	}
}

static void
passwords_of_any_length_work(void **state)
{
	static const size_t lengths[] = { 1, 63, 64, 65, 255, 4096 };
	char password[4097];

	(void)state;
	for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
		struct sasl_identity identity = jane;
		const struct account account = { password, BINDING, NULL };

		memset(password, 'x', sizeof(password));
		password[lengths[k]] = '\0';
		identity.secret = password;
		for (size_t i = 0; i < NSERVED; i++) {
			struct ending o = talk(served[i].name, &identity,
			    &account, NULL);

			assert_int_equal(o.client, 0);
			assert_int_equal(o.server, GSASL_OK);
		}
	}
}

static void
the_wrong_password_is_refused(void **state)
{
	const struct account account = { "other", BINDING, NULL };

	(void)state;
	for (size_t i = 0; i < NSERVED; i++) {
		struct ending o;

		if (strcmp(served[i].name, "EXTERNAL") == 0)
			continue;
		o = talk(served[i].name, &jane, &account, NULL);
		assert_int_equal(o.server, GSASL_AUTHENTICATION_ERROR);
		if (mechanism_find(served[i].name)->kind == MECHANISM_SCRAM)
			assert_int_equal(o.client, 1); /* no proof seen */
	}
}

static void
another_tls_session_does_not_bind(void **state)
{
	const struct account account = { PASSWORD, "AAAA", NULL };

	(void)state;
	for (size_t i = 0; i < NSERVED; i++)
		if (mechanism_find(served[i].name)->needs_binding)
			assert_int_not_equal(talk(served[i].name, &jane,
			    &account, NULL).server, GSASL_OK);
}

static char big[65536];

/* Challenges that no honest server sends, at each step. */
static const struct {
	const char *name;
	struct fault fault;
	int code;
	const char *words;
} faults[] = {
	{ "SCRAM-SHA-256", { 1, "a\0b", 3 }, EX_PROTOCOL,
	    "invalid challenge" },
	{ "SCRAM-SHA-256", { 1, "", 0 }, EX_PROTOCOL, "invalid challenge" },
	{ "SCRAM-SHA-256", { 1, "nonsense", 8 }, EX_PROTOCOL,
	    "invalid challenge" },
	{ "SCRAM-SHA-256", { 1, big, sizeof(big) }, EX_PROTOCOL,
	    "challenge too long" },
	{ "SCRAM-SHA-256", { 1, "r=x,s=c2FsdA==,i=4096", 21 }, EX_PROTOCOL,
	    "does not begin with the client's" },
	{ "SCRAM-SHA-256", { 2, "v=AAAA", 6 }, EX_PROTOCOL,
	    "did not prove" },
	{ "SCRAM-SHA-256", { 2, "", 0 }, EX_PROTOCOL, "invalid challenge" },
	{ "SCRAM-SHA-256", { 2, "v=\0", 3 }, EX_PROTOCOL,
	    "invalid challenge" },
	{ "SCRAM-SHA-256", { 2, "e=invalid-proof", 15 }, EX_NOPERM,
	    "invalid-proof" },
	{ "SCRAM-SHA-1-PLUS", { 2, "e=channel-bindings-dont-match", 29 },
	    EX_PROTOCOL, "channel binding mismatch" },
	{ "DIGEST-MD5", { 1, "a\0b", 3 }, EX_PROTOCOL, "contains a NUL" },
	{ "LOGIN", { 1, "Pass\0word:", 10 }, EX_PROTOCOL,
	    "invalid challenge" },
	{ "DIGEST-MD5", { 1, "rspauth=0", 9 }, 0, "" },
	{ "DIGEST-MD5", { 1, "nonsense", 8 }, 0, "" },
	{ "DIGEST-MD5", { 1, big, sizeof(big) }, EX_PROTOCOL,
	    "challenge too long" },
};

static void
a_dishonest_challenge_ends_the_exchange(void **state)
{
	const struct account account = { PASSWORD, BINDING, NULL };

	(void)state;
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct ending o = talk(faults[i].name, &jane, &account,
		    &faults[i].fault);

		assert_int_equal(o.client, -1);
		assert_int_equal(o.steps, faults[i].fault.step + 1);
		if (faults[i].code != 0)
			assert_int_equal(o.err.code, faults[i].code);
		assert_non_null(strstr(o.err.text, faults[i].words));
		assert_null(strstr(o.err.text, PASSWORD));
	}
}

static void
iterations_are_bounded_before_any_is_done(void **state)
{
	static const struct {
		const char *iterations, *words;
	} bounds[] = {
		{ "1", "iteration count 1 below 4096" },
		{ "600001", "server asks for i=600001 iterations" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		const struct account account = { PASSWORD, BINDING,
			bounds[i].iterations };
		struct ending o = talk("SCRAM-SHA-256", &jane, &account,
		    NULL);

		assert_int_equal(o.client, -1);
		assert_int_equal(o.err.code, EX_PROTOCOL);
		assert_non_null(strstr(o.err.text, bounds[i].words));
	}
}

/* Begins an exchange and takes its first step. */
static struct sasl *
begin(const char *name, const struct sasl_identity *identity, int result,
    struct buffer *out)
{
	struct error err = {0};
	struct sasl *s;

	assert_int_equal(sasl_begin(&s, mechanism_find(name), identity,
	    &err), 0);
	assert_int_equal(sasl_step(s, "", 0, out, &err), result);
	return s;
}

static void
a_challenge_after_the_last_is_refused(void **state)
{
	static const char *const names[] = { "PLAIN", "EXTERNAL" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer out = {0};
		struct error err = {0};
		struct sasl *s = begin(names[i], &jane, 0, &out);

		assert_int_equal(sasl_step(s, "x", 1, &out, &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_int_equal(out.len, 0);
		sasl_free(s);
		buffer_free(&out);
	}
}

static void
external_needs_no_user(void **state)
{
	const struct sasl_identity nobody = { .host = "h" };
	struct buffer out = {0};
	struct sasl *s = begin("EXTERNAL", &nobody, 0, &out);

	(void)state;
	assert_int_equal(out.len, 0);
	sasl_free(s);
	buffer_free(&out);
}

static void
what_saslprep_forbids_is_our_fault(void **state)
{
	struct sasl_identity identity = jane;
	struct buffer out = {0};
	struct error err = {0};
	struct sasl *s;

	(void)state;
	identity.secret = "bell\a";
	assert_int_equal(sasl_begin(&s, mechanism_find("SCRAM-SHA-256"),
	    &identity, &err), -1);
	assert_null(s);
	assert_int_equal(err.code, EX_NOPERM);
	assert_non_null(strstr(err.text, "SASLprep"));
	assert_null(strstr(err.text, "bell"));
	identity = jane;
	identity.user = "bell\a";
	assert_int_equal(sasl_begin(&s, mechanism_find("SCRAM-SHA-256"),
	    &identity, &err), 0);
	assert_int_equal(sasl_step(s, "", 0, &out, &err), -1);
	assert_int_equal(err.code, EX_NOPERM);
	sasl_free(s);
	buffer_free(&out);
}

/* What the server's error must be answered with: RFC 7628 3.2.3. */
static const struct {
	const char *name, *answer;
} tokens[] = {
	{ "OAUTHBEARER", "\1" },
	{ "XOAUTH2", "" },
};

static void
a_refused_token_is_answered_and_explained(void **state)
{
	static const char json[] = "{\"status\":\"401\",\"scope\":\"x\33\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const struct sasl_identity identity = {
			.user = "u", .secret = "token", .host = "h",
		};
		struct buffer out = {0};
		struct error err = {0};
		struct sasl *s = begin(tokens[i].name, &identity, 0, &out);

		assert_non_null(strstr(buffer_string(&out), "Bearer token"));
		assert_string_equal(sasl_server_error(s), "");
		assert_int_equal(sasl_step(s, json, strlen(json), &out, &err),
		    1);
		assert_string_equal(buffer_string(&out), tokens[i].answer);
		assert_string_equal(sasl_server_error(s),
		    "{\"status\":\"401\",\"scope\":\"x\\x1B\"}");
		assert_int_equal(sasl_step(s, json, strlen(json), &out, &err),
		    -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		sasl_free(s);
		buffer_free(&out);
	}
}

static void
a_refusal_that_quotes_the_token_is_not_kept(void **state)
{
	const struct sasl_identity identity = {
		.user = "u", .secret = "ya29.token", .host = "h"
	};
	struct buffer out = {0};
	struct error err = {0};
	struct sasl *s = begin("XOAUTH2", &identity, 0, &out);

	(void)state;
	sasl_step(s, "bad ya29.token!", 15, &out, &err);
	assert_string_equal(sasl_server_error(s), "");
	sasl_free(s);
	buffer_free(&out);
}

static void
a_mechanism_that_lacks_what_it_needs_does_not_begin(void **state)
{
	const struct sasl_identity unbound = { .user = "u", .secret = "s" };
	const struct sasl_identity nobody = { .host = "h" };
	const struct sasl_identity secretless = { .user = "u" };
	struct error err = {0};
	struct sasl *s;

	(void)state;
	assert_int_equal(sasl_begin(&s, mechanism_find("PLAIN"), &secretless,
	    &err), -1);
	assert_null(s);
	assert_int_equal(sasl_begin(&s, mechanism_find("SCRAM-SHA-1-PLUS"),
	    &unbound, &err), -1);
	assert_null(s);
	assert_int_equal(err.code, EX_UNAVAILABLE);
	assert_int_equal(sasl_begin(&s, mechanism_find("PLAIN"), &nobody, &err),
	    -1);
	assert_null(s);
	sasl_free(NULL);
}

/* libgsasl has no such mechanism, or asks for what nobody has. */
static void
what_libgsasl_lacks_is_told(void **state)
{
	struct mechanism m = *mechanism_find("PLAIN");
	struct buffer out = {0};
	struct error err = {0};
	struct sasl *s;

	(void)state;
	m.name = "NONESUCH";
	assert_int_equal(sasl_begin(&s, &m, &jane, &err), -1);
	assert_null(s);
	assert_int_equal(err.code, EX_UNAVAILABLE);
	assert_string_equal(err.text,
	    "NONESUCH: mechanism not supported by libgsasl");
	m.name = "SECURID";
	assert_int_equal(sasl_begin(&s, &m, &jane, &err), 0);
	assert_int_equal(sasl_step(s, "", 0, &out, &err), -1);
	assert_int_equal(err.code, EX_NOPERM);
	assert_int_equal(strncmp(err.text, "SECURID: ", 9), 0);
	assert_int_equal(out.len, 0);
	sasl_free(s);
	buffer_free(&out);
}

static void
a_binding_serves_for_its_type_only(void **state)
{
	static const struct {
		const char *type, *first; /* of the response, NULL: none */
	} bindings[] = {
		{ "tls-exporter", "p=tls-exporter,," },
		{ "tls-unique", "p=tls-unique,," },
		{ "tls-other", NULL },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sasl_identity identity = jane;
		struct buffer out = {0};
		struct error err = {0};
		struct sasl *s;
		int result;

		identity.binding_type = bindings[i].type;
		assert_int_equal(sasl_begin(&s,
		    mechanism_find("SCRAM-SHA-256-PLUS"), &identity, &err), 0);
		result = sasl_step(s, "", 0, &out, &err);
		if (bindings[i].first != NULL) {
			assert_int_equal(result, 1);
			assert_int_equal(strncmp(buffer_string(&out),
			    bindings[i].first, strlen(bindings[i].first)), 0);
		} else {
			assert_int_equal(result, -1);
		}
		sasl_free(s);
		buffer_free(&out);
	}
}

/* Type 2 is the server's: signature, type, and room for the rest. */
static void
an_ntlm_challenge_is_of_type_2(void **state)
{
	static const struct {
		const char *challenge;
		size_t len;
	} challenges[] = {
		{ "NTLMSSP\0\2\0\0\0xxxxxxxxxxxxxxxxxxx", 31 },
		{ "NTLMSSP\0\1\0\0\0xxxxxxxxxxxxxxxxxxxxxxxxxxxx", 40 },
		{ "NTLMSSQ\0\2\0\0\0xxxxxxxxxxxxxxxxxxxxxxxxxxxx", 40 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buffer out = {0};
		struct error err = {0};
		struct sasl *s = begin("NTLM", &jane, 1, &out);

		assert_int_equal(sasl_step(s, challenges[i].challenge,
		    challenges[i].len, &out, &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_string_equal(err.text, "NTLM: invalid challenge");
		sasl_free(s);
		buffer_free(&out);
	}
}

static void
the_library_has_a_version(void **state)
{
	(void)state;
	assert_int_equal(sasl_library_version()[0], '2');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_mechanism_that_lacks_what_it_needs_does_not_begin),
		cmocka_unit_test(the_right_password_is_accepted),
		cmocka_unit_test(passwords_of_any_length_work),
		cmocka_unit_test(the_wrong_password_is_refused),
		cmocka_unit_test(another_tls_session_does_not_bind),
		cmocka_unit_test(a_dishonest_challenge_ends_the_exchange),
		cmocka_unit_test(iterations_are_bounded_before_any_is_done),
		cmocka_unit_test(a_challenge_after_the_last_is_refused),
		cmocka_unit_test(external_needs_no_user),
		cmocka_unit_test(what_saslprep_forbids_is_our_fault),
		cmocka_unit_test(a_refused_token_is_answered_and_explained),
		cmocka_unit_test(a_refusal_that_quotes_the_token_is_not_kept),
		cmocka_unit_test(what_libgsasl_lacks_is_told),
		cmocka_unit_test(a_binding_serves_for_its_type_only),
		cmocka_unit_test(an_ntlm_challenge_is_of_type_2),
		cmocka_unit_test(the_library_has_a_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
