/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of an SMTP server: RFC 5321 4.2, enhanced codes of RFC 3463. */
#ifndef ONEHOP_FORMAT_REPLY_H
#define ONEHOP_FORMAT_REPLY_H

#include <stddef.h>

#include "base/error.h"

/* Octets of a line without its end: a 334 may carry 12288 of base64
 * (RFC 4954 4.1.1). */
#define REPLY_LINE_MAX (12288 + 4)
#define REPLY_LINES_MAX 512
#define REPLY_OCTETS_MAX (64 * 1024)

/* The command that asked; decides what a refusal means. */
enum reply_to {
	REPLY_TO_GREETING,
	REPLY_TO_EHLO,
	REPLY_TO_EHLO_TLS,  /* an EHLO under TLS */
	REPLY_TO_STARTTLS,
	REPLY_TO_AUTH,
	REPLY_TO_MAIL,
	REPLY_TO_RCPT,
	REPLY_TO_DATA,
	REPLY_TO_CONTENT,   /* the final dot, or BDAT LAST */
	REPLY_TO_OTHER      /* RSET, NOOP, ETRN */
};

struct reply {
	int code;          /* 200..599; 0 before the first line */
	char dsn[12];      /* "5.1.1", or "" */
	char text[400];    /* "550 5.1.1 no such user", escaped; lines are
	                      joined by " / " */
	size_t lines;      /* lines and octets so far, for the limits */
	size_t octets;
};

/*
 * Takes one line of a reply, without its line end. Returns 1 if more lines
 * follow, 0 when the reply is complete, -1 EX_PROTOCOL if it is no reply, the
 * codes of its lines differ or a limit is passed. r starts as {0}.
 */
int reply_add_line(struct reply *r, const char *line, size_t len,
	struct error *err);

/* The class: 2 to 5; 0 for anything else. */
int reply_class(const struct reply *r);

/*
 * The text of a reply line after code, separator and, where the class allows
 * one, enhanced code. Borrowed from line; *n is its length.
 */
const char *reply_words(const char *line, size_t len, size_t *n);

/*
 * The sysexits code of a reply that is not what the command wanted, from the
 * one table in reply.c: by command, code and enhanced code. Never 0.
 */
int reply_exit_code(enum reply_to command, const struct reply *r);

/* The command's name for messages: "the greeting", "EHLO", "the message". */
const char *reply_command_name(enum reply_to command);

/*
 * Returns whether the reply has this code, in which "." stands for any digit,
 * and this enhanced code without its class: "" is any or none, and one that
 * ends in "." stands for all that begin with it.
 */
int reply_matches(const struct reply *r, const char *code,
	const char *detail);

#endif
