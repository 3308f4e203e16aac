/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sends several messages over one session while the account is the same and the
 * server keeps the session open. */
#ifndef ONEHOP_SMTP_REUSE_H
#define ONEHOP_SMTP_REUSE_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/submit.h"

/* A session that is reused. {0} with options set has no open session. */
struct reused_session {
	struct submit_options options; /* hook and waited are set for each
	                                  message */
	struct account account;     /* of the open session, owned */
	struct submitter submitter;
	int open;
	int opening;                /* the last message failed because no
	                               session could be opened */
};

/*
 * Submits one message for the account, through the open session if it belongs
 * to the same account with the same settings, else through a new one. If the
 * server has closed the session, or refuses MAIL, RCPT or DATA in a session
 * that has carried another message, the message is sent again over a new
 * session; it cannot have been accepted. Returns as submit_send(), with
 * d->submitter.facts set.
 */
int reuse_send(struct reused_session *d, const struct account *a,
	struct envelope *e, const struct message *m, struct error *err);

/* Closes the session, if any. d can be used again. */
void reuse_close(struct reused_session *d);

#endif
