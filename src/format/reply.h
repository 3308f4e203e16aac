/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of an SMTP server: RFC 5321 4.2, enhanced codes of RFC 3463. */
#ifndef ONEHOP_FORMAT_REPLY_H
#define ONEHOP_FORMAT_REPLY_H

#include <stddef.h>

#include "base/error.h"

/* Maximum length of a line without its line end: a 334 reply may carry 12288
 * octets of base64 (RFC 4954 4.1.1). */
#define REPLY_LINE_MAX (12288 + 4)
#define REPLY_LINES_MAX 512
#define REPLY_OCTETS_MAX (64 * 1024)

/* The command that was answered; it decides what a refusal means. */
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
 * follow, 0 if the reply is complete; -1 EX_PROTOCOL if the line is not a
 * reply, the codes of the lines differ, or a limit is exceeded. r is {0} before
 * the first line.
 */
int reply_add_line(struct reply *r, const char *line, size_t len,
	struct error *err);

/* Returns the class, 2 to 5, or 0 for any other code. */
int reply_class(const struct reply *r);

/* Returns the text of a reply line after the code, the separator and, where the
 * class allows one, the enhanced code. Borrowed from line; *n is its length. */
const char *reply_words(const char *line, size_t len, size_t *n);

/* Returns the sysexits code for a reply that is not the one expected, by
 * command, code and enhanced code, from the table in reply.c. Never 0. */
int reply_exit_code(enum reply_to command, const struct reply *r);

/* Returns the command's name for messages: "the greeting", "EHLO", "the
 * message". */
const char *reply_command_name(enum reply_to command);

/*
 * Returns whether the reply has this code, in which "." matches any digit, and
 * this enhanced code without its class: "" matches any or none, and a detail
 * that ends in "." matches all codes that begin with it.
 */
int reply_matches(const struct reply *r, const char *code,
	const char *detail);

#endif
