/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user at the other end of a unix socket that -bs serves. */
#ifndef ONEHOP_SERVER_SMTP_CLIENT_H
#define ONEHOP_SERVER_SMTP_CLIENT_H

#include <sys/types.h>

#include "base/error.h"
#include "config/account.h"
#include "message/message.h"

struct smtp_client {
	int known;
	uid_t uid;       /* if known */
	int named;       /* user is the name in its passwd entry */
	char user[64];   /* its name, or its number; "" if unknown */
	char label[96];  /* "www-data(33)" for the log; "" if unknown */
};

/* Finds the client of the connection. Unknown for all but unix sockets. */
void smtp_client_find(struct smtp_client *c, int fd);

/*
 * Applies relay_users and relay_from of the account: whether the client may
 * send at all, and with this envelope sender and From field. Returns 0; -1
 * EX_UNAVAILABLE, or EX_TEMPFAIL if this depends on whether the client is a
 * user that cannot be looked up.
 */
int smtp_client_check(const struct smtp_client *c, const struct account *a,
	const char *sender, const struct message *m, struct error *err);

/* Returns whether relay_from lets the client name this user, xtext, as the
 * submitter of its message (AUTH= of MAIL, RFC 4954 5). */
int smtp_client_may_name(const struct smtp_client *c, const struct account *a,
	const char *submitter);

#endif
