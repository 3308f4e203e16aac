/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"

/* RFC 5321 4.5.3.2; `timeout` replaces them all. */
static unsigned
patience(const struct session *s, enum reply_to command)
{
	static const unsigned seconds[] = {
		[REPLY_TO_GREETING] = 300,
		[REPLY_TO_EHLO] = 300,
		[REPLY_TO_EHLO_TLS] = 300,
		[REPLY_TO_STARTTLS] = 300,
		[REPLY_TO_AUTH] = 300,
		[REPLY_TO_MAIL] = 300,
		[REPLY_TO_RCPT] = 300,
		[REPLY_TO_DATA] = 120,
		[REPLY_TO_CONTENT] = 600,
		[REPLY_TO_OTHER] = 300,
	};

	return s->account->timeout != 0 ? s->account->timeout
	    : seconds[command];
}

/*
 * Fails if input is waiting when a new flight begins: a reply ahead of its
 * command would be taken for the answer to it, and a premature 250 for the
 * acceptance of the message.
 */
static int
check_silence(struct session *s, struct error *err)
{
	struct reply r;
	int input;

	if (s->outstanding > 0 || s->stream.out.len > 0)
		return 0;
	input = stream_has_input(&s->stream, err);
	if (input <= 0)
		return input;
	stream_step(&s->stream, patience(s, REPLY_TO_OTHER), "a command");
	if (session_get(s, REPLY_TO_OTHER, &r, err) != 0)
		return -1;
	s->intact = 0;
	if (r.code == 421)
		return session_refused(REPLY_TO_OTHER, &r, err);
	return fail(err, EX_PROTOCOL, "unexpected reply from server: %s",
	    r.text);
}

static int
send_line(struct session *s, const char *line, size_t len, struct error *err)
{
	if (stream_write(&s->stream, line, len, err) != 0) {
		s->intact = 0;
		return -1;
	}
	s->outstanding++;
	return 0;
}

static int
refuse_command(const char *command, size_t len, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (len > SESSION_COMMAND_MAX - 2)
		return fail(err, EX_DATAERR,
		    "command longer than %d octets: %s", SESSION_COMMAND_MAX,
		    escape(quote, 64, command, 64));
	return fail(err, EX_DATAERR, "control character in command: %s",
	    escape(quote, sizeof(quote), command, len));
}

int
session_put_text(struct session *s, const char *command, size_t len,
    struct error *err)
{
	if (len > SESSION_COMMAND_MAX - 2)
		return refuse_command(command, len, err);
	for (size_t i = 0; i < len; i++)
		if (ascii_is_control(command[i]))
			return refuse_command(command, len, err);
	if (check_silence(s, err) != 0)
		return -1;
	stream_trace(&s->stream, "C:", command, len);
	if (stream_write(&s->stream, command, len, err) != 0) {
		s->intact = 0;
		return -1;
	}
	return send_line(s, "\r\n", 2, err);
}

int
session_put(struct session *s, struct error *err, const char *format, ...)
{
	char command[SESSION_COMMAND_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return session_put_text(s, command, n < 0 ? sizeof(command)
	    : (size_t)n, err);
}

void
session_hide(struct session *s, const char *password, size_t len)
{
	secrets_add_password(&s->secrets, password, len);
}

int
session_put_secret(struct session *s, const char *verb,
    struct buffer *base64, struct error *err)
{
	char shown[96];
	int n;

	if (check_silence(s, err) != 0)
		return -1;
	secrets_add(&s->secrets, base64->data, base64->len);
	n = snprintf(shown, sizeof(shown), "%s%s<hidden %zu>", verb,
	    verb[0] != '\0' ? " " : "", base64->len);
	stream_trace(&s->stream, "C:", shown, (size_t)n);
	if (verb[0] != '\0' &&
	    (stream_write(&s->stream, verb, strlen(verb), err) != 0 ||
	    stream_write(&s->stream, " ", 1, err) != 0 ))
		return -1;
	if (stream_write(&s->stream, base64->data, base64->len, err) != 0)
		return -1;
	return send_line(s, "\r\n", 2, err);
}

const char *
session_conceal(struct session *s, const char *text)
{
	size_t len = strlen(text);

	return secrets_conceal(&s->secrets, text, &len, 0);
}

/* The length of a reply's code and what separates it from the text; 0 without
 * one. What the code means does not depend on what a secret contains. */
static size_t
code_length(const char *line, size_t len)
{
	for (size_t i = 0; i < 3; i++)
		if (i >= len || !ascii_is_digit(line[i]))
			return 0;
	if (len == 3)
		return 3;
	return line[3] == ' ' || line[3] == '-' ? 4 : 0;
}

/* A challenge may allow the password to be guessed offline. */
static void
trace_line(struct session *s, const char *line, size_t len)
{
	char shown[64];
	int n;

	if (len < 4 || memcmp(line, "334 ", 4) != 0) {
		stream_trace(&s->stream, "S:", line, len);
		return;
	}
	n = snprintf(shown, sizeof(shown), "334 <hidden %zu>", len - 4);
	stream_trace(&s->stream, "S:", shown, (size_t)n);
}

int
session_get(struct session *s, enum reply_to command, struct reply *r,
    struct error *err)
{
	const char *line;
	size_t len;
	int more;

	memset(r, 0, sizeof(*r));
	buffer_clear(&s->lines);
	stream_step(&s->stream, patience(s, command),
	    reply_command_name(command));
	do {
		if (stream_read_line(&s->stream, REPLY_LINE_MAX, &line, &len,
		    err) != 0)
			goto lost;
		buffer_add(&s->lines, line, len);
		buffer_add_char(&s->lines, '\n');
		line = secrets_conceal(&s->secrets, line, &len,
		    code_length(line, len));
		trace_line(s, line, len);
		more = reply_add_line(r, line, len, err);
		if (more < 0)
			goto lost;
		if (more)
			stream_expect_more(&s->stream);
	} while (more);
	if (s->outstanding > 0)
		s->outstanding--;
	if (r->code == 421)
		s->intact = 0;
	return 0;
lost:
	/* an incomplete reply accepts and refuses nothing */
	memset(r, 0, sizeof(*r));
	s->intact = 0;
	return -1;
}

int
session_refused(enum reply_to command, const struct reply *r,
    struct error *err)
{
	int class = reply_class(r);

	if (class != 4 && class != 5)
		return fail(err, EX_PROTOCOL, "unexpected reply %d to %s: %s",
		    r->code, reply_command_name(command), r->text);
	return fail(err, reply_exit_code(command, r), "%s refused: %s",
	    reply_command_name(command), r->text);
}

int
session_expect(struct session *s, enum reply_to command, int class,
    struct reply *r, struct error *err)
{
	if (session_get(s, command, r, err) != 0)
		return -1;
	if (reply_class(r) == class)
		return 0;
	if (reply_class(r) != 4 && reply_class(r) != 5)
		s->intact = 0;
	return session_refused(command, r, err);
}

int
session_is_used_up(const struct session *s)
{
	return s->can.mail_max > 0 && s->mails >= s->can.mail_max;
}

int
session_can(const struct session *s, enum extension extension)
{
	return (s->can.offered & extension) != 0;
}

void
session_close(struct session *s)
{
	s->intact = 0;
	stream_close(&s->stream);
	buffer_free(&s->lines);
	secrets_free(&s->secrets);
}
