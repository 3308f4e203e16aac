/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/reply.h"

#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"

/* One way for every complaint to show the line that caused it. */
static int
malformed(struct error *err, const char *what, const char *line, size_t len)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_PROTOCOL, "%s: \"%s\"", what,
	    escape(quote, sizeof(quote), line, len));
}

static int
begins(const char *line, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(line, prefix, n) == 0;
}

/* The line is no reply; names the service that talks like that, if known. */
static int
refuse(const char *line, size_t len, struct error *err)
{
	static const struct {
		const char *begin, *what;
	} strangers[] = {
		{ "HTTP/", "not an SMTP server but a web server" },
		{ "SSH-", "not an SMTP server but an SSH server" },
		{ "* OK", "not an SMTP server but an IMAP server" },
		{ "+OK", "not an SMTP server but a POP3 server" },
		{ "\x15\x03", "not an SMTP server in clear text" },
		{ "\x16\x03", "not an SMTP server in clear text" },
	};

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		if (!begins(line, len, strangers[i].begin))
			continue;
		malformed(err, strangers[i].what, line, len);
		if (ascii_is_control(line[0])) {
			err->lasting = 1;
			hint(err, "this looks like TLS: use implicit TLS "
			    "(tls on, tls_starttls off)");
		}
		return -1;
	}
	return malformed(err, "malformed reply", line, len);
}

/* Three digits, then the end, a space, or the hyphen of a line that is not
 * the last. RFC 5321 4.2 asks us to live without text. */
static int
is_reply_line(const char *line, size_t len)
{
	return len >= 3 && ascii_is_digit(line[0]) &&
	    ascii_is_digit(line[1]) && ascii_is_digit(line[2]) &&
	    (len == 3 || line[3] == ' ' || line[3] == '-');
}

static int
code_of(const char *line)
{
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
}

/* Octets of the enhanced code (RFC 3463 2) that text begins with; 0 without
 * one, or with one of another class than the reply's: RFC 2034 4. */
static size_t
dsn_length(char class, const char *text, size_t len)
{
	size_t i = 1;

	if (len == 0 || text[0] != class ||
	    (class != '2' && class != '4' && class != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (i >= len || text[i++] != '.')
			return 0;
		for (; i < len && ascii_is_digit(text[i]); i++)
			digits++;
		if (digits < 1 || digits > 3)
			return 0;
	}
	return i == len || text[i] == ' ' ? i : 0;
}

const char *
reply_words(const char *line, size_t len, size_t *n)
{
	size_t start = 4;
	size_t dsn;

	*n = 0;
	if (len <= start)
		return line + len;
	dsn = dsn_length(line[0], line + start, len - start);
	start += dsn;
	if (dsn > 0 && start < len)
		start++; /* the space after it */
	*n = len - start;
	return line + start;
}

/* Returns whether the words are ASCII that needs no escapes. */
static int
is_plain(const char *words, size_t n)
{
	size_t i = 0;

	while (i < n && words[i] >= ' ' && words[i] <= '~' && words[i] != '\\')
		i++;
	return i == n;
}

/* Adds a line to the text, and always has room to show that more came. */
static void
quote(struct reply *r, const char *words, size_t n)
{
	static const char more[] = " / ...";
	size_t size = sizeof(r->text) - (sizeof(more) - 1);
	size_t used = strlen(r->text);

	if (used >= size)
		return;
	if (used + sizeof(more) > size) {
		memcpy(r->text + used, more, sizeof(more));
		return;
	}
	if (used > 0) {
		memcpy(r->text + used, " / ", 3);
		used += 3;
	}
	if (n < size - used && is_plain(words, n)) {
		memcpy(r->text + used, words, n);
		r->text[used + n] = '\0';
	} else {
		escape(r->text + used, size - used, words, n);
	}
}

static int
add_first(struct reply *r, const char *line, size_t len, struct error *err)
{
	size_t start = len < 4 ? len : 4;
	size_t dsn;

	if (!is_reply_line(line, len) || line[0] < '1' || line[0] > '5')
		return refuse(line, len, err);
	if (line[0] == '1')
		return fail(err, EX_PROTOCOL, "unexpected reply %.3s", line);
	r->code = code_of(line);
	dsn = dsn_length(line[0], line + start, len - start);
	memcpy(r->dsn, line + start, dsn); /* 9 at most; r was {0} */
	quote(r, line, len == 4 ? 3 : len);
	if (len > 4)
		r->text[3] = ' ';
	return 0;
}

static int
add_next(struct reply *r, const char *line, size_t len, struct error *err)
{
	const char *words;
	size_t n;

	if (!is_reply_line(line, len) || code_of(line) != r->code)
		return malformed(err, "malformed multi-line reply", line, len);
	words = reply_words(line, len, &n);
	if (n > 0)
		quote(r, words, n);
	return 0;
}

int
reply_add_line(struct reply *r, const char *line, size_t len,
    struct error *err)
{
	if (len > REPLY_LINE_MAX)
		return malformed(err, "reply line too long", line, len);
	if (r->lines == REPLY_LINES_MAX || r->octets + len > REPLY_OCTETS_MAX)
		return fail(err, EX_PROTOCOL, "reply has too many lines: more "
		    "than %d, or %d octets", REPLY_LINES_MAX,
		    REPLY_OCTETS_MAX);
	if ((r->lines == 0 ? add_first : add_next)(r, line, len, err) != 0)
		return -1;
	r->lines++;
	r->octets += len;
	return len > 3 && line[3] == '-';
}

int
reply_class(const struct reply *r)
{
	return r->code >= 200 && r->code <= 599 ? r->code / 100 : 0;
}

/* A set of commands as bits. */
#define TO(command) (1u << REPLY_TO_##command)
#define TO_TRANSACTION (TO(MAIL) | TO(RCPT) | TO(DATA) | TO(CONTENT))
#define TO_ANY (~0u)

/*
 * From reply to exit code; the first match wins. In a code "." stands for any
 * digit. A detail is the enhanced code without its class; one that ends in "."
 * stands for all that begin with it.
 */
static const struct reply_rule {
	unsigned commands;
	const char *code;
	const char *detail;
	int exit;
} verdicts[] = {
	/* The password must be changed first: waiting does not do that. */
	{ TO(AUTH), "432", "", EX_NOPERM },
	{ TO_ANY, "4..", "", EX_TEMPFAIL },
	/* An offer made in cleartext is withdrawn: the connection may be
	 * intercepted. */
	{ TO(STARTTLS) | TO(EHLO_TLS), "5..", "", EX_PROTOCOL },
	/* The mechanism is at fault, not the password: RFC 4954 4. */
	{ TO(AUTH), "502", "", EX_UNAVAILABLE },
	{ TO(AUTH), "504", "", EX_UNAVAILABLE },
	{ TO(AUTH), "5..", "", EX_NOPERM },
	{ TO_ANY, "530", "", EX_NOPERM },
	{ TO_ANY, "534", "", EX_NOPERM },
	{ TO_ANY, "535", "", EX_NOPERM },
	{ TO_ANY, "538", "", EX_NOPERM },
	/* The same said by enhanced code alone: RFC 4954 6, RFC 5248. */
	{ TO_TRANSACTION, "5..", "7.8", EX_NOPERM },
	{ TO_TRANSACTION, "5..", "7.9", EX_NOPERM },
	{ TO_TRANSACTION, "5..", "7.11", EX_NOPERM },
	{ TO_TRANSACTION, "5..", "7.12", EX_NOPERM },
	{ TO_TRANSACTION, "5..", "7.13", EX_NOPERM },
	/* Before any recipient or content "other security" is about us. */
	{ TO(MAIL), "5..", "7.0", EX_NOPERM },
	/* A full mailbox, though 552 makes it look like the message. */
	{ TO(RCPT), "552", "2.", EX_NOUSER },
	/* The message itself: size, charset, conversion. */
	{ TO_TRANSACTION, "552", "", EX_DATAERR },
	{ TO_TRANSACTION, "5..", "2.3", EX_DATAERR },
	{ TO_TRANSACTION, "5..", "3.4", EX_DATAERR },
	{ TO_TRANSACTION, "5..", "6.", EX_DATAERR },
	{ TO(MAIL), "5..", "1.7", EX_DATAERR },
	/* A parameter of an extension that the server had offered. */
	{ TO(MAIL), "555", "", EX_PROTOCOL },
	/* The command, not the recipient: pipelining may have garbled it. */
	{ TO(RCPT), "500", "", EX_UNAVAILABLE },
	{ TO(RCPT), "502", "", EX_UNAVAILABLE },
	{ TO(RCPT), "5..", "", EX_NOUSER },
	{ TO_ANY, "5..", "", EX_UNAVAILABLE },
};

static int
code_matches(const char *pattern, int code)
{
	for (int i = 2; i >= 0; i--, code /= 10)
		if (pattern[i] != '.' && pattern[i] - '0' != code % 10)
			return 0;
	return 1;
}

static int
detail_matches(const char *pattern, const char *dsn)
{
	size_t n = strlen(pattern);

	if (n == 0)
		return 1;
	if (strlen(dsn) < 2)
		return 0;
	return pattern[n - 1] == '.' ? strncmp(dsn + 2, pattern, n) == 0
	    : strcmp(dsn + 2, pattern) == 0;
}

int
reply_matches(const struct reply *r, const char *code, const char *detail)
{
	return code_matches(code, r->code) && detail_matches(detail, r->dsn);
}

int
reply_exit_code(enum reply_to command, const struct reply *r)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if ((verdicts[i].commands & 1u << command) &&
		    reply_matches(r, verdicts[i].code, verdicts[i].detail))
			return verdicts[i].exit;
	return EX_PROTOCOL; /* 2yz or 3yz where it has no meaning */
}

const char *
reply_command_name(enum reply_to command)
{
	static const char *const names[] = {
		[REPLY_TO_GREETING] = "the greeting",
		[REPLY_TO_EHLO] = "EHLO",
		[REPLY_TO_EHLO_TLS] = "EHLO",
		[REPLY_TO_STARTTLS] = "STARTTLS",
		[REPLY_TO_AUTH] = "AUTH",
		[REPLY_TO_MAIL] = "MAIL",
		[REPLY_TO_RCPT] = "RCPT",
		[REPLY_TO_DATA] = "DATA",
		[REPLY_TO_CONTENT] = "the message",
		[REPLY_TO_OTHER] = "the command",
	};

	return names[command];
}
