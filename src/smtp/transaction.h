/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MAIL, RCPT, DATA and the content, in as few flights as the server allows. */
#ifndef ONEHOP_SMTP_TRANSACTION_H
#define ONEHOP_SMTP_TRANSACTION_H

#include "base/error.h"
#include "smtp/auth.h"
#include "smtp/data.h"
#include "smtp/session.h"

/*
 * Sends one message; auth (prepared; may be NULL or used up) goes with the
 * first flight if the server allows that. Fills in the recipients' replies.
 * 0: accepted for every recipient. -1 otherwise; err->outcome tells whether
 * somebody has the message or may have it, and no error that leaves somebody
 * with it has a code that invites the caller to send it again.
 */
int smtp_transaction(struct session *s, struct auth *auth,
	struct mail *mail, struct error *err);

#endif
