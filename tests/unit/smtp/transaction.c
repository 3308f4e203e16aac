/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transactions with a server in memory: what is sent in which flights, and what
 * comes of the replies. */
#include "../unit.h"

#include "../letter.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "smtp/transaction.h"

#define MESSAGE "Subject: x\n\nbody\n"

/* A connection in memory: the n-th reply can be read once the n-th command has
 * been written. After the last reply the server hangs up. */
struct wire {
	struct transport transport; /* first: the two are cast */
	const char *replies;        /* of one line each, LF at the end */
	size_t commands, answered;
	size_t octets;              /* left of a chunk */
	int content;                /* a message is coming, up to its dot */
	struct buffer line;
	struct buffer heard;        /* commands with a space, flights with / */
	int written;                /* since the last reply was read */
};

static void
hear_line(struct wire *w, const char *line)
{
	unsigned long long octets;

	if (w->content && strcmp(line, ".") != 0)
		return;
	w->content = 0;
	w->commands++;
	w->written = 1;
	if (sscanf(line, "BDAT %llu", &octets) == 1)
		w->octets = (size_t)octets;
	/* an answer of 354 opens the content; all have been read by then */
	buffer_addf(&w->heard, "%s%s", w->heard.len > 0 ? " " : "", line);
}

static ssize_t
wire_write(struct transport *t, const void *data, size_t n, struct error *err)
{
	struct wire *w = (struct wire *)t;
	const char *octets = data;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		if (w->octets > 0) {
			w->octets--;
		} else if (octets[i] == '\n') {
			w->line.len--; /* the CR */
			w->line.data[w->line.len] = '\0';
			hear_line(w, w->line.data);
			buffer_clear(&w->line);
		} else {
			buffer_add_char(&w->line, octets[i]);
		}
	}
	return (ssize_t)n;
}

static ssize_t
wire_read(struct transport *t, void *data, size_t n, struct error *err)
{
	struct wire *w = (struct wire *)t;
	const char *end = strchr(w->replies, '\n');
	size_t len;

	(void)err;
	if (w->answered == w->commands && w->replies[0] != '\0')
		return TRANSPORT_WANT_READ;
	if (end == NULL)
		return 0;
	len = (size_t)(end - w->replies);
	assert_true(len + 2 <= n);
	memcpy(data, w->replies, len);
	memcpy((char *)data + len, "\r\n", 2);
	w->content = strncmp(w->replies, "354", 3) == 0;
	w->replies = end + 1;
	w->answered++;
	if (w->written)
		buffer_add_string(&w->heard, " /");
	w->written = 0;
	return (ssize_t)len + 2;
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

/* What is sent to whom, what the server says, and what comes of it. */
struct row {
	const char *name;
	unsigned offered;
	int partial;
	uint64_t rcpt_max, mail_max;
	enum content_after after;
	const char *auth;    /* mechanism, or NULL */
	size_t n;            /* recipients: a, b, c, ... */
	const char *replies;
	const char *heard;
	int result, code;
	enum outcome outcome;
	const char *text;    /* of the error */
	const char *codes;   /* of the recipients */
	int final;           /* code of the last reply to the message */
	int intact, begun;
};

/* Makes the session of a row. */
static void
prepare(struct session *s, struct account *a, struct wire *w,
    const struct row *row)
{
	struct error err = {0};

	memset(s, 0, sizeof(*s));
	memset(w, 0, sizeof(*w));
	account_init(a, "/nonexistent");
	a->timeout = 1;
	a->partial_delivery = row->partial;
	a->chunking = (row->offered & EXT_CHUNKING) != 0;
	if (row->auth != NULL) {
		assert_int_equal(account_store(a, KEY_auth, row->auth, &err),
		    0);
		assert_int_equal(account_store(a, KEY_user, "u", &err), 0);
		snprintf(s->can.mechanisms, sizeof(s->can.mechanisms),
		    "PLAIN LOGIN");
	}
	w->transport = (struct transport){ .read = wire_read,
		.write = wire_write, .flush = wire_flush,
		.close = wire_close, .fd = -1 };
	w->replies = row->replies;
	stream_open(&s->stream, &w->transport, deadline_in(5000), -1);
	s->account = a;
	s->intact = 1;
	s->confidential = 1;
	s->can.offered = row->offered;
	s->can.rcpt_max = row->rcpt_max;
	s->can.mail_max = row->mail_max;
}

static void
check_recipients(const struct row *row, const struct recipient *to)
{
	struct buffer codes = {0};

	for (size_t i = 0; i < row->n; i++) {
		buffer_addf(&codes, "%s%d", i > 0 ? " " : "",
		    to[i].reply.code);
		assert_int_equal(to[i].pending, 0);
	}
	if (strcmp(buffer_string(&codes), row->codes) != 0)
		fail_msg("%s: recipients: %s", row->name, codes.data);
	buffer_free(&codes);
}

static void
check(const struct row *row, const char *what, int is, int wanted)
{
	if (is != wanted)
		fail_msg("%s: %s: %d, not %d", row->name, what, is, wanted);
}

static void
run(const struct row *row)
{
	char paths[4][4] = { "a@x", "b@x", "c@x", "d@x" }, sender[] = "me@x";
	struct submit_options options = { .trace = -1 };
	char name[] = "mail.test";
	struct smarthost host = { .name = name };
	struct recipient to[4] = { { .path = paths[0] }, { .path = paths[1] },
		{ .path = paths[2] }, { .path = paths[3] } };
	struct envelope envelope = { .sender = sender, .to = to,
		.n = row->n };
	struct message m = {0};
	struct mail mail = { .envelope = &envelope, .message = &m,
		.after = row->after };
	struct password secret = { .origin = "from a test" };
	struct auth auth = {0};
	struct session s;
	struct account a;
	struct wire w;
	struct error err = {0};

	letter_take(&m, MESSAGE, sizeof(MESSAGE) - 1);
	prepare(&s, &a, &w, row);
	s.options = &options;
	s.smarthost = &host;
	buffer_add_string(&secret.text, "p");
	if (row->auth != NULL)
		assert_int_equal(auth_prepare(&auth, &s, &secret, &err), 0);
	check(row, "result", smtp_transaction(&s, &auth, &mail, &err),
	    row->result);
	check(row, "code", err.code, row->code);
	check(row, "outcome", (int)err.outcome, (int)row->outcome);
	if (row->text != NULL && strstr(err.text, row->text) == NULL)
		fail_msg("%s: %s: expected %s", row->name, err.text,
		    row->text);
	/* the server is not silent */
	if (strstr(err.hint, "auth_pipelining") != NULL)
		fail_msg("%s: hint: %s", row->name, err.hint);
	if (strcmp(buffer_string(&w.heard), row->heard) != 0)
		fail_msg("%s: heard %s", row->name, w.heard.data);
	check_recipients(row, to);
	check(row, "final", mail.final.code, row->final);
	check(row, "intact", s.intact, row->intact);
	check(row, "begun", mail.begun, row->begun);
	check(row, "answered", mail.times.answered != 0, mail.final.code != 0 &&
	    (strchr(row->heard, '.') != NULL ||
	    strstr(row->heard, "BDAT") != NULL));
	check(row, "mail->after", (int)mail.after, (int)row->after);
	auth_free(&auth);
	buffer_free(&w.line);
	buffer_free(&w.heard);
	buffer_free(&secret.text);
	session_close(&s);
	account_free(&a);
	message_free(&m);
}

#define M "MAIL FROM:<me@x>"
#define A "RCPT TO:<a@x>"
#define B "RCPT TO:<b@x>"
#define C "RCPT TO:<c@x>"
#define AUTH "AUTH PLAIN AHUAcA=="

static const struct row rows[] = {
	{ .name = "one flight", .offered = EXT_PIPELINING, .n = 1,
		.replies = "250 m\n250 a\n354 go\n250 ok\n221 bye\n",
		.heard = M " " A " DATA / . QUIT /", .final = 250, .begun = 1,
		.codes = "250" },
	{ .name = "step by step", .n = 2,
		.replies = "250 m\n250 a\n251 b\n354 go\n250 ok\n",
		.heard = M " / " A " / " B " / DATA / . /", .final = 250,
		.codes = "250 251", .intact = 1, .begun = 1 },
	{ .name = "another message follows", .offered = EXT_PIPELINING, .n = 1,
		.after = CONTENT_STAY,
		.replies = "250 m\n250 a\n354 go\n250 ok\n",
		.heard = M " " A " DATA / . /", .final = 250, .codes = "250",
		.intact = 1, .begun = 1 },
	{ .name = "by chunks", .offered = EXT_PIPELINING | EXT_CHUNKING, .n = 1,
		.replies = "250 m\n250 a\n250 ok\n221 bye\n",
		.heard = M " " A " / BDAT 20 LAST QUIT /", .final = 250,
		.codes = "250", .begun = 1 },
	{ .name = "refused sender", .offered = EXT_PIPELINING, .n = 1,
		.replies = "550 no\n503 a\n503 data\n",
		.heard = M " " A " DATA /", .result = -1,
		.code = EX_UNAVAILABLE, .text = "MAIL refused: 550 no",
		.codes = "0", .final = 550, .intact = 1 },
	{ .name = "one of two is refused", .offered = EXT_PIPELINING, .n = 2,
		.replies = "250 m\n250 a\n550 b\n503 data\n",
		.heard = M " " A " " B " DATA /", .result = -1,
		.code = EX_NOUSER, .text = "550 b", .codes = "0 550",
		.intact = 1, .begun = 1 },
	{ .name = "a 354 that is not answered", .offered = EXT_PIPELINING,
		.n = 2, .replies = "250 m\n250 a\n550 b\n354 go\n",
		.heard = M " " A " " B " DATA /", .result = -1,
		.code = EX_NOUSER, .text = "550 b", .codes = "0 550",
		.begun = 1 },
	{ .name = "partial delivery", .offered = EXT_PIPELINING, .n = 3,
		.partial = 1,
		.replies = "250 m\n250 a\n550 b\n451 c\n354 go\n250 ok\n"
		    "221 bye\n",
		.heard = M " " A " " B " " C " DATA / . QUIT /", .result = -1,
		.code = EX_UNAVAILABLE, .outcome = OUTCOME_PARTIAL,
		.text = "accepted for 1 of 3 recipients", .codes =
		    "250 550 451", .final = 250, .begun = 1 },
	{ .name = "partial delivery, all others refused for good",
		.offered = EXT_PIPELINING, .n = 2, .partial = 1,
		.replies = "250 m\n250 a\n550 b\n354 go\n250 ok\n221 bye\n",
		.heard = M " " A " " B " DATA / . QUIT /", .result = -1,
		.code = EX_NOUSER, .outcome = OUTCOME_PARTIAL,
		.text = "accepted for 1 of 2 recipients", .codes = "250 550",
		.final = 250, .begun = 1 },
	{ .name = "nobody is accepted", .offered = EXT_PIPELINING, .n = 2,
		.partial = 1, .after = CONTENT_STAY,
		.replies = "250 m\n550 a\n550 b\n554 none\n250 reset\n",
		.heard = M " " A " " B " DATA / RSET /", .result = -1,
		.code = EX_NOUSER, .text = "550 a", .codes = "550 550",
		.intact = 1, .begun = 1 },
	{ .name = "nobody is accepted, step by step", .n = 2, .partial = 1,
		.replies = "250 m\n550 a\n550 b\n",
		.heard = M " / " A " / " B " /", .result = -1,
		.code = EX_NOUSER, .text = "550 a", .codes = "550 550",
		.intact = 1, .begun = 1 },
	{ .name = "421 to RCPT", .offered = EXT_PIPELINING, .n = 2,
		.partial = 1, .replies = "250 m\n421 a\n",
		.heard = M " " A " " B " DATA /", .result = -1,
		.code = EX_TEMPFAIL, .text = "421 a", .codes = "421 0",
		.begun = 1 },
	{ .name = "nonsense to RCPT", .offered = EXT_PIPELINING, .n = 2,
		.partial = 1, .replies = "250 m\n354 a\n250 b\n354 go\n",
		.heard = M " " A " " B " DATA /", .result = -1,
		.code = EX_PROTOCOL, .text = "unexpected reply 354 to RCPT",
		.codes = "354 0", .begun = 1 },
	{ .name = "nonsense to MAIL", .offered = EXT_PIPELINING, .n = 1,
		.replies = "354 m\n250 a\n", .heard = M " " A " DATA /",
		.result = -1, .code = EX_PROTOCOL,
		.text = "unexpected reply 354 to MAIL", .codes = "0" },
	{ .name = "250 to DATA", .n = 1, .replies = "250 m\n250 a\n250 data\n",
		.heard = M " / " A " / DATA /", .result = -1,
		.code = EX_PROTOCOL, .text = "unexpected reply 250 to DATA",
		.codes = "0", .begun = 1 },
	{ .name = "DATA refused", .n = 2, .after = CONTENT_STAY,
		.replies = "250 m\n250 a\n250 b\n451 data\n250 reset\n",
		.heard = M " / " A " / " B " / DATA / RSET /", .result = -1,
		.code = EX_TEMPFAIL, .text = "DATA refused: 451 data",
		.codes = "0 0", .final = 451, .intact = 1, .begun = 1 },
	{ .name = "RSET refused", .n = 1, .after = CONTENT_STAY,
		.replies = "250 m\n250 a\n451 data\n550 reset\n",
		.heard = M " / " A " / DATA / RSET /", .result = -1,
		.code = EX_TEMPFAIL, .text = "DATA refused: 451 data",
		.codes = "0", .final = 451, .begun = 1 },
	{ .name = "the server hangs up", .offered = EXT_PIPELINING, .n = 1,
		.replies = "250 m\n", .heard = M " " A " DATA /", .result = -1,
		.code = EX_TEMPFAIL, .text = "closed", .codes = "0",
		.begun = 1 },
	{ .name = "the server hangs up after a refusal",
		.offered = EXT_PIPELINING, .n = 2,
		.replies = "250 m\n550 a\n", .heard = M " " A " " B " DATA /",
		.result = -1, .code = EX_NOUSER, .text = "550 a",
		.codes = "550 0", .begun = 1 },
	{ .name = "RCPTMAX", .offered = EXT_PIPELINING, .n = 3, .partial = 1,
		.rcpt_max = 2,
		.replies = "250 m\n250 a\n250 b\n354 go\n250 ok\n"
		    "250 m\n250 c\n354 go\n250 ok\n221 bye\n",
		.heard = M " " A " " B " DATA / . / " M " " C " DATA / . "
		    "QUIT /",
		.codes = "250 250 250", .final = 250, .begun = 1 },
	{ .name = "RCPTMAX as large as it must be", .offered = EXT_PIPELINING,
		.n = 2, .rcpt_max = 2,
		.replies = "250 m\n250 a\n250 b\n354 go\n250 ok\n221 bye\n",
		.heard = M " " A " " B " DATA / . QUIT /",
		.codes = "250 250", .final = 250, .begun = 1 },
	{ .name = "RCPTMAX without partial delivery", .n = 2, .rcpt_max = 1,
		.replies = "", .heard = "", .result = -1,
		.code = EX_UNAVAILABLE, .text = "at most 1 recipients, this "
		    "message has 2", .codes = "0 0", .intact = 1 },
	{ .name = "MAILMAX", .offered = EXT_PIPELINING, .n = 2, .partial = 1,
		.rcpt_max = 1, .mail_max = 1,
		.replies = "250 m\n250 a\n354 go\n250 ok\n",
		.heard = M " " A " DATA / . /", .result = -1,
		.code = EX_UNAVAILABLE, .outcome = OUTCOME_PARTIAL,
		.text = "accepted for 1 of 2", .codes = "250 452",
		.final = 250, .intact = 1, .begun = 1 },
	{ .name = "too many recipients", .offered = EXT_PIPELINING, .n = 3,
		.partial = 1,
		.replies = "250 m\n250 a\n452 b\n452 4.5.3 c\n354 go\n250 ok\n"
		    "250 m\n250 b\n250 c\n354 go\n250 ok\n221 bye\n",
		.heard = M " " A " " B " " C " DATA / . / " M " " B " " C
		    " DATA / . QUIT /",
		.codes = "250 250 250", .final = 250, .begun = 1 },
	{ .name = "too many recipients, of all", .offered = EXT_PIPELINING,
		.n = 2, .partial = 1,
		.replies = "250 m\n452 a\n452 b\n554 none\n",
		.heard = M " " A " " B " DATA /", .result = -1,
		.code = EX_TEMPFAIL, .text = "452 a", .codes = "452 452",
		.intact = 1, .begun = 1 },
	{ .name = "a full mailbox is not too many", .offered = EXT_PIPELINING,
		.n = 2, .partial = 1,
		.replies = "250 m\n250 a\n452 4.2.2 b\n354 go\n250 ok\n",
		.heard = M " " A " " B " DATA / . QUIT /", .result = -1,
		.code = EX_UNAVAILABLE, .outcome = OUTCOME_PARTIAL,
		.text = "accepted for 1 of 2", .codes = "250 452",
		.final = 250, .begun = 1 },
	{ .name = "the message is refused", .offered = EXT_PIPELINING, .n = 2,
		.partial = 1,
		.replies = "250 m\n250 a\n550 b\n354 go\n554 spam\n",
		.heard = M " " A " " B " DATA / . QUIT /", .result = -1,
		.code = EX_UNAVAILABLE, .text = "554 spam",
		.codes = "554 550", .final = 554, .begun = 1 },
	{ .name = "the second message is refused", .offered = EXT_PIPELINING,
		.n = 2, .partial = 1, .rcpt_max = 1,
		.replies = "250 m\n250 a\n354 go\n250 ok\n"
		    "250 m\n250 b\n354 go\n554 spam\n",
		.heard = M " " A " DATA / . / " M " " B " DATA / . QUIT /",
		.result = -1, .code = EX_UNAVAILABLE,
		.outcome = OUTCOME_PARTIAL, .text = "accepted for 1 of 2",
		.codes = "250 554", .final = 554, .begun = 1 },
};

static const struct row with_auth[] = {
	{ .name = "AUTH in the flight", .offered = EXT_PIPELINING | EXT_AUTH,
		.n = 1, .auth = "plain",
		.replies = "235 in\n250 m\n250 a\n354 go\n250 ok\n221 bye\n",
		.heard = AUTH " " M " " A " DATA / . QUIT /", .codes = "250",
		.final = 250, .begun = 1 },
	{ .name = "AUTH without pipelining", .offered = EXT_AUTH, .n = 1,
		.auth = "plain",
		.replies = "235 in\n250 m\n250 a\n354 go\n250 ok\n",
		.heard = AUTH " / " M " / " A " / DATA / . /", .codes = "250",
		.final = 250, .intact = 1, .begun = 1 },
	{ .name = "AUTH refused", .offered = EXT_PIPELINING | EXT_AUTH, .n = 1,
		.auth = "plain",
		.replies = "535 bad\n530 m\n503 a\n503 data\n",
		.heard = AUTH " " M " " A " DATA /", .result = -1,
		.code = EX_NOPERM, .text = "535 bad", .codes = "0",
		.intact = 1 },
	{ .name = "AUTH refused, the rest accepted",
		.offered = EXT_PIPELINING | EXT_AUTH, .n = 1, .auth = "plain",
		.replies = "535 bad\n250 m\n250 a\n354 go\n",
		.heard = AUTH " " M " " A " DATA /", .result = -1,
		.code = EX_NOPERM, .text = "535 bad", .codes = "0",
		.begun = 1 },
	{ .name = "another mechanism", .offered = EXT_PIPELINING | EXT_AUTH,
		.n = 1, .auth = "on",
		.replies = "501 bad\n250 m\n250 a\n503 data\n250 reset\n"
		    "334 VXNlcm5hbWU6\n334 UGFzc3dvcmQ6\n235 in\n"
		    "250 m\n250 a\n354 go\n250 ok\n",
		.heard = AUTH " " M " " A " DATA / RSET / AUTH LOGIN / dQ== / "
		    "cA== / " M " / " A " / DATA / . QUIT /",
		.codes = "250", .final = 250, .begun = 1 },
	{ .name = "MAIL ahead of AUTH's reply", .n = 1, .auth = "plain",
		.offered = EXT_PIPELINING | EXT_AUTH,
		.replies = "235 in\n503 m\n503 a\n503 data\n"
		    "250 m\n250 a\n354 go\n250 ok\n",
		.heard = AUTH " " M " " A " DATA / " M " / " A " / DATA / . "
		    "QUIT /",
		.codes = "250", .final = 250, .begun = 1 },
	{ .name = "MAIL ahead of AUTH's reply, then no recipient", .n = 1,
		.auth = "plain", .offered = EXT_PIPELINING | EXT_AUTH,
		.replies = "235 in\n503 m\n503 a\n503 data\n250 m\n550 a\n",
		.heard = AUTH " " M " " A " DATA / " M " / " A " /",
		.result = -1, .code = EX_NOUSER, .text = "550 a",
		.codes = "550", .intact = 1, .begun = 1 },
	{ .name = "MAIL refused by 550 is not repeated", .n = 1,
		.auth = "plain", .offered = EXT_PIPELINING | EXT_AUTH,
		.replies = "235 in\n550 m\n503 a\n503 data\n",
		.heard = AUTH " " M " " A " DATA /", .result = -1,
		.code = EX_UNAVAILABLE, .text = "550 m", .codes = "0",
		.final = 550, .intact = 1 },
	{ .name = "RCPT refused is not repeated", .n = 1,
		.auth = "plain", .offered = EXT_PIPELINING | EXT_AUTH,
		.replies = "235 in\n250 m\n503 a\n503 data\n",
		.heard = AUTH " " M " " A " DATA /", .result = -1,
		.code = EX_NOUSER, .text = "503 a", .codes = "503",
		.intact = 1, .begun = 1 },
	{ .name = "MAIL is not repeated after 421", .n = 1,
		.auth = "plain", .offered = EXT_PIPELINING | EXT_AUTH,
		.replies = "235 in\n503 m\n421 a\n",
		.heard = AUTH " " M " " A " DATA /", .result = -1,
		.code = EX_UNAVAILABLE, .text = "503 m", .codes = "0",
		.final = 503 },
	{ .name = "MAIL is not repeated after 354", .n = 1,
		.auth = "plain", .offered = EXT_PIPELINING | EXT_AUTH,
		.replies = "235 in\n503 m\n503 a\n354 go\n",
		.heard = AUTH " " M " " A " DATA /", .result = -1,
		.code = EX_UNAVAILABLE, .text = "503 m", .codes = "0",
		.final = 503 },
};

static void
each_row_is_a_transaction(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
}

static void
auth_may_share_the_first_flight(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(with_auth) / sizeof(with_auth[0]); i++)
		run(&with_auth[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_a_transaction),
		cmocka_unit_test(auth_may_share_the_first_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
