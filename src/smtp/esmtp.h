/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ESMTP parameters of MAIL and RCPT: which a message needs, which the
 * server offers, and what is wrong if the two do not meet.
 */
#ifndef ONEHOP_SMTP_ESMTP_H
#define ONEHOP_SMTP_ESMTP_H

#include "base/buffer.h"
#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/session.h"

/*
 * Can the server do what message and account ask for? 0; -1 EX_DATAERR for a
 * message too large (RFC 1870) or an address that needs SMTPUTF8 (RFC 6531),
 * EX_UNAVAILABLE for an extension that the account demands.
 */
int esmtp_check(const struct session *s, const struct envelope *e,
	const struct message *m, struct error *err);

/* Appends what follows MAIL's path, each with a blank in front. */
void esmtp_add_mail(struct buffer *out, const struct session *s,
	const struct envelope *e, const struct message *m);

/* Appends what follows RCPT's path. */
void esmtp_add_rcpt(struct buffer *out, const struct session *s,
	const struct envelope *e, const struct recipient *to);

/* Is the content to go by BDAT (RFC 3030)? */
int esmtp_uses_bdat(const struct session *s);

#endif
