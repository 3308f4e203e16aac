/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "choice.h"
#include "delivery.h"
#include "identity.h"
#include "log.h"
#include "memory.h"
#include "stdio_transport.h"
#include "wait.h"

/* RFC 5321 4.5.3.1.4 and what DSN adds. */
#define COMMAND_MAX ((size_t)4096)

/* A line of content; it is re-encoded or refused later, with a reason. */
#define TEXT_MAX ((size_t)16 << 20)

/* RFC 5321 4.5.3.2.7 has a server wait for five minutes, but workers that
 * keep their sendmail open are idle for longer. */
#define IDLE_SECONDS 3600

struct relay {
	const struct invocation *inv; /* as we were called */
	struct stream client;
	struct delivery delivery;
	struct invocation order;      /* the transaction: sender, recipients */
	char **recipients;            /* owned; order borrows them */
	size_t size;                  /* of recipients */
	char *sender;                 /* owned; NULL before MAIL */
	char *name;                   /* this machine, for the greeting */
	int greeted;                  /* HELO or EHLO has been said */
	int ended;                    /* QUIT has been said */
};

/* One line of a reply; every last line has a blank behind its code, for
 * which Symfony waits. */
static int __attribute__((format(printf, 3, 4)))
reply(struct relay *r, struct error *err, const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 2, format, args);
	va_end(args);
	if (n < 0)
		return fail(err, EX_SOFTWARE, "bad reply format");
	if ((size_t)n > sizeof(line) - 3)
		n = (int)sizeof(line) - 3;
	memcpy(line + n, "\r\n", 2);
	if (stream_write(&r->client, line, (size_t)n + 2, err) != 0)
		return -1;
	return stream_flush(&r->client, err);
}

static void
reset(struct relay *r)
{
	for (size_t i = 0; i < r->order.nrecipients; i++)
		free(r->recipients[i]);
	free(r->sender);
	r->sender = NULL;
	r->order = *r->inv;
	r->order.nrecipients = 0;
	r->order.recipients = r->recipients;
	r->order.read_recipients = 0;
}

static int
say_helo(struct relay *r, const char *argument, struct error *err)
{
	(void)argument;
	reset(r);
	r->greeted = 1;
	return reply(r, err, "250 %s", r->name);
}

static int
say_ehlo(struct relay *r, const char *argument, struct error *err)
{
	(void)argument;
	reset(r);
	r->greeted = 1;
	return reply(r, err, "250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES", r->name);
}

/*
 * The path behind "FROM:" or "TO:" without its <>, and what follows it.
 * Blanks after the colon and a missing <> are forgiven. Owned, or NULL.
 */
static char *
read_path(const char *argument, const char *keyword, const char **rest)
{
	const char *end;
	int quoted = 0;

	if (!ascii_begins(argument, keyword))
		return NULL;
	argument += strlen(keyword);
	while (ascii_is_blank(*argument))
		argument++;
	if (*argument != '<') {
		end = argument + strcspn(argument, " \t");
		*rest = end;
		return end > argument ? xstrndup(argument,
		    (size_t)(end - argument)) : NULL;
	}
	for (end = ++argument; *end != '\0'; end++) {
		if (*end == '\\' && end[1] != '\0')
			end++;
		else if (*end == '"')
			quoted = !quoted;
		else if (*end == '>' && !quoted)
			break;
	}
	if (*end != '>')
		return NULL;
	*rest = end + 1;
	return xstrndup(argument, (size_t)(end - argument));
}

static int
say_mail(struct relay *r, const char *argument, struct error *err)
{
	const char *rest;

	if (!r->greeted)
		return reply(r, err, "503 5.5.1 Say HELO first");
	if (r->sender != NULL)
		return reply(r, err, "503 5.5.1 Sender already given");
	r->sender = read_path(argument, "FROM:", &rest);
	if (r->sender == NULL)
		return reply(r, err, "501 5.5.4 Expected MAIL FROM:<address>");
	/* -f is the word of whoever set up the caller */
	if (r->order.sender == NULL)
		r->order.sender = r->sender;
	return reply(r, err, "250 2.1.0 Ok");
}

static void
add_recipient(struct relay *r, char *path)
{
	if (r->order.nrecipients == r->size) {
		r->size = r->size > 0 ? 2 * r->size : 16;
		r->recipients = xreallocarray(r->recipients, r->size,
		    sizeof(r->recipients[0]));
		r->order.recipients = r->recipients;
	}
	r->recipients[r->order.nrecipients++] = path;
}

static int
say_rcpt(struct relay *r, const char *argument, struct error *err)
{
	const char *rest;
	char *path;

	if (r->sender == NULL)
		return reply(r, err, "503 5.5.1 Say MAIL first");
	path = read_path(argument, "TO:", &rest);
	if (path == NULL || path[0] == '\0') {
		free(path);
		return reply(r, err, "501 5.5.4 Expected RCPT TO:<address>");
	}
	add_recipient(r, path);
	return reply(r, err, "250 2.1.5 Ok");
}

static int
say_rset(struct relay *r, const char *argument, struct error *err)
{
	(void)argument;
	reset(r);
	return reply(r, err, "250 2.0.0 Ok");
}

static int
say_noop(struct relay *r, const char *argument, struct error *err)
{
	(void)argument;
	return reply(r, err, "250 2.0.0 Ok");
}

static int
say_vrfy(struct relay *r, const char *argument, struct error *err)
{
	(void)argument;
	return reply(r, err, "252 2.1.5 Send some mail, the smarthost knows");
}

static int
say_quit(struct relay *r, const char *argument, struct error *err)
{
	(void)argument;
	r->ended = 1;
	return reply(r, err, "221 2.0.0 Bye");
}

/* Takes the content up to the lone dot into the spool, dots unstuffed. */
static int
read_content(struct relay *r, struct spool *spool, struct error *err)
{
	const char *line;
	size_t len;

	for (;;) {
		stream_step(&r->client, IDLE_SECONDS, "the message");
		if (stream_read_line(&r->client, TEXT_MAX, &line, &len,
		    err) != 0)
			return -1;
		if (len == 1 && line[0] == '.')
			return 0;
		if (len > 0 && line[0] == '.') {
			line++;
			len--;
		}
		if (spool_add(spool, line, len, err) != 0 ||
		    spool_add(spool, "\n", 1, err) != 0)
			return -1;
	}
}

/* The reply that tells the caller what became of its message. */
static int
answer(struct relay *r, const struct submission *facts,
    const struct error *result, struct error *err)
{
	const struct reply *final = &facts->final;

	if (final->code >= 200 && (result->code == 0 ||
	    reply_class(final) == 4 || reply_class(final) == 5))
		return reply(r, err, "%s%s", final->text,
		    strlen(final->text) == 3 ? " " : "");
	switch (result->code) {
	case 0:
		return reply(r, err, "250 2.0.0 Ok");
	case EX_NOUSER:
		return reply(r, err, "550 5.1.1 %s", result->text);
	case EX_TEMPFAIL:
	case EX_PROTOCOL:
	case EX_NOHOST:
	case EX_OSERR:
	case EX_IOERR:
		return reply(r, err, "451 4.3.0 %s", result->text);
	case EX_CONFIG:
	case EX_NOPERM:
		return reply(r, err, "451 4.3.5 %s", result->text);
	default:
		return reply(r, err, "554 5.0.0 %s", result->text);
	}
}

/* Account, envelope, submission, record: what main does for one message. */
static void
submit_order(struct relay *r, struct spool *content,
    struct submission *facts, struct error *result)
{
	struct account account = {0};
	struct envelope envelope = {0};
	struct message message;
	struct log_entry entry = { &account, &envelope, &message, facts,
	    result };
	struct error warning = {0};

	if (message_take(&message, content, result) != 0)
		return;
	if (config_load(&account, &r->order, &message, result) == 0 &&
	    envelope_make(&envelope, &r->order, &account, &message,
	    result) == 0) {
		(void)delivery_send(&r->delivery, &account, &envelope,
		    &message, result);
		*facts = r->delivery.submitter.facts;
	}
	if (account.name != NULL)
		(void)log_write(&entry, &warning);
	envelope_free(&envelope);
	account_free(&account);
	message_free(&message);
}

static int
say_data(struct relay *r, const char *argument, struct error *err)
{
	struct submission facts = {0};
	struct error result = {0};
	struct spool content = {0};
	int sent;

	(void)argument;
	if (r->sender == NULL)
		return reply(r, err, "503 5.5.1 Say MAIL first");
	if (r->order.nrecipients == 0)
		return reply(r, err, "554 5.5.1 No valid recipients");
	if (reply(r, err, "354 End data with <CR><LF>.<CR><LF>") != 0)
		return -1;
	if (read_content(r, &content, err) != 0) {
		spool_free(&content);
		return -1; /* unfinished: nobody gets it */
	}
	submit_order(r, &content, &facts, &result);
	spool_free(&content);
	sent = answer(r, &facts, &result, err);
	reset(r);
	return sent;
}

static const struct verb {
	const char *name;
	int (*say)(struct relay *r, const char *argument, struct error *err);
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
obey(struct relay *r, const char *line, size_t len, struct error *err)
{
	char *command = xstrndup(line, len);
	size_t n = strcspn(command, " \t");
	const char *argument = command + n;
	int result = -2;

	while (ascii_is_blank(*argument))
		argument++;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (ascii_equal_n(command, n, verbs[i].name))
			result = verbs[i].say(r, argument, err);
	if (result == -2)
		result = reply(r, err, "502 5.5.2 Command not recognized");
	free(command);
	return result;
}

static int
serve(struct relay *r, struct error *err)
{
	const char *line;
	size_t len;

	if (reply(r, err, "220 %s ESMTP onehop", r->name) != 0)
		return -1;
	while (!r->ended) {
		stream_step(&r->client, IDLE_SECONDS, "a command");
		if (stream_read_line(&r->client, COMMAND_MAX, &line, &len,
		    err) != 0)
			return -1;
		if (memchr(line, '\0', len) != NULL) {
			if (reply(r, err, "501 5.5.2 NUL in command") != 0)
				return -1;
			continue;
		}
		if (obey(r, line, len, err) != 0)
			return -1;
	}
	return 0;
}

int
relay_serve(const struct invocation *inv, int input, int output,
    struct error *err)
{
	struct relay r = { .inv = inv, .order = *inv };
	int result;

	r.delivery.trace = -1;
	r.name = identity_host();
	if (r.name == NULL)
		r.name = xstrdup("localhost");
	stream_open(&r.client, stdio_transport(input, output), DEADLINE_NONE,
	    -1);
	result = serve(&r, err);
	if (result != 0 && r.client.ended && err->signal == 0) {
		/* the end of input without QUIT: what is done is done */
		memset(err, 0, sizeof(*err));
		result = 0;
	}
	delivery_close(&r.delivery);
	reset(&r);
	free(r.recipients);
	free(r.name);
	stream_close(&r.client);
	return result;
}
