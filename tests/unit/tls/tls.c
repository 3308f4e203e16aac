/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../certs.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "net/socket.h"
#include "net/stream.h"
#include "tls/tls.h"
#include "tls/tls_transport.h"

static const enum cert good[] = { GOOD, INTER, NO_CERT };
static const enum cert root[] = { ROOT, NO_CERT };

/* Whatever is said first instead of a ServerHello, then the end or silence. */
static const struct {
	const char *title;
	const char *says;
	size_t len;
	int stays;          /* open, but silent */
	int code;
	const char *text;
} strangers[] = {
#define SAYS(s) s, sizeof(s) - 1
	{ "SMTP in clear", SAYS("220 mail ESMTP\r\n"), 0, EX_PROTOCOL,
	    "server does not speak TLS on this port: it sent \"220 mail "
	    "ESMTP\"" },
	{ "SMTP in clear that waits", SAYS("220 mail ESMTP\r\n"), 1,
	    EX_PROTOCOL, "server does not speak TLS on this port: it sent "
	    "\"220 mail ESMTP\"" },
	{ "a refusal in clear", SAYS("554 no\033\r\n"), 0, EX_PROTOCOL,
	    "server does not speak TLS on this port: it sent \"554 no\\x1B\"" },
	{ "replies injected after STARTTLS",
	    SAYS("250-x\r\n250 AUTH PLAIN\r\n"), 0, EX_PROTOCOL,
	    "TLS handshake failed: not TLS: \"250-x\"" },
	{ "zeros", SAYS("\0\0\0\0\0\0\0\0"), 0, EX_PROTOCOL,
	    "TLS handshake failed: not TLS: "
	    "\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"" },
	{ "the end", SAYS(""), 0, EX_TEMPFAIL,
	    "TLS handshake: closed by peer" },
	{ "half a record, then the end",
	    SAYS("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), 0,
	    EX_TEMPFAIL, "TLS handshake failed: closed by peer" },
	{ "silence", SAYS(""), 1, EX_TEMPFAIL, "TLS handshake timed out" },
	{ "half a record, then silence", SAYS("\x16\x03\x03\x00\x7a\x02"), 1,
	    EX_TEMPFAIL, "TLS handshake timed out" },
	{ "an alert", SAYS("\x15\x03\x03\x00\x02\x02\x28"), 0, EX_PROTOCOL,
	    "server refused TLS: Handshake failed" },
	{ "protocol_version", SAYS("\x15\x03\x01\x00\x02\x02\x46"), 0,
	    EX_PROTOCOL,
	    "server offers only obsolete TLS (TLS 1.1 or older)" },
};

static void
strangers_are_refused_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]);
	    i++) {
		struct tls_policy policy = {0};
		struct tls_facts facts;
		struct transport *lower, *upper;
		struct error err = {0};
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		assert_int_equal(write(ends[1], strangers[i].says,
		    strangers[i].len), strangers[i].len);
		if (!strangers[i].stays)
			shutdown(ends[1], SHUT_WR);
		lower = socket_transport(ends[0]);
		policy.name = "mail.test";
		policy.verify = 1;
		policy.trust_file = "system";
		assert_int_equal(tls_open(&upper, lower, &policy,
		    deadline_in(strangers[i].stays ? 100 : 20000), &facts,
		    &err), -1);
		if (strcmp(err.text, strangers[i].text) != 0)
			print_message("# %s\n", strangers[i].title);
		assert_string_equal(err.text, strangers[i].text);
		assert_int_equal(err.code, strangers[i].code);
		lower->close(lower);
		close(ends[1]);
	}
}

/* A good server of that kind and a stream to it; the result of tls_open(). */
static int
open_stream(struct stream *s, enum server kind, struct tls_policy *policy,
    pid_t *child, struct error *err)
{
	struct transport *lower, *upper;
	struct tls_facts facts;
	int fd, result;

	memset(s, 0, sizeof(*s));
	memset(err, 0, sizeof(*err));
	*child = certs_serve(&fd, kind, good);
	lower = socket_transport(fd);
	policy->name = "mail.test";
	policy->verify = 1;
	policy->trust_file = certs_write("root.pem", root);
	result = tls_open(&upper, lower, policy, deadline_in(60000), &facts,
	    err);
	if (result != 0) {
		lower->close(lower);
		return result;
	}
	stream_open(s, upper, deadline_in(60000), -1);
	stream_step(s, 20, "the greeting");
	return 0;
}

static void
close_stream(struct stream *s, pid_t child)
{
	stream_close(s);
	waitpid(child, NULL, 0);
}

static void
lines_go_there_and_back(void **state)
{
	static const enum server kinds[] = {
		SERVER_ECHOES, SERVER_TLS12, SERVER_WARNS
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct tls_policy policy = {0};
		struct error err;
		struct stream s;
		const char *line;
		size_t len;
		pid_t child;

		assert_int_equal(open_stream(&s, kinds[i], &policy, &child,
		    &err), 0);
		assert_int_equal(stream_has_input(&s, &err), 0);
		assert_int_equal(stream_write(&s, "EHLO x\r\n", 8, &err), 0);
		assert_int_equal(stream_read_line(&s, 99, &line, &len, &err),
		    0);
		assert_int_equal(len, 6);
		assert_memory_equal(line, "EHLO x", 6);
		close_stream(&s, child);
	}
}

/* The server returns every octet while we still write: neither waits. */
static void
much_goes_there_and_comes_back(void **state)
{
	enum { SIZE = 900000 };
	struct tls_policy policy = {0};
	struct error err;
	struct stream s;
	char *data = xmalloc(SIZE);
	const char *line;
	size_t len;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = i % 1000 == 999 ? '\n' : (char)('a' + i / 1000 % 26);
	assert_int_equal(open_stream(&s, SERVER_ECHOES, &policy, &child,
	    &err), 0);
	assert_int_equal(stream_write(&s, data, SIZE, &err), 0);
	for (size_t i = 0; i < SIZE; i += 1000) {
		assert_int_equal(stream_read_line(&s, 999, &line, &len, &err),
		    0);
		assert_int_equal(len, 999);
		assert_memory_equal(line, data + i, len);
	}
	close_stream(&s, child);
	free(data);
}

/* No loop runs for as long as there is input. */
static void
records_without_data_end_the_session(void **state)
{
	(void)state;
	for (int kind = SERVER_FLOODS_ALERTS; kind <= SERVER_FLOODS_HELLOS;
	    kind++) {
		struct tls_policy policy = {0};
		struct error err;
		struct stream s;
		const char *line;
		size_t len;
		pid_t child;

		assert_int_equal(open_stream(&s, (enum server)kind, &policy,
		    &child, &err), 0);
		assert_int_equal(stream_read_line(&s, 99, &line, &len, &err),
		    -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		close_stream(&s, child);
	}
}

static void
a_truncated_session_ends_in_the_middle(void **state)
{
	struct tls_policy policy = {0};
	struct error err;
	struct stream s;
	const char *line;
	size_t len;
	pid_t child;

	(void)state;
	assert_int_equal(open_stream(&s, SERVER_TRUNCATES, &policy, &child,
	    &err), 0);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text,
	    "connection closed in the middle of a reply");
	close_stream(&s, child);
}

static void
obsolete_tls_is_refused_whatever_the_user_allows(void **state)
{
	static const char *const priorities[] = {
		NULL, "NORMAL:+VERS-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1"
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tls_policy policy = {0};
		struct error err;
		struct stream s;
		pid_t child;

		policy.priorities = priorities[i];
		assert_int_equal(open_stream(&s, SERVER_OLD_TLS, &policy,
		    &child, &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_memory_equal(err.text,
		    "server offers only obsolete TLS", 31);
		waitpid(child, NULL, 0);
	}
}

static void
a_bad_priority_string_is_shown_where_it_is_bad(void **state)
{
	struct tls_policy policy = {0};
	struct error err;
	struct stream s;
	pid_t child;

	(void)state;
	policy.priorities = "NORMAL:-NONSENSE";
	assert_int_equal(open_stream(&s, SERVER_ECHOES, &policy, &child,
	    &err), -1);
	waitpid(child, NULL, 0);
	assert_int_equal(err.code, EX_CONFIG);
	assert_non_null(strstr(err.text, "-NONSENSE"));
}

static void
a_prime_that_is_refused_is_named(void **state)
{
	static const struct tls_transport record;
	struct error err = {0};

	(void)state;
	assert_int_equal(tls_transport_explain(&record,
	    GNUTLS_E_DH_PRIME_UNACCEPTABLE, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	assert_string_equal(err.text, "TLS handshake failed: the server's "
	    "Diffie-Hellman prime is too short, or longer than GnuTLS "
	    "accepts");
	assert_string_equal(err.hint, "if it is short, see "
	    "tls_min_dh_prime_bits");
}

static void
a_client_certificate_is_shown_when_asked_for(void **state)
{
	/* Encryption is slow by design: one file serves three cases. */
	const char *plain = certs_write_key("key.pem", CLIENT, NULL);
	const char *locked = certs_write_key("lock.pem", CLIENT, "secret");
	const struct {
		const char *file;
		const char *pin;
		int code;
	} keys[] = {
		{ plain, NULL, 0 }, { locked, "secret", 0 },
		{ locked, "mistaken", EX_CONFIG }, { locked, NULL, EX_CONFIG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct tls_policy policy = {0};
		struct error err;
		struct stream s;
		const char *line;
		size_t len;
		pid_t child;

		policy.key_file = keys[i].file;
		policy.cert_file = certs_write("client.pem",
		    (const enum cert[]){ CLIENT, INTER, NO_CERT });
		policy.pin = keys[i].pin;
		open_stream(&s, SERVER_ASKS_FOR_CERT, &policy, &child, &err);
		assert_int_equal(err.code, keys[i].code);
		assert_null(strstr(err.text, "mistaken"));
		if (err.code == 0) {
			stream_write(&s, "x\n", 2, &err);
			assert_int_equal(stream_read_line(&s, 9, &line, &len,
			    &err), 0);
		}
		close_stream(&s, child);
	}
}

static void
a_server_that_misses_our_certificate_says_so(void **state)
{
	struct tls_policy policy = {0};
	struct error err;
	struct stream s;
	const char *line;
	size_t len;
	pid_t child;

	(void)state;
	/* With TLS 1.3 our side of the handshake is over before. */
	assert_int_equal(open_stream(&s, SERVER_ASKS_FOR_CERT, &policy,
	    &child, &err), 0);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	assert_string_equal(err.text, "server refused TLS: Certificate is "
	    "required while waiting for the greeting");
	assert_string_equal(err.hint, "it requested a client certificate: set "
	    "tls_cert_file and tls_key_file");
	close_stream(&s, child);
}

static void
channel_bindings_exist_where_they_are_safe(void **state)
{
	static const struct {
		enum server server;
		const char *type;
		size_t len; /* of base64: 32 octets, 12 of a Finished */
	} kinds[] = {
		{ SERVER_ECHOES, "tls-exporter", 44 },
		{ SERVER_TLS12, "tls-unique", 16 },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tls_policy policy = {0};
		struct buffer base64 = {0};
		struct error err;
		struct stream s;
		pid_t child;

		assert_int_equal(open_stream(&s, kinds[i].server, &policy,
		    &child, &err), 0);
		assert_string_equal(tls_channel_binding(s.transport, &base64),
		    kinds[i].type);
		assert_int_equal(base64.len, kinds[i].len);
		buffer_free(&base64);
		close_stream(&s, child);
	}
}

/* Counts the pieces that pass through to a socket below. */
struct counter {
	struct transport transport;
	struct transport *lower;
	int writes;
};

static ssize_t
counted_read(struct transport *t, void *data, size_t n, struct error *err)
{
	struct counter *c = (struct counter *)t;

	return c->lower->read(c->lower, data, n, err);
}

static ssize_t
counted_write(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	struct counter *c = (struct counter *)t;

	c->writes++;
	return c->lower->write(c->lower, data, n, err);
}

static int
counted_flush(struct transport *t, struct error *err)
{
	struct counter *c = (struct counter *)t;

	return c->lower->flush(c->lower, err);
}

static void
counted_close(struct transport *t)
{
	struct counter *c = (struct counter *)t;

	c->lower->close(c->lower);
}

static void
handshake_and_first_command_take_two_packets(void **state)
{
	struct tls_policy policy = {0};
	struct tls_facts facts;
	struct counter c = { { counted_read, counted_write, counted_flush,
	    counted_close, 0, NULL }, NULL, 0 };
	struct transport *upper;
	struct error err = {0};
	struct stream s;
	const char *line;
	size_t len;
	int fd;
	pid_t child = certs_serve(&fd, SERVER_ECHOES, good);

	(void)state;
	c.lower = socket_transport(fd);
	c.transport.fd = fd;
	policy.name = "mail.test";
	policy.verify = 1;
	policy.trust_file = certs_write("two.pem", root);
	assert_int_equal(tls_open(&upper, &c.transport, &policy,
	    deadline_in(60000), &facts, &err), 0);
	stream_open(&s, upper, deadline_in(60000), -1);
	assert_int_equal(stream_write(&s, "EHLO x\n", 7, &err), 0);
	assert_int_equal(stream_read_line(&s, 99, &line, &len, &err), 0);
	assert_int_equal(c.writes, 2);
	close_stream(&s, child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_refused_in_words),
		cmocka_unit_test(lines_go_there_and_back),
		cmocka_unit_test(much_goes_there_and_comes_back),
		cmocka_unit_test(records_without_data_end_the_session),
		cmocka_unit_test(a_truncated_session_ends_in_the_middle),
		cmocka_unit_test(
		    obsolete_tls_is_refused_whatever_the_user_allows),
		cmocka_unit_test(
		    a_bad_priority_string_is_shown_where_it_is_bad),
		cmocka_unit_test(a_prime_that_is_refused_is_named),
		cmocka_unit_test(a_client_certificate_is_shown_when_asked_for),
		cmocka_unit_test(a_server_that_misses_our_certificate_says_so),
		cmocka_unit_test(channel_bindings_exist_where_they_are_safe),
		cmocka_unit_test(handshake_and_first_command_take_two_packets),
	};

	return cmocka_run_group_tests(tests, certs_make,
	    certs_free);
}
