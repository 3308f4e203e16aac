/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server side of MAIL and RCPT (RFC 5321 4.1.1.2 and 4.1.1.3) with the
 * parameters of RFC 1870, 3461, 4954, 6152 and 6531. Pure. */
#ifndef ONEHOP_SERVER_MAIL_RCPT_H
#define ONEHOP_SERVER_MAIL_RCPT_H

#include <stddef.h>

#include "envelope/request.h"

/* A mail transaction. {0} has not been started. */
struct mail_rcpt {
	char *sender;              /* as given, "" for <>; NULL before MAIL */
	char *returns;             /* RET: "full" or "hdrs", or NULL */
	char *envid;               /* ENVID, xtext decoded, or NULL */
	char *submitter;           /* AUTH, as given, or NULL */
	char **recipients;
	struct recipient_dsn *dsn; /* one for each recipient */
	size_t n;
};

/*
 * Take the argument of the command: "FROM:<path> SIZE=...", "TO:<path>
 * NOTIFY=...". Missing <> and blanks after the colon are accepted. Return the
 * reply line without CRLF. After a 4yz or 5yz reply, the transaction is
 * unchanged.
 */
const char *mail_rcpt_mail(struct mail_rcpt *m, const char *argument);
const char *mail_rcpt_rcpt(struct mail_rcpt *m, const char *argument);

/* Copies the transaction to the request, which borrows its strings. The sender
 * of the request (-f) takes precedence over the client's, except over <>. */
void mail_rcpt_apply(const struct mail_rcpt *m, struct request *request);

/* Ends the transaction: frees its strings and leaves {0}. */
void mail_rcpt_free(struct mail_rcpt *m);

#endif
