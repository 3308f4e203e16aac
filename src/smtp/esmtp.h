/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ESMTP parameters of MAIL and RCPT: what message and account ask for, and
 * whether the server offers it. */
#ifndef ONEHOP_SMTP_ESMTP_H
#define ONEHOP_SMTP_ESMTP_H

#include "base/buffer.h"
#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/session.h"

/*
 * Checks that the server can do what message and account ask for. 0; -1:
 * EX_DATAERR for a message too large (RFC 1870) or an address that needs
 * SMTPUTF8 (RFC 6531), EX_UNAVAILABLE for a missing extension that a key asks
 * for.
 */
int esmtp_check(const struct session *s, const struct envelope *e,
	const struct message *m, struct error *err);

/* Appends what follows MAIL's path, each with a blank in front. */
void esmtp_add_mail(struct buffer *out, const struct session *s,
	const struct envelope *e, const struct message *m);

/* Appends what follows RCPT's path. */
void esmtp_add_rcpt(struct buffer *out, const struct session *s,
	const struct envelope *e, const struct recipient *to);

/*
 * How the account uses an extension whose parameter is the value of a key:
 * "used", or "no KEY" written to text. NULL for any other extension.
 */
const char *esmtp_use(const struct session *s, enum extension extension,
	char *text, size_t size);

/* Returns whether the content is to be sent by BDAT (RFC 3030). */
int esmtp_uses_bdat(const struct session *s);

#endif
