/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several messages over one session, as long as the account stays the same and
 * the server keeps the session open. */
#ifndef ONEHOP_SMTP_REUSE_H
#define ONEHOP_SMTP_REUSE_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/submit.h"

/* {0} with options set is no session yet. */
struct reused_session {
	struct submit_options options; /* the hook is that of the message */
	struct account account;     /* of the open session, owned */
	struct submitter submitter;
	int open;
	int opening;                /* the last message failed because no
	                               session could be opened */
};

/*
 * Submits one message for the account: through the open session if it is the
 * same account's, else through a new one. If the server has closed the session,
 * or refuses MAIL, RCPT or DATA in one that has served another message, the
 * message is tried once more over a new one: nobody can have it then. Result
 * as submit_send; d->submitter.facts tells the rest.
 */
int reuse_send(struct reused_session *d, const struct account *a,
	struct envelope *e, const struct message *m, struct error *err);

/* Ends the session, if there is one. d may be used again. */
void reuse_close(struct reused_session *d);

#endif
