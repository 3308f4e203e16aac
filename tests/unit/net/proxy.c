/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "net/http_connect.h"
#include "net/socks.h"

/* A proxy that has said everything before it is asked. */
struct tape {
	struct transport transport;
	const char *left;
	size_t n;
	struct buffer heard;
};

static ssize_t
play(struct transport *t, void *data, size_t n, struct error *err)
{
	struct tape *tape = (struct tape *)t;

	(void)err;
	if (n > tape->n)
		n = tape->n;
	memcpy(data, tape->left, n);
	tape->left += n;
	tape->n -= n;
	return (ssize_t)n;
}

static ssize_t
listen_to(struct transport *t, const void *data, size_t n, struct error *err)
{
	struct tape *tape = (struct tape *)t;

	(void)err;
	n = n > 1 ? n / 2 : n; /* never all at once */
	buffer_add(&tape->heard, data, n);
	return (ssize_t)n;
}

static void
put_in(struct tape *tape, const char *said, size_t n)
{
	memset(tape, 0, sizeof(*tape));
	tape->transport.read = play;
	tape->transport.write = listen_to;
	tape->transport.fd = -1;
	tape->left = said;
	tape->n = n;
}

#define TEXT(t) t, sizeof(t) - 1
#define ACCEPTED "\5\0\0\1\1\2\3\4\0\7"
#define NAME_REQUEST "\5\1\0\3\4a.b.\2\113"

/* What a SOCKS5 server says, what it is asked, what comes of it. What is
 * after the answer stays. */
static const struct {
	const char *user;
	const char *said;
	size_t nsaid;
	const char *asked;
	size_t nasked;
	const char *left;
	int code;
	const char *text;
} socks[] = {
	{ "", TEXT("\5\0" ACCEPTED "220 hi"),
	    TEXT("\5\1\0" NAME_REQUEST), "220 hi", 0, "" },
	{ "", TEXT("\5\0\5\0\0\3\2ab\0\7" "2"),
	    TEXT("\5\1\0" NAME_REQUEST), "2", 0, "" },
	{ "", TEXT("\5\0\5\0\0\3\0\0\7" "2"),
	    TEXT("\5\1\0" NAME_REQUEST), "2", 0, "" },
	{ "", TEXT("\5\0\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\7" "2"),
	    TEXT("\5\1\0" NAME_REQUEST), "2", 0, "" },
	{ "me", TEXT("\5\0" ACCEPTED),
	    TEXT("\5\2\0\2" NAME_REQUEST), "", 0, "" },
	{ "me", TEXT("\5\2\1\0" ACCEPTED "2"),
	    TEXT("\5\2\0\2\1\2me\2pw" NAME_REQUEST), "2", 0, "" },
	{ "me", TEXT("\5\2\1\1" ACCEPTED), TEXT("\5\2\0\2\1\2me\2pw"), NULL,
	    EX_NOPERM, "proxy authentication failed; check proxy_user and "
	    "proxy_password" },
	{ "me", TEXT("\5\2\5\0" ACCEPTED), TEXT("\5\2\0\2\1\2me\2pw"), NULL,
	    EX_PROTOCOL, "malformed reply to user and password" },
	{ "me", TEXT("\5\377"), TEXT("\5\2\0\2"), NULL, EX_NOPERM,
	    "the proxy does not support password authentication" },
	{ "", TEXT("\5\377"), TEXT("\5\1\0"), NULL, EX_NOPERM,
	    "proxy authentication required; set proxy_user" },
	{ "", TEXT("\5\2\1\0" ACCEPTED), TEXT("\5\1\0"), NULL, EX_PROTOCOL,
	    "the proxy chose method 2, which was not offered" },
	{ "me", TEXT("\5\1"), TEXT("\5\2\0\2"), NULL, EX_PROTOCOL,
	    "the proxy chose method 1, which was not offered" },
	{ "", TEXT("HTTP/1.1 400 what?\r\n"), TEXT("\5\1\0"), NULL,
	    EX_PROTOCOL, "expected a SOCKS5 proxy, not another protocol" },
	{ "", TEXT(""), TEXT("\5\1\0"), NULL, EX_TEMPFAIL,
	    "the proxy closed the connection" },
	{ "", TEXT("\5\0\5\0\0\1\1\2\3"), TEXT("\5\1\0" NAME_REQUEST), NULL,
	    EX_TEMPFAIL, "the proxy closed the connection" },
	{ "", TEXT("\5\0\5\0\0\3\377abc"), TEXT("\5\1\0" NAME_REQUEST), NULL,
	    EX_TEMPFAIL, "the proxy closed the connection" },
	{ "", TEXT("\5\0\4\0\0\1\1\2\3\4\0\7"), TEXT("\5\1\0" NAME_REQUEST),
	    NULL, EX_PROTOCOL, "malformed reply from the proxy" },
	{ "", TEXT("\5\0\5\0\0\2\1\2\3\4\0\7"), TEXT("\5\1\0" NAME_REQUEST),
	    NULL, EX_PROTOCOL, "malformed reply from the proxy" },
	{ "", TEXT("\5\0\5\2\0\1\0\0\0\0\0\0"), TEXT("\5\1\0" NAME_REQUEST),
	    NULL, EX_TEMPFAIL,
	    "the proxy cannot connect: not allowed by ruleset" },
	{ "", TEXT("\5\0\5\377\0\1\0\0\0\0\0\0"), TEXT("\5\1\0" NAME_REQUEST),
	    NULL, EX_TEMPFAIL, "the proxy cannot connect: unknown failure" },
};

static void
socks_is_spoken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(socks) / sizeof(socks[0]); i++) {
		struct proxy_request request = { "a.b.", 587, socks[i].user,
		    "pw", DEADLINE_NONE };
		struct error err = {0};
		struct tape tape;

		put_in(&tape, socks[i].said, socks[i].nsaid);
		assert_int_equal(socks_connect(&tape.transport, &request,
		    &err), socks[i].code == 0 ? 0 : -1);
		assert_string_equal(err.text, socks[i].text);
		assert_int_equal(err.code, socks[i].code);
		assert_int_equal(tape.heard.len, socks[i].nasked);
		assert_memory_equal(tape.heard.data, socks[i].asked,
		    socks[i].nasked);
		if (socks[i].left != NULL)
			assert_string_equal(tape.left, socks[i].left);
		buffer_free(&tape.heard);
	}
}

static void
addresses_go_as_addresses(void **state)
{
	static const struct {
		const char *host;
		const char *asked;
		size_t n;
	} table[] = {
		{ "192.0.2.1", TEXT("\5\1\0\5\1\0\1\300\0\2\1\2\113") },
		{ "::1", TEXT("\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		    "\1\2\113") },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct proxy_request request = { table[i].host, 587, "", "",
		    DEADLINE_NONE };
		struct error err = {0};
		struct tape tape;

		put_in(&tape, TEXT("\5\0" ACCEPTED));
		assert_int_equal(socks_connect(&tape.transport, &request,
		    &err), 0);
		assert_int_equal(tape.heard.len, table[i].n);
		assert_memory_equal(tape.heard.data, table[i].asked,
		    table[i].n);
		buffer_free(&tape.heard);
	}
}

#define OK "HTTP/1.1 200 Connection established\r\n"

/* The same for an HTTP proxy. */
static const struct {
	const char *said;
	const char *left;
	int code;
	const char *text;
} http[] = {
	{ OK "\r\n220 hi", "220 hi", 0, "" },
	{ "HTTP/1.0 200\r\n\r\n2", "2", 0, "" },
	{ "HTTP/1.1 200 \r\n\r\n2", "2", 0, "" },
	{ "HTTP/1.1 204 No Content\n\n2", "2", 0, "" },
	{ OK "Content-Length: 7\r\nVia: x\r\n\r\n220 hi", "220 hi", 0, "" },
	{ "HTTP/1.1 100 Continue\r\n\r\n" OK "\r\n2", "2", 0, "" },
	{ "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" OK
	    "\r\n2", "2", 0, "" },
	{ "HTTP/1.1 101 Switching\r\n\r\n", NULL, EX_PROTOCOL,
	    "the proxy answered HTTP/1.1 101 Switching" },
	{ "HTTP/1.1 403 Filtered\r\nX: y\r\n\r\n<html>", NULL, EX_TEMPFAIL,
	    "the proxy cannot connect: HTTP/1.1 403 Filtered" },
	{ "HTTP/1.1 502 Bad\033[2J\r\n\r\n", NULL, EX_TEMPFAIL,
	    "the proxy cannot connect: HTTP/1.1 502 Bad\\x1B[2J" },
	{ "HTTP/1.1 302 Log in\r\nLocation: /\r\n\r\n", NULL, EX_TEMPFAIL,
	    "the proxy cannot connect: HTTP/1.1 302 Log in" },
	{ "HTTP/1.1 407 Who?\r\n\r\n", NULL, EX_NOPERM,
	    "proxy authentication required; set proxy_user: "
	    "HTTP/1.1 407 Who?" },
	{ "HTTP/1.0 401 Unauthorized\r\n\r\n", NULL, EX_NOPERM,
	    "proxy authentication required; set proxy_user: HTTP/1.0 401 "
	    "Unauthorized" },
	{ "", NULL, EX_TEMPFAIL, "the proxy closed the connection" },
	{ OK "Via: x\r\n", NULL, EX_TEMPFAIL,
	    "the proxy closed the connection" },
	{ "\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"\"" },
	{ "HTTP/2 200\r\n\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"HTTP/2 200\"" },
	{ "HTTP/1.1 2000\r\n\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"HTTP/1.1 2000\"" },
	{ "HTTP/1.1 +20\r\n\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"HTTP/1.1 +20\"" },
	{ "HTTP/1.1 099 x\r\n\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"HTTP/1.1 099 x\"" },
	{ "HTTP/1.1  200\r\n\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"HTTP/1.1  200\"" },
	{ "220 mail.test ESMTP\r\n", NULL, EX_PROTOCOL,
	    "expected an HTTP status line, not \"220 mail.test ESMTP\"" },
};

static void
http_is_spoken(void **state)
{
	static const char asked[] = "CONNECT a.b:587 HTTP/1.1\r\n"
	    "Host: a.b:587\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < sizeof(http) / sizeof(http[0]); i++) {
		struct proxy_request request = { "a.b", 587, "", "",
		    DEADLINE_NONE };
		struct error err = {0};
		struct tape tape;

		put_in(&tape, http[i].said, strlen(http[i].said));
		assert_int_equal(http_connect(&tape.transport, &request,
		    &err), http[i].code == 0 ? 0 : -1);
		assert_string_equal(err.text, http[i].text);
		assert_int_equal(err.code, http[i].code);
		assert_string_equal(buffer_string(&tape.heard), asked);
		if (http[i].left != NULL)
			assert_string_equal(tape.left, http[i].left);
		buffer_free(&tape.heard);
	}
}

static void
http_credentials_are_basic(void **state)
{
	struct proxy_request request = { "::1", 587, "Aladdin",
	    "open sesame", DEADLINE_NONE };
	struct error err = {0};
	struct tape tape;

	(void)state;
	put_in(&tape, TEXT("HTTP/1.1 407 No\r\n\r\n"));
	assert_int_equal(http_connect(&tape.transport, &request, &err), -1);
	assert_int_equal(err.code, EX_NOPERM);
	assert_string_equal(err.text, "proxy authentication failed; check "
	    "proxy_user and proxy_password: HTTP/1.1 407 No");
	assert_string_equal(buffer_string(&tape.heard),
	    "CONNECT [::1]:587 HTTP/1.1\r\nHost: [::1]:587\r\n"
	    "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
	buffer_free(&tape.heard);
}

/* What the proxy repeats of proxy_user and proxy_password. */
static const struct {
	const char *user, *said;
	int code;
	const char *text;
} echoes[] = {
	{ "Aladdin", "HTTP/1.1 407 not open sesame", EX_NOPERM,
	    "proxy authentication failed; check proxy_user and "
	    "proxy_password: HTTP/1.1 407 not <hidden>" },
	{ "Aladdin", "HTTP/1.1 403 QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
	    EX_TEMPFAIL, "the proxy cannot connect: HTTP/1.1 403 <hidden>" },
	{ "Aladdin", "HTTP/1.1 403 b3BlbiBzZXNhbWU=", EX_TEMPFAIL,
	    "the proxy cannot connect: HTTP/1.1 403 <hidden>" },
	{ "Aladdin", "HTTP/1.1 403 QWxhZGRp no", EX_TEMPFAIL,
	    "the proxy cannot connect: HTTP/1.1 403 <hidden> no" },
	{ "Aladdin", "HTTP/1.1 101 open sesame", EX_PROTOCOL,
	    "the proxy answered HTTP/1.1 101 <hidden>" },
	{ "Aladdin", "open sesame", EX_PROTOCOL,
	    "expected an HTTP status line, not \"<hidden>\"" },
	/* without a user the proxy has seen no password */
	{ "", "HTTP/1.1 403 open sesame", EX_TEMPFAIL,
	    "the proxy cannot connect: HTTP/1.1 403 open sesame" },
};

static void
credentials_that_are_repeated_are_hidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
		struct proxy_request request = { "a.b", 587, echoes[i].user,
		    "open sesame", DEADLINE_NONE };
		struct error err = {0};
		struct tape tape;
		char said[128];

		snprintf(said, sizeof(said), "%s\r\n\r\n", echoes[i].said);
		put_in(&tape, said, strlen(said));
		assert_int_equal(http_connect(&tape.transport, &request,
		    &err), -1);
		assert_int_equal(err.code, echoes[i].code);
		assert_string_equal(err.text, echoes[i].text);
		buffer_free(&tape.heard);
	}
}

/* Head upon head, field upon field: there is an end to it. */
static void
an_endless_answer_ends(void **state)
{
	static const char *const parts[] = {
		"HTTP/1.1 100 Continue\r\n\r\n", "a", "A: b\r\n"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct proxy_request request = { "a.b", 587, "", "",
		    DEADLINE_NONE };
		struct error err = {0};
		struct buffer said = {0};
		struct tape tape;

		if (i > 0)
			buffer_add_string(&said, OK);
		while (said.len < 2 * HTTP_HEAD_MAX)
			buffer_add_string(&said, parts[i]);
		put_in(&tape, said.data, said.len);
		assert_int_equal(http_connect(&tape.transport, &request,
		    &err), -1);
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_string_equal(err.text,
		    "response of the proxy is longer than 16384 octets");
		assert_int_equal(said.len - tape.n, HTTP_HEAD_MAX);
		buffer_free(&tape.heard);
		buffer_free(&said);
	}
}

/* What drips is ready whenever one looks. */
static void
the_deadline_holds_although_octets_come(void **state)
{
	struct proxy_request request = { "a.b", 587, "", "",
	    deadline_now() - 1 };
	struct error err = {0};
	struct tape tape;

	(void)state;
	put_in(&tape, TEXT(OK "\r\n"));
	assert_int_equal(http_connect(&tape.transport, &request, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "timed out");
	buffer_free(&tape.heard);
}

static ssize_t
read_never(struct transport *t, void *data, size_t n, struct error *err)
{
	(void)t, (void)data, (void)n, (void)err;
	return TRANSPORT_WANT_READ;
}

static ssize_t
write_never(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	(void)t, (void)data, (void)n, (void)err;
	return TRANSPORT_WANT_WRITE;
}

/* The descriptor is ready all the while. */
static void
no_proxy_outlasts_the_deadline(void **state)
{
	struct error err = {0};
	struct tape tape;
	int ends[2];
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	alarm(30);
	put_in(&tape, "", 0);
	tape.transport.write = write_never;
	tape.transport.fd = ends[1];
	assert_int_equal(proxy_put(&tape.transport, "x", 1, deadline_in(100),
	    &err), -1);
	assert_string_equal(err.text, "timed out");
	assert_int_equal(write(ends[1], "x", 1), 1);
	tape.transport.read = read_never;
	tape.transport.fd = ends[0];
	assert_int_equal(proxy_get(&tape.transport, &c, 1, deadline_in(100),
	    &err), -1);
	assert_string_equal(err.text, "timed out");
	alarm(0);
	close(ends[0]);
	close(ends[1]);
}

static void
interim_answers_without_end_are_refused(void **state)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct proxy_request request = { "a.b.", 587, "", "", DEADLINE_NONE };
	struct buffer said = {0};
	struct error err = {0};
	struct tape tape;

	(void)state;
	while (said.len <= HTTP_HEAD_MAX)
		buffer_add_string(&said, interim);
	put_in(&tape, said.data, said.len);
	assert_int_equal(http_connect(&tape.transport, &request, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	buffer_free(&said);
	buffer_free(&tape.heard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socks_is_spoken),
		cmocka_unit_test(addresses_go_as_addresses),
		cmocka_unit_test(http_is_spoken),
		cmocka_unit_test(http_credentials_are_basic),
		cmocka_unit_test(credentials_that_are_repeated_are_hidden),
		cmocka_unit_test(an_endless_answer_ends),
		cmocka_unit_test(the_deadline_holds_although_octets_come),
		cmocka_unit_test(no_proxy_outlasts_the_deadline),
		cmocka_unit_test(interim_answers_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
