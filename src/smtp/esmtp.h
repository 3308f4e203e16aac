/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ESMTP parameters of MAIL and RCPT that message and account require, and
 * whether the server supports them. */
#ifndef ONEHOP_SMTP_ESMTP_H
#define ONEHOP_SMTP_ESMTP_H

#include "base/buffer.h"
#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/session.h"

/*
 * Checks that the server supports what message and account require. Returns 0
 * on success; -1 EX_DATAERR for a message that is too large (RFC 1870) or an
 * address that needs SMTPUTF8 (RFC 6531), EX_UNAVAILABLE for a missing
 * extension that a key requires.
 */
int esmtp_check(const struct session *s, const struct envelope *e,
	const struct message *m, struct error *err);

/* Appends the parameters of MAIL, each with a space before it. */
void esmtp_add_mail(struct buffer *out, const struct session *s,
	const struct envelope *e, const struct message *m);

/* Appends the parameters of RCPT, each with a space before it. */
void esmtp_add_rcpt(struct buffer *out, const struct session *s,
	const struct envelope *e, const struct recipient *to);

/*
 * Returns how the account uses an extension whose parameter is set by a key:
 * "used", or "no KEY", which is written to text. Returns NULL for any other
 * extension.
 */
const char *esmtp_use(const struct session *s, enum extension extension,
	char *text, size_t size);

/* Sets left to the seconds of deliver_by that are left after a message has
 * waited; they may be negative. Returns the mode, 'R' or 'N', or 0 without
 * deliver_by (RFC 2852 4). */
int esmtp_time_left(const struct account *a, int64_t waited, int64_t *left);

/* Returns whether the content is sent by BDAT (RFC 3030). */
int esmtp_uses_bdat(const struct session *s);

#endif
