/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/smtp_server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "config/load.h"
#include "config/local_host.h"
#include "net/stdio.h"
#include "outbox/background.h"
#include "outbox/enqueue.h"
#include "outbox/notify.h"
#include "report/stderr.h"
#include "server/mail_rcpt.h"
#include "server/smtp_client.h"
#include "smtp/reuse.h"

/* RFC 5321 4.5.3.1.4, and the parameters of RFC 3461. */
#define COMMAND_MAX ((size_t)4096)

/* Octets at the end of a command line that is too long that are looked at. */
#define LINE_END 16

/* Octets of a content line that are read at a time. */
#define PART_MAX ((size_t)64 << 10)

/* RFC 5321 4.5.3.2.7 requires five minutes at least; workers that keep their
 * sendmail open are idle for longer. */
#define IDLE_SECONDS 3600

/* Octets of a reply line with its CRLF, RFC 5321 4.5.3.1.5. */
#define REPLY_MAX 512

struct smtp_server {
	const struct smtp_server_options *options;
	struct stream client;
	struct reused_session delivery;
	struct mail_rcpt transaction;
	struct smtp_client user;
	char *name;             /* this host's, for the greeting */
	int greeted;            /* HELO or EHLO was received */
	int speaks_crlf;        /* a command line ended in CRLF */
	int refused_data;       /* the next line may be content */
	int ended;              /* QUIT was received */
};

/* The outcome of one message. */
struct delivery_result {
	struct submission facts;
	struct error result;
	struct reply refusal; /* of a recipient; code 0 if none was refused */
};

/*
 * Sends one reply line, cut to what fits. Clients look for the blank after the
 * code: without it Symfony waits for more. Control characters become blanks:
 * the errors of a config file are several lines.
 */
static int __attribute__((format(printf, 3, 4)))
reply(struct smtp_server *r, struct error *err, const char *format, ...)
{
	char line[REPLY_MAX + 1];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 2, format, args);
	va_end(args);
	if (n < 0)
		return fail(err, EX_SOFTWARE, "bad reply format");
	if (n > REPLY_MAX - 2)
		n = REPLY_MAX - 2;
	for (int i = 0; i < n; i++)
		if (ascii_is_control(line[i]))
			line[i] = ' ';
	memcpy(line + n, "\r\n", 2);
	stream_step(&r->client, IDLE_SECONDS, "the client to read a reply");
	if (stream_write(&r->client, line, (size_t)n + 2, err) != 0)
		return -1;
	return stream_flush(&r->client, err);
}

static int
say_helo(struct smtp_server *r, const char *argument, struct error *err)
{
	(void)argument;
	mail_rcpt_free(&r->transaction);
	r->greeted = 1;
	return reply(r, err, "250 %s", r->name);
}

static int
say_ehlo(struct smtp_server *r, const char *argument, struct error *err)
{
	static const char *const offers[] = { "PIPELINING", "SIZE",
		"8BITMIME", "SMTPUTF8", "DSN" };

	(void)argument;
	mail_rcpt_free(&r->transaction);
	r->greeted = 1;
	if (reply(r, err, "250-%s", r->name) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
		if (reply(r, err, "250-%s", offers[i]) != 0)
			return -1;
	return reply(r, err, "250 ENHANCEDSTATUSCODES");
}

static int
say_mail(struct smtp_server *r, const char *argument, struct error *err)
{
	if (!r->greeted)
		return reply(r, err, "503 5.5.1 Need HELO or EHLO first");
	return reply(r, err, "%s", mail_rcpt_mail(&r->transaction, argument));
}

static int
say_rcpt(struct smtp_server *r, const char *argument, struct error *err)
{
	return reply(r, err, "%s", mail_rcpt_rcpt(&r->transaction, argument));
}

static int
say_rset(struct smtp_server *r, const char *argument, struct error *err)
{
	(void)argument;
	mail_rcpt_free(&r->transaction);
	return reply(r, err, "250 2.0.0 Ok");
}

static int
say_noop(struct smtp_server *r, const char *argument, struct error *err)
{
	(void)argument;
	return reply(r, err, "250 2.0.0 Ok");
}

static int
say_vrfy(struct smtp_server *r, const char *argument, struct error *err)
{
	(void)argument;
	return reply(r, err, "252 2.1.5 Cannot VRFY user, but will attempt "
	    "delivery");
}

static int
say_quit(struct smtp_server *r, const char *argument, struct error *err)
{
	(void)argument;
	r->ended = 1;
	return reply(r, err, "221 2.0.0 Bye");
}

/*
 * Reads the content into the spool, dots unstuffed, until a line "." with the
 * line end of the client's commands. A client that speaks CRLF stuffs dots
 * after CRLF only: after a bare LF they are text, or a message could hold the
 * end of itself and commands after it. Returns -1 at the end of input; a full
 * disk is set in result once all has been read.
 */
static int
read_content(struct smtp_server *r, struct spool *spool, struct error *result,
    struct error *err)
{
	int line_begins = 1, whole = 1, has_cr = 0;
	const char *part;
	size_t len;

	for (;;) {
		stream_step(&r->client, IDLE_SECONDS, "the message");
		if (stream_read_part(&r->client, PART_MAX, &part, &len,
		    &whole, err) != 0)
			return -1;
		/* The CR may have ended the part before. */
		has_cr = whole &&
		    (part[len] == '\r' || (len == 0 && has_cr));
		if (line_begins && len > 0 && part[0] == '.') {
			if (len == 1 && whole && has_cr == r->speaks_crlf)
				return 0;
			part++;
			len--;
		}
		if (result->code == 0 &&
		    spool_add(spool, part, len, result) == 0 && whole)
			(void)spool_add(spool, "\n", 1, result);
		line_begins = whole && (has_cr || !r->speaks_crlf);
		has_cr = !whole && len > 0 && part[len - 1] == '\r';
	}
}

/* Returns the code for an error that is not a reply of the smarthost. */
static const char *
code_for(const struct error *result)
{
	/* a retry would send duplicates */
	if (result->outcome == OUTCOME_PARTIAL ||
	    result->code == EX_UNAVAILABLE)
		return "554 5.0.0";
	if (result->outcome == OUTCOME_UNKNOWN)
		return "451 4.4.2";
	switch (result->code) {
	case EX_TEMPFAIL:
	case EX_PROTOCOL:
	case EX_NOHOST:
	case EX_OSERR:
	case EX_IOERR:
		return "451 4.3.0";
	case EX_CONFIG:
	case EX_NOPERM:
		return "451 4.3.5";
	case EX_NOUSER:
		return "550 5.1.1";
	default:
		return "554 5.0.0";
	}
}

/* Returns whether the client can get this refusal unchanged. 421 would say that
 * this server closes, 3yz that it waits for something. */
static int
is_refusal(const struct reply *r)
{
	return (reply_class(r) == 4 || reply_class(r) == 5) && r->code != 421;
}

/* Sends the reply to the end of the content. */
static int
answer(struct smtp_server *r, const struct delivery_result *v,
    struct error *err)
{
	const struct reply *final = &v->facts.final;

	/* Symfony reads the queue ID from the smarthost's words. */
	if (v->result.outcome == OUTCOME_QUEUED)
		return reply(r, err, "250 2.0.0 Ok: %s", v->result.text);
	if (v->result.code == 0 && reply_class(final) == 2)
		return reply(r, err, "%03d %s", final->code,
		    final->text + strnlen(final->text, 4));
	if (v->result.code == 0)
		return reply(r, err, "250 2.0.0 Ok");
	if (v->result.outcome != OUTCOME_NOT_SENT)
		return reply(r, err, "%s %s", code_for(&v->result),
		    v->result.text);
	if (is_refusal(final))
		return reply(r, err, "%03d %s", final->code,
		    final->text + strnlen(final->text, 4));
	if (is_refusal(&v->refusal))
		return reply(r, err, "%03d %s%s%s", v->refusal.code,
		    v->refusal.dsn, v->refusal.dsn[0] != '\0' ? " " : "",
		    v->result.text);
	return reply(r, err, "%s %s", code_for(&v->result), v->result.text);
}

/* Returns whether the client may send this; if not, the result says why. */
static int
is_allowed(const struct smtp_server *r, const struct attempt *a,
    struct delivery_result *v)
{
	if (smtp_client_check(&r->user, a->account, a->envelope->sender,
	    a->message, &v->result) == 0)
		return 1;
	if (v->result.code == EX_UNAVAILABLE)
		v->refusal = (struct reply){ .code = 550, .dsn = "5.7.1" };
	return 0;
}

/* Sends the message, at once or in the background, or puts it in the outbox. */
static void
send_or_enqueue(struct smtp_server *r, const struct attempt *a,
    struct envelope *e, struct delivery_result *v)
{
	const struct selection *selection = r->options->selection;
	int result;

	if (background_send(a, selection, &v->result))
		return;
	result = reuse_send(&r->delivery, a->account, e, a->message,
	    &v->result);
	v->facts = r->delivery.submitter.facts;
	if (result != 0)
		enqueue_message(a, selection, &v->result);
}

/* The address that MAIL had as AUTH=; that of nobody instead of one that is not
 * the client's (RFC 4954 5). */
static const char *
submitter_of(const struct smtp_server *r, const struct account *a,
    const struct request *request)
{
	const char *given = request->submitter;

	return given == NULL || smtp_client_may_name(&r->user, a, given)
	    ? given : "<>";
}

/* Does what main does for one message: account, envelope, submission,
 * report. Only reports if the result is an error already. */
static void
submit_message_of(struct smtp_server *r, struct message *message,
    struct delivery_result *v)
{
	const struct selection *selection = r->options->selection;
	struct request request = *r->options->request;
	struct account account = {0};
	struct envelope envelope = {0};
	struct attempt attempt = { .account = &account,
		.envelope = &envelope, .message = message,
		.facts = &v->facts, .result = &v->result,
		.client = r->user.label };
	const struct reply *refusal;
	int64_t started = deadline_now();

	mail_rcpt_apply(&r->transaction, &request);
	if (v->result.code == 0 &&
	    config_load(&account, selection, request.sender, message,
	    &v->result) != 0) {
		/* the error may be in what another user may do */
		if (!r->user.known || r->user.uid == geteuid())
			enqueue_unconfigured(&account, &envelope, &request,
			    message, selection, &v->result);
	} else if (v->result.code == 0) {
		request.submitter = submitter_of(r, &account, &request);
		if (envelope_make(&envelope, &request, &account, message,
		    &v->result) == 0 && is_allowed(r, &attempt, v))
			send_or_enqueue(r, &attempt, &envelope, v);
	}
	selection_hide_file(selection, &v->result);
	refusal = envelope_refusal(&envelope);
	if (refusal != NULL)
		v->refusal = *refusal;
	v->facts.started = started;
	v->facts.ended = deadline_now();
	attempt.code = v->result.code;
	if (account.name != NULL)
		notify_log(&attempt);
	else
		config_load_log(&account, selection);
	report_attempt(r->options->errors, &attempt);
	envelope_free(&envelope);
	account_free(&account);
}

static int
say_data(struct smtp_server *r, const char *argument, struct error *err)
{
	struct delivery_result v = {0};
	struct spool content = {0};
	struct message message = {0};
	int read;

	(void)argument;
	r->refused_data = r->transaction.n == 0;
	if (r->transaction.sender == NULL)
		return reply(r, err, "503 5.5.1 Need MAIL command");
	if (r->transaction.n == 0)
		return reply(r, err, "554 5.5.1 No valid recipients");
	if (reply(r, err, "354 End data with <CR><LF>.<CR><LF>") != 0)
		return -1;
	read = read_content(r, &content, &v.result, err);
	if (read != 0 || v.result.code != 0)
		spool_free(&content);
	else
		(void)message_take(&message, &content, &v.result);
	if (read == 0)
		submit_message_of(r, &message, &v);
	message_free(&message);
	mail_rcpt_free(&r->transaction);
	return read != 0 ? -1 : answer(r, &v, err);
}

static const struct verb {
	const char *name;
	int (*say)(struct smtp_server *r, const char *argument,
	    struct error *err);
} verbs[] = {
	{ "HELO", say_helo },
	{ "EHLO", say_ehlo },
	{ "MAIL", say_mail },
	{ "RCPT", say_rcpt },
	{ "DATA", say_data },
	{ "RSET", say_rset },
	{ "NOOP", say_noop },
	{ "VERB", say_noop },
	{ "VRFY", say_vrfy },
	{ "QUIT", say_quit },
};

static int
obey(struct smtp_server *r, const char *line, size_t len, struct error *err)
{
	char *command = xstrndup(line, len);
	size_t n = strcspn(command, " \t"), i = 0;
	const size_t nverbs = sizeof(verbs) / sizeof(verbs[0]);
	const char *argument = command + n + strspn(command + n, " \t");
	int refused_data = r->refused_data, result;

	while (i < nverbs && !ascii_equal_n(command, n, verbs[i].name))
		i++;
	r->refused_data = 0;
	if (i < nverbs) {
		result = verbs[i].say(r, argument, err);
	} else if (refused_data) {
		/* The client did not wait for 354: this is content, and must
		 * not be read as commands. */
		r->ended = 1;
		result = reply(r, err, "421 4.5.0 Content after refused DATA, "
		    "closing connection");
	} else {
		result = reply(r, err, "502 5.5.2 Command not recognized");
	}
	free(command);
	return result;
}

/* Returns whether the text ends as the request line of HTTP/1 (RFC 9112 3). */
static int
is_http_request(const char *text, size_t len)
{
	while (len > 0 &&
	    (ascii_is_blank(text[len - 1]) || text[len - 1] == '\r'))
		len--;
	if (len < sizeof(" HTTP/1.1") - 1)
		return 0;
	text += len - (sizeof(" HTTP/1.1") - 1);
	return ascii_equal_n(text, 6, " HTTP/") && ascii_is_digit(text[6]) &&
	    text[7] == '.' && ascii_is_digit(text[8]);
}

/* Ends the session: the page that made a browser send the request could have
 * put commands into it. */
static int
refuse_http(struct smtp_server *r, struct error *err)
{
	r->ended = 1;
	return reply(r, err, "421 4.7.0 This is not an HTTP server, closing "
	    "connection");
}

/* Replaces the last octets of a line by those that its next part leaves. */
static void
keep_end(char end[LINE_END], const char *part, size_t len)
{
	size_t n = len < LINE_END ? len : LINE_END;

	memmove(end, end + n, LINE_END - n);
	memcpy(end + LINE_END - n, part + len - n, n);
}

/* Reads the rest of a line that is too long, and replies. */
static int
skip_line(struct smtp_server *r, const char *part, size_t len, int whole,
    struct error *err)
{
	char end[LINE_END] = "";

	keep_end(end, part, len);
	while (!whole) {
		if (stream_read_part(&r->client, COMMAND_MAX, &part, &len,
		    &whole, err) != 0)
			return -1;
		keep_end(end, part, len);
	}
	if (is_http_request(end, sizeof(end)))
		return refuse_http(r, err);
	return reply(r, err, "500 5.5.2 Line too long");
}

/* Reads one command line and replies. */
static int
serve_command(struct smtp_server *r, struct error *err)
{
	const char *line;
	size_t len;
	int whole;

	stream_step(&r->client, IDLE_SECONDS, "a command");
	if (stream_read_part(&r->client, COMMAND_MAX, &line, &len, &whole,
	    err) != 0)
		return -1;
	if (!whole || len > COMMAND_MAX)
		return skip_line(r, line, len, whole, err);
	r->speaks_crlf |= line[len] == '\r';
	if (is_http_request(line, len))
		return refuse_http(r, err);
	if (memchr(line, '\0', len) != NULL)
		return reply(r, err, "500 5.5.2 NUL in a command");
	return obey(r, line, len, err);
}

static int
serve(struct smtp_server *r, struct error *err)
{
	if (reply(r, err, "220 %s ESMTP onehop", r->name) != 0)
		return -1;
	while (!r->ended)
		if (serve_command(r, err) != 0)
			return -1;
	return 0;
}

int
smtp_server_run(const struct smtp_server_options *options, struct error *err)
{
	struct smtp_server r = { .options = options };
	int result;

	if (options->input < 0)
		return fail(err, EX_NOINPUT, "standard input is closed: "
		    "there is no client");
	r.delivery.options.trace = options->trace;
	smtp_client_find(&r.user, options->input);
	signals_hold();
	r.name = local_host_name();
	if (r.name == NULL)
		r.name = xstrdup("localhost");
	stream_open(&r.client, stdio_transport(options->input, options->output,
	    IDLE_SECONDS), DEADLINE_NONE, -1);
	result = serve(&r, err);
	if (result != 0 && r.client.ended && err->signal == 0) {
		/* The end of input without QUIT is not an error. */
		memset(err, 0, sizeof(*err));
		result = 0;
	}
	reuse_close(&r.delivery);
	mail_rcpt_free(&r.transaction);
	free(r.name);
	stream_close(&r.client);
	return result;
}
