/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content and its end over a connection that breaks at a chosen octet. */
#include "../unit.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../letter.h"
#include "base/poll.h"
#include "smtp/data.h"

#define MESSAGE "Subject: x\n\nbody\n"
#define SENT "Subject: x\r\n\r\nbody\r\n.\r\n" /* 23 octets */
#define ALL ((size_t)-1)
#define BAD_RECORD 2

/* A connection in memory: it takes so many octets and then breaks; what the
 * server says can be read once it has taken some. */
struct wire {
	struct transport transport; /* first: the two are cast */
	size_t room, taken;
	const char *says;
	size_t after;
	int ends;                   /* after that: the end, not silence */
	char heard[256], traced[1024];
	const struct stream *stream;
	int shown;                  /* there is a progress line */
};

/* The signal that comes when the room is used up, or 0. */
static int signal_at_break;

static ssize_t
wire_read(struct transport *t, void *data, size_t n, struct error *err)
{
	struct wire *w = (struct wire *)t;
	size_t len = strlen(w->says);

	if (w->taken < w->after)
		return TRANSPORT_WANT_READ;
	if (len == 0 && w->ends == BAD_RECORD) {
		fail(err, EX_PROTOCOL, "bad record");
		return TRANSPORT_FAILED;
	}
	if (len == 0)
		return w->ends ? 0 : TRANSPORT_WANT_READ;
	assert_true(len <= n);
	memcpy(data, w->says, len);
	w->says += len;
	return (ssize_t)len;
}

static ssize_t
wire_write(struct transport *t, const void *data, size_t n, struct error *err)
{
	struct wire *w = (struct wire *)t;

	w->shown |= w->stream->progress != NULL;
	if (n > w->room - w->taken)
		n = w->room - w->taken;
	if (n == 0) {
		if (signal_at_break != 0) {
			raise(signal_at_break);
			return TRANSPORT_WANT_WRITE;
		}
		fail(err, EX_TEMPFAIL, "broken pipe");
		return TRANSPORT_FAILED;
	}
	for (size_t i = 0; i < n && w->taken + i < sizeof(w->heard) - 1; i++)
		w->heard[w->taken + i] = ((const char *)data)[i];
	w->taken += n;
	return (ssize_t)n;
}

static int
wire_flush(struct transport *t, struct error *err)
{
	(void)t;
	(void)err;
	return 0;
}

static void
wire_close(struct transport *t)
{
	(void)t;
}

/* What the server does, and what comes of it. */
struct plan {
	size_t room;
	const char *says;
	size_t after;
	int ends;
	int result, code;
	enum outcome outcome;
	const char *text;          /* of the error */
	int intact;
};

static int
forbid(void *queue, struct error *err)
{
	(void)queue;
	return fail(err, EX_IOERR, "the journal is full");
}

/* Settings of a run besides the plan. */
struct setting {
	const char *text;
	size_t len;
	int chunking, lmtp;
	enum content_after after;
	const struct commit_hook *hook;
};

/* Sends the message as planned; what the server heard is in w. */
static void
run(const struct plan *p, const struct setting *set, struct wire *w)
{
	char path[] = "you@example.net", sender[] = "me@example.org";
	struct recipient to = { .path = path, .pending = 1 };
	struct envelope envelope = { .sender = sender, .to = &to, .n = 1 };
	struct submit_options options = { .trace = -1, .hook = set->hook };
	struct smarthost host = {0};
	struct message m = {0};
	struct mail mail = { .envelope = &envelope, .message = &m,
		.after = set->after };
	struct session s;
	struct account a;
	struct error err = {0};
	int trace[2];
	ssize_t n;

	memset(&s, 0, sizeof(s));
	memset(w, 0, sizeof(*w));
	letter_take(&m, set->text, set->len);
	account_init(&a, "/nonexistent");
	a.chunking = set->chunking;
	if (set->lmtp)
		a.protocol = PROTOCOL_LMTP;
	a.timeout = 1;
	w->transport = (struct transport){ .read = wire_read,
		.write = wire_write, .flush = wire_flush,
		.close = wire_close, .fd = -1 };
	w->room = p->room;
	w->says = p->says;
	w->after = p->after;
	w->ends = p->ends;
	assert_int_equal(pipe(trace), 0);
	stream_open(&s.stream, &w->transport, deadline_in(5000), trace[1]);
	w->stream = &s.stream;
	s.account = &a;
	s.options = &options;
	s.smarthost = &host;
	s.intact = 1;
	s.can.offered = EXT_PIPELINING | EXT_CHUNKING;
	assert_int_equal(data_send(&s, &mail, &err), p->result);
	assert_int_equal(err.code, p->code);
	assert_int_equal(err.outcome, p->outcome);
	if (strstr(err.text, p->text) == NULL)
		fail_msg("%s: expected %s", err.text, p->text);
	assert_int_equal(s.intact, p->intact);
	assert_int_equal(w->shown, 0); /* no terminal */
	assert_null(s.stream.progress);
	assert_int_equal(to.pending, 0);
	assert_true(mail.times.invited != 0);
	assert_int_equal(mail.times.answered != 0, mail.final.code != 0);
	/* a refusal is told by its reply: the text begins with its code */
	if (p->code != 0 && p->outcome == OUTCOME_NOT_SENT)
		assert_int_equal(mail.final.code, atoi(p->text));
	/* an acceptance leaves the reply to RCPT as it is, but for LMTP */
	if (!set->lmtp)
		assert_int_equal(to.reply.code,
		    p->result == 0 ? 0 : mail.final.code);
	close(trace[1]);
	n = read(trace[0], w->traced, sizeof(w->traced) - 1);
	assert_true(n >= 0);
	w->traced[n] = '\0';
	close(trace[0]);
	session_close(&s);
	account_free(&a);
	message_free(&m);
}

static const struct plan by_data[] = {
	{ ALL, "250 queued\r\n", 23, 0, 0, 0, OUTCOME_NOT_SENT, "", 0 },
	/* before the last octet of the dot nothing was sent */
	{ 0, "", 0, 1, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "connection closed by server while sending the message", 0 },
	{ 1, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "while sending the end of the message: broken pipe", 0 },
	{ 22, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "while sending the end of the message: broken pipe", 0 },
	{ 22, "452 full\r\n", 22, 1, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "452 full", 0 },
	{ 22, "552 5.3.4 too big\r\n", 22, 1, -1, EX_DATAERR,
	    OUTCOME_NOT_SENT, "552 5.3.4 too big", 0 },
	{ 22, "250 queued\r\n", 22, 1, -1, EX_PROTOCOL, OUTCOME_NOT_SENT,
	    "unexpected reply from server: 250 queued", 0 },
	{ 22, "nonsense\r\n", 22, 1, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "while sending the end of the message: broken pipe", 0 },
	/* after it the reply counts, although QUIT was lost */
	{ 23, "250 queued\r\n", 23, 1, 0, 0, OUTCOME_NOT_SENT, "", 0 },
	{ 28, "250 queued\r\n", 23, 1, 0, 0, OUTCOME_NOT_SENT, "", 0 },
	{ 28, "554 no\r\n", 23, 1, -1, EX_UNAVAILABLE, OUTCOME_NOT_SENT,
	    "554 no", 0 },
	{ 28, "", 23, 1, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "", 23, 1, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "", 23, BAD_RECORD, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "354 more\r\n", 23, 0, -1, EX_PROTOCOL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "221 bye\r\n", 23, 1, -1, EX_PROTOCOL, OUTCOME_UNKNOWN,
	    "unexpected reply 221", 0 },
	/* what is said before the content has no meaning */
	{ ALL, "250 queued\r\n", 0, 0, -1, EX_PROTOCOL, OUTCOME_NOT_SENT,
	    "unexpected reply from server: 250 queued", 0 },
	{ ALL, "421 bye\r\n", 0, 0, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "421 bye", 0 },
};

static void
the_last_octet_decides_what_is_known(void **state)
{
	static const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1, 0, 0,
		CONTENT_QUIT, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(by_data) / sizeof(by_data[0]); i++) {
		struct wire w;

		run(&by_data[i], &set, &w);
		assert_int_equal(strncmp(w.heard, SENT "QUIT\r\n", w.taken), 0);
	}
}

/* A signal ends the run; the reply is not waited for. */
static void
a_signal_leaves_what_was_sent_in_doubt(void **state)
{
	static const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1, 0, 0,
		CONTENT_QUIT, NULL };
	static const struct plan plans[] = {
		{ 22, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
		    "while sending the end of the message: ", 0 },
		{ 23, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
		    "the message may have been accepted", 1 },
		{ 28, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
		    "the message may have been accepted", 1 },
	};

	(void)state;
	signal_at_break = SIGTERM;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct wire w;

		signals_hold();
		run(&plans[i], &set, &w);
		signal(SIGTERM, SIG_IGN); /* no longer pending */
		signals_reset();
		signal(SIGTERM, SIG_DFL);
	}
	signal_at_break = 0;
}

/* The server is so quick that nothing is waited for. */
static void
a_signal_that_came_before_prevents_the_end(void **state)
{
	static const struct plan plan = { ALL, "250 queued\r\n", 23, 0, -1,
		EX_TEMPFAIL, OUTCOME_NOT_SENT, "interrupted by signal 15", 0 };

	(void)state;
	for (int chunking = 0; chunking <= 1; chunking++) {
		const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1,
			chunking, 0, CONTENT_QUIT, NULL };
		struct wire w;

		signals_hold();
		raise(SIGTERM);
		run(&plan, &set, &w);
		assert_null(strstr(w.heard, "\r\n.\r\n"));
		assert_null(strstr(w.heard, "BDAT"));
		assert_null(strstr(w.heard, "QUIT"));
		signal(SIGTERM, SIG_IGN); /* no longer pending */
		signals_reset();
		signal(SIGTERM, SIG_DFL);
	}
}

static void
a_session_that_goes_on_gets_no_quit(void **state)
{
	static const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1, 0, 0,
		CONTENT_STAY, NULL };
	static const struct plan plans[] = {
		{ ALL, "250 queued\r\n", 23, 0, 0, 0, OUTCOME_NOT_SENT, "", 1 },
		{ ALL, "451 later\r\n", 23, 0, -1, EX_TEMPFAIL,
		    OUTCOME_NOT_SENT, "451 later", 1 },
		{ ALL, "354 more\r\n", 23, 0, -1, EX_PROTOCOL,
		    OUTCOME_UNKNOWN, "unexpected reply 354", 0 },
		{ ALL, "221 bye\r\n", 23, 0, -1, EX_PROTOCOL,
		    OUTCOME_UNKNOWN, "unexpected reply 221", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct wire w;

		run(&plans[i], &set, &w);
		assert_string_equal(w.heard, SENT);
		assert_non_null(strstr(w.traced, "C: .\n"));
		assert_null(strstr(w.traced, "QUIT"));
	}
}

/* 20 octets after "BDAT 20 LAST" and its CRLF, 14. */
static const struct plan by_bdat[] = {
	{ ALL, "250 queued\r\n", 34, 0, 0, 0, OUTCOME_NOT_SENT, "", 0 },
	{ 33, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "while sending the end of the message: broken pipe", 0 },
	{ 33, "452 full\r\n", 33, 1, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    "452 full", 0 },
	{ 34, "250 queued\r\n", 34, 1, 0, 0, OUTCOME_NOT_SENT, "", 0 },
	{ 39, "", 34, 1, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
};

static void
the_last_octet_decides_with_bdat_too(void **state)
{
	static const char sent[] = "BDAT 20 LAST\r\nSubject: x\r\n\r\nbody\r\n"
	    "QUIT\r\n";
	static const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1, 1, 0,
		CONTENT_QUIT, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(by_bdat) / sizeof(by_bdat[0]); i++) {
		struct wire w;

		run(&by_bdat[i], &set, &w);
		assert_int_equal(strncmp(w.heard, sent, w.taken), 0);
		assert_null(strstr(w.traced, "C: ."));
		assert_non_null(strstr(w.traced, "C: QUIT\n"));
	}
}

/* Of a message that does not fit in the buffer some is sent before its end. */
static void
a_long_message_breaks_in_the_middle(void **state)
{
	static const struct plan plans[] = {
		{ 70000, "", ALL, 0, -1, EX_TEMPFAIL, OUTCOME_NOT_SENT,
		    "while sending the message: broken pipe", 0 },
		{ 70000, "552 too big\r\n", 70000, 1, -1, EX_DATAERR,
		    OUTCOME_NOT_SENT, "552 too big", 0 },
	};
	static char text[400000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 60 == 59 ? '\n' : 'x';
	memcpy(text, "Subject: x\n\n", 12);
	for (size_t i = 0; i < 4; i++) {
		const struct setting set = { text, sizeof(text), i % 2 == 1, 0,
			CONTENT_QUIT, NULL };
		struct wire w;

		run(&plans[i / 2], &set, &w);
	}
}

/* The announced octets fill the buffer evenly: the reply to them may be there
 * before QUIT is written. */
static void
a_reply_to_all_that_bdat_announced_is_no_early_one(void **state)
{
	static const struct plan plan = { ALL, "250 queued\r\n", 131072, 0, 0,
		0, OUTCOME_NOT_SENT, "", 0 };
	static const struct plan broken = { 131071, "", ALL, 0, -1,
		EX_TEMPFAIL, OUTCOME_NOT_SENT,
		"while sending the message: broken pipe", 0 };
	/* "BDAT 131054 LAST" and its CRLF are 18 octets */
	enum { SIZE = 131072 - 18 };
	static char text[SIZE];
	struct setting set = { text, 0, 1, 0, CONTENT_QUIT, NULL };
	struct wire w;
	size_t lines = 1000;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "Subject: x\n\n", 12);
	/* each LF is two octets on the wire */
	set.len = SIZE - lines;
	for (size_t i = 0; i < lines - 2; i++)
		text[set.len - 1 - 60 * i] = '\n';
	run(&plan, &set, &w);
	assert_int_equal(strncmp(w.heard, "BDAT 131054 LAST\r\n", 18), 0);
	assert_int_equal(w.taken, 131072 + 6);
	run(&broken, &set, &w);
}

/* The queue could not note that the end is coming: it does not come. */
static void
without_a_note_the_end_is_not_sent(void **state)
{
	static const struct commit_hook hook = { forbid, NULL, NULL };
	static const struct plan plan = { ALL, "", ALL, 0, -1, EX_IOERR,
		OUTCOME_NOT_SENT, "the journal is full", 0 };

	(void)state;
	for (int chunking = 0; chunking < 2; chunking++) {
		const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1,
			chunking, 0, CONTENT_QUIT, &hook };
		struct wire w;

		run(&plan, &set, &w);
		assert_null(strstr(w.heard, "\r\n.\r\n"));
		assert_null(strstr(w.heard, "BDAT"));
	}
}

static int
note(void *queue, struct error *err)
{
	(void)err;
	++*(int *)queue;
	return 0;
}

static void
the_end_is_noted_once(void **state)
{
	static const struct plan plan = { ALL, "250 queued\r\n", 23, 0, 0, 0,
		OUTCOME_NOT_SENT, "", 0 };

	(void)state;
	for (int chunking = 0; chunking < 2; chunking++) {
		int times = 0;
		const struct commit_hook hook = { note, NULL, &times };
		const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1,
			chunking, 0, CONTENT_QUIT, &hook };
		struct wire w;

		run(&plan, &set, &w);
		assert_int_equal(times, 1);
	}
}

static const struct plan by_lmtp[] = {
	{ ALL, "250 delivered\r\n", 23, 0, 0, 0, OUTCOME_NOT_SENT, "", 0 },
	{ ALL, "150 wait\r\n", 23, 0, -1, EX_PROTOCOL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "354 more\r\n", 23, 0, -1, EX_PROTOCOL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "250-deliv\r\n", 23, 1, -1, EX_TEMPFAIL, OUTCOME_UNKNOWN,
	    "the message may have been accepted", 0 },
	{ ALL, "550 no such user\r\n", 23, 0, 0, 0, OUTCOME_NOT_SENT, "", 0 },
};

static void
lmtp_answers_for_the_recipient(void **state)
{
	static const struct setting set = { MESSAGE, sizeof(MESSAGE) - 1, 0, 1,
		CONTENT_QUIT, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(by_lmtp) / sizeof(by_lmtp[0]); i++) {
		struct wire w;

		run(&by_lmtp[i], &set, &w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_octet_decides_what_is_known),
		cmocka_unit_test(a_signal_leaves_what_was_sent_in_doubt),
		cmocka_unit_test(a_signal_that_came_before_prevents_the_end),
		cmocka_unit_test(a_session_that_goes_on_gets_no_quit),
		cmocka_unit_test(the_last_octet_decides_with_bdat_too),
		cmocka_unit_test(a_long_message_breaks_in_the_middle),
		cmocka_unit_test(
		    a_reply_to_all_that_bdat_announced_is_no_early_one),
		cmocka_unit_test(without_a_note_the_end_is_not_sent),
		cmocka_unit_test(the_end_is_noted_once),
		cmocka_unit_test(lmtp_answers_for_the_recipient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
