/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client of -bs wants sent: MAIL and RCPT with their parameters (RFC
 * 5321 4.1.2, 3461, 6531), taken in and answered. Pure.
 */
#ifndef ONEHOP_SERVER_MAIL_RCPT_H
#define ONEHOP_SERVER_MAIL_RCPT_H

#include <stddef.h>

#include "envelope/request.h"

/* {0} is a transaction that has not begun. */
struct mail_rcpt {
	char *sender;              /* as given, "" is null; NULL before MAIL */
	char *returns;             /* RET: "full" or "hdrs", or NULL */
	char *envid;               /* ENVID, xtext undone, or NULL */
	char *submitter;           /* AUTH, as given, or NULL */
	char **recipients;
	struct recipient_dsn *dsn; /* one for each recipient */
	size_t n;
	size_t size;               /* of both */
};

/*
 * Take what follows the verb: "FROM:<path> SIZE=...", "TO:<path> NOTIFY=...".
 * A missing <> and blanks behind the colon are forgiven. Return the reply's
 * line without CRLF; of a 5yz or 4yz nothing is kept.
 */
const char *mail_rcpt_mail(struct mail_rcpt *o, const char *argument);
const char *mail_rcpt_rcpt(struct mail_rcpt *o, const char *argument);

/* Puts the order into the request, which borrows from it. The request's own
 * sender (-f) outranks the client's, except for <>. */
void mail_rcpt_apply(const struct mail_rcpt *o, struct request *request);

/* Back to {0}. */
void mail_rcpt_free(struct mail_rcpt *o);

#endif
