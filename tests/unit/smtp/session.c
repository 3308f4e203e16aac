/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands and replies of one session, over a socket pair. */
#include "../unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/poll.h"
#include "net/socket.h"
#include "smtp/session.h"

/* A session whose peer is the test. */
struct bench {
	struct session session;
	struct account account;
	int peer, trace[2];
};

static void
open_bench(struct bench *b)
{
	int ends[2];

	memset(b, 0, sizeof(*b));
	account_init(&b->account, "/nonexistent");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(pipe(b->trace), 0);
	b->peer = ends[1];
	stream_open(&b->session.stream, socket_transport(ends[0]),
	    deadline_in(20000), b->trace[1]);
	b->session.account = &b->account;
	b->session.intact = 1;
}

static void
close_bench(struct bench *b)
{
	session_close(&b->session);
	account_free(&b->account);
	close(b->peer);
	close(b->trace[0]);
	close(b->trace[1]);
}

static void
say(struct bench *b, const char *text)
{
	assert_int_equal(write(b->peer, text, strlen(text)), strlen(text));
}

/* What the peer has received so far. */
static size_t
hear(struct bench *b, char *text, size_t size)
{
	struct error err = {0};
	ssize_t n;

	assert_int_equal(stream_flush(&b->session.stream, &err), 0);
	n = recv(b->peer, text, size - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void
a_command_of_the_greatest_length_is_sent(void **state)
{
	char text[SESSION_COMMAND_MAX + 16], heard[SESSION_COMMAND_MAX + 16];
	struct error err = {0};
	struct bench b;

	(void)state;
	open_bench(&b);
	memset(text, 'x', sizeof(text));
	text[SESSION_COMMAND_MAX - 2] = '\0';
	assert_int_equal(session_put(&b.session, &err, "%s", text), 0);
	assert_int_equal(b.session.outstanding, 1);
	assert_int_equal(hear(&b, heard, sizeof(heard)), SESSION_COMMAND_MAX);
	assert_memory_equal(heard, text, SESSION_COMMAND_MAX - 2);
	assert_string_equal(heard + SESSION_COMMAND_MAX - 2, "\r\n");
	close_bench(&b);
}

static void
a_longer_command_is_not_sent(void **state)
{
	char text[SESSION_COMMAND_MAX], heard[16];
	struct error err = {0};
	struct bench b;

	(void)state;
	open_bench(&b);
	memset(text, 'x', sizeof(text));
	text[SESSION_COMMAND_MAX - 1] = '\0';
	assert_int_equal(session_put(&b.session, &err, "%s", text), -1);
	assert_int_equal(err.code, EX_DATAERR);
	assert_string_equal(err.text, "command longer than 2048 octets: "
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...");
	assert_int_equal(b.session.outstanding, 0);
	assert_int_equal(hear(&b, heard, sizeof(heard)), 0);
	close_bench(&b);
}

static void
a_control_character_is_not_sent(void **state)
{
	static const char *const commands[] = {
		"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>", "a\nb", "a\rb", "\1", "a\t",
		"a\x7f"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct error err = {0};
		struct bench b;
		char heard[16];

		open_bench(&b);
		assert_int_equal(session_put(&b.session, &err, "%s",
		    commands[i]), -1);
		assert_int_equal(err.code, EX_DATAERR);
		assert_non_null(strstr(err.text, "control character"));
		assert_int_equal(b.session.outstanding, 0);
		assert_int_equal(hear(&b, heard, sizeof(heard)), 0);
		close_bench(&b);
	}
}

/* The peer hears nothing any more: commands fail once the buffer is full,
 * wherever in them that is. */
static void
a_command_that_cannot_be_written_ends_the_session(void **state)
{
	(void)state;
	for (size_t len = 0; len < 40; len++) {
		struct error err = {0};
		struct bench b;
		int result = 0;

		open_bench(&b);
		close(b.trace[1]);
		b.session.stream.trace = b.trace[1] = -1;
		assert_int_equal(shutdown(b.peer, SHUT_RD), 0);
		for (int i = 0; i < 100000 && result == 0; i++) {
			struct buffer secret = {0};

			buffer_add(&secret, "0123456789012345678901234567890"
			    "123456789", len);
			result = len == 0
			    ? session_put(&b.session, &err, "NOOP")
			    : session_put_secret(&b.session, "AUTH PLAIN",
			    &secret, &err);
			buffer_free(&secret);
		}
		assert_int_equal(result, -1);
		assert_int_equal(err.code, EX_TEMPFAIL);
		close_bench(&b);
	}
}

/* What is there before a command is sent, and the error. */
static const struct {
	const char *said;
	int code;
	const char *text;
} early[] = {
	{ "250 ok\r\n", EX_PROTOCOL, "unexpected reply from server: 250 ok" },
	{ "421 bye\r\n", EX_TEMPFAIL, "421 bye" },
	{ "nonsense\r\n", EX_PROTOCOL, "nonsense" },
};

static void
a_reply_ahead_of_its_command_ends_the_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		struct error err = {0};
		struct buffer secret = {0};
		struct bench b;
		char heard[16];

		open_bench(&b);
		buffer_add_string(&secret, "c2VjcmV0");
		say(&b, early[i].said);
		if (i == 0)
			assert_int_equal(session_put_secret(&b.session, "",
			    &secret, &err), -1);
		else
			assert_int_equal(session_put(&b.session, &err,
			    "NOOP"), -1);
		assert_int_equal(err.code, early[i].code);
		assert_non_null(strstr(err.text, early[i].text));
		assert_int_equal(b.session.intact, 0);
		assert_int_equal(hear(&b, heard, sizeof(heard)), 0);
		buffer_free(&secret);
		close_bench(&b);
	}
}

/* In a flight, replies to its first commands may come while it is written. */
static void
a_reply_to_the_first_of_a_flight_is_none_ahead(void **state)
{
	struct error err = {0};
	struct reply r;
	struct bench b;
	char heard[64];

	(void)state;
	open_bench(&b);
	assert_int_equal(session_put(&b.session, &err, "ONE"), 0);
	assert_int_equal(hear(&b, heard, sizeof(heard)), 5);
	say(&b, "250 one\r\n");
	assert_int_equal(session_put(&b.session, &err, "TWO"), 0);
	assert_int_equal(b.session.outstanding, 2);
	say(&b, "250-two\r\n250 three\r\n");
	assert_int_equal(session_expect(&b.session, REPLY_TO_OTHER, 2, &r,
	    &err), 0);
	assert_string_equal(r.text, "250 one");
	assert_int_equal(b.session.outstanding, 1);
	assert_int_equal(session_expect(&b.session, REPLY_TO_OTHER, 2, &r,
	    &err), 0);
	assert_int_equal(r.lines, 2);
	assert_int_equal(b.session.outstanding, 0);
	assert_int_equal(b.session.intact, 1);
	close_bench(&b);
}

/* The class that is expected is 2: the code of the error, and whether the
 * session goes on. */
static const struct {
	const char *said;
	int code, intact;
} refusals[] = {
	{ "450 later\r\n", EX_TEMPFAIL, 1 },
	{ "421 later\r\n", EX_TEMPFAIL, 0 },
	{ "550 no\r\n", EX_UNAVAILABLE, 1 },
	{ "354 go\r\n", EX_PROTOCOL, 0 },
	{ "150 wait\r\n", EX_PROTOCOL, 0 },
};

static void
a_refusal_keeps_the_session_and_nonsense_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct error err = {0};
		struct reply r;
		struct bench b;

		open_bench(&b);
		assert_int_equal(session_put(&b.session, &err, "NOOP"), 0);
		say(&b, refusals[i].said);
		assert_int_equal(session_expect(&b.session, REPLY_TO_OTHER, 2,
		    &r, &err), -1);
		assert_int_equal(err.code, refusals[i].code);
		assert_int_equal(b.session.intact, refusals[i].intact);
		close_bench(&b);
	}
}

/* What the server says to the password abcdefgh, and how it is shown. */
static const char *const echoes[][2] = {
	{ "535 no: abcdefgh!", "535 no: <hidden>!" },
	{ "535 no: YWJjZGVmZ2g=", "535 no: <hidden>" },
	{ "535", "535" },
	/* what the reply means does not depend on the password */
	{ "220 2.1.5 ok", "220 <hidden> ok" },
};

static void
a_secret_that_is_repeated_is_hidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
		char line[128], traced[256];
		struct error err = {0};
		struct reply r;
		struct bench b;
		ssize_t n;

		open_bench(&b);
		session_hide(&b.session, "abcdefgh", 8);
		session_hide(&b.session, "220 2.1.5", 9);
		snprintf(line, sizeof(line), "%s\r\n", echoes[i][0]);
		say(&b, line);
		assert_int_equal(session_get(&b.session, REPLY_TO_OTHER, &r,
		    &err), 0);
		assert_string_equal(r.text, echoes[i][1]);
		n = read(b.trace[0], traced, sizeof(traced) - 1);
		assert_true(n > 0);
		traced[n] = '\0';
		assert_non_null(strstr(traced, echoes[i][1]));
		close_bench(&b);
	}
}

/* The trace has the length of a secret, and of a challenge. */
static void
the_trace_has_lengths_for_secrets(void **state)
{
	struct buffer secret = { .kind = BUFFER_SECRET };
	struct error err = {0};
	struct reply r;
	struct bench b;
	char text[256];
	ssize_t n;

	(void)state;
	open_bench(&b);
	buffer_add_string(&secret, "c2VjcmV0");
	assert_int_equal(session_put_secret(&b.session, "AUTH PLAIN", &secret,
	    &err), 0);
	assert_int_equal(hear(&b, text, sizeof(text)), 21);
	assert_string_equal(text, "AUTH PLAIN c2VjcmV0\r\n");
	say(&b, "334 Y2hhbGxlbmdl\r\n");
	assert_int_equal(session_get(&b.session, REPLY_TO_AUTH, &r, &err), 0);
	assert_int_equal(session_put_secret(&b.session, "", &secret, &err), 0);
	assert_int_equal(hear(&b, text, sizeof(text)), 10);
	assert_string_equal(text, "c2VjcmV0\r\n");
	say(&b, "334\r\n");
	assert_int_equal(session_get(&b.session, REPLY_TO_AUTH, &r, &err), 0);
	n = read(b.trace[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "AUTH PLAIN <hidden 8>\n"));
	assert_non_null(strstr(text, "334 <hidden 12>\n"));
	assert_non_null(strstr(text, "C: <hidden 8>\n"));
	assert_non_null(strstr(text, "S: 334\n"));
	assert_null(strstr(text, "c2V"));
	assert_null(strstr(text, "Y2h"));
	buffer_free(&secret);
	close_bench(&b);
}

static void
a_peer_that_is_gone_breaks_the_session(void **state)
{
	char text[SESSION_COMMAND_MAX - 2];
	struct error err = {0};
	struct bench b;
	int result = 0;

	(void)state;
	signals_reset();
	open_bench(&b);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	b.session.outstanding = 1; /* a flight under way */
	shutdown(b.peer, SHUT_RDWR);
	for (int i = 0; i < 4096 && result == 0; i++)
		result = session_put(&b.session, &err, "%s", text);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_int_equal(b.session.intact, 0);
	close_bench(&b);
}

static void
mailmax_counts_transactions(void **state)
{
	struct session s;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.mails = 5;
	assert_false(session_is_used_up(&s));
	s.can.mail_max = 6;
	assert_false(session_is_used_up(&s));
	s.can.mail_max = 5;
	assert_true(session_is_used_up(&s));
	s.mails = 6;
	assert_true(session_is_used_up(&s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_of_the_greatest_length_is_sent),
		cmocka_unit_test(a_longer_command_is_not_sent),
		cmocka_unit_test(a_control_character_is_not_sent),
		cmocka_unit_test(
		    a_command_that_cannot_be_written_ends_the_session),
		cmocka_unit_test(a_reply_ahead_of_its_command_ends_the_session),
		cmocka_unit_test(
		    a_reply_to_the_first_of_a_flight_is_none_ahead),
		cmocka_unit_test(
		    a_refusal_keeps_the_session_and_nonsense_does_not),
		cmocka_unit_test(a_secret_that_is_repeated_is_hidden),
		cmocka_unit_test(the_trace_has_lengths_for_secrets),
		cmocka_unit_test(a_peer_that_is_gone_breaks_the_session),
		cmocka_unit_test(mailmax_counts_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
