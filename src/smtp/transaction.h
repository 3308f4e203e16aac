/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MAIL, RCPT, DATA and the content, in as few round trips as the server allows.
 */
#ifndef ONEHOP_SMTP_TRANSACTION_H
#define ONEHOP_SMTP_TRANSACTION_H

#include "base/error.h"
#include "smtp/auth.h"
#include "smtp/data.h"
#include "smtp/session.h"

/*
 * Sends one message. auth (prepared; may be NULL or completed) is sent with the
 * first commands if the server allows it. Sets the recipients' replies. Returns
 * 0 if the message is accepted for all recipients; otherwise -1, and
 * err->outcome says whether a recipient has or may have it. If one has it, the
 * code of the error is not one on which callers retry.
 */
int smtp_transaction(struct session *s, struct auth *auth,
	struct mail *mail, struct error *err);

#endif
