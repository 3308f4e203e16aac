/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several messages, one after another, over one session for as long as the
 * account stays the same and the server plays along. */
#ifndef ONEHOP_SMTP_REUSE_H
#define ONEHOP_SMTP_REUSE_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/submit.h"

/* {0} with trace set is a delivery that has not begun. */
struct reused_session {
	struct account account;     /* of the open session, owned */
	struct submitter submitter;
	int open;
	int trace;                  /* descriptor for the dialogue, or -1 */
	const struct commit_hook *hook; /* of the message; or NULL */
	int opening;                /* the last one failed for want of a
	                               session, not because of itself */
};

/*
 * Submits one message for the account: through the open session if it is the
 * same account's, else through a new one. A session that has died of waiting
 * is replaced once, as long as that cannot send anything twice. Result as
 * submit_message; d->submitter.facts tells the rest.
 */
int reuse_send(struct reused_session *d, const struct account *a,
	struct envelope *e, const struct message *m, struct error *err);

/* QUIT, if there is a session. d may be used again. */
void reuse_close(struct reused_session *d);

#endif
