/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chooses the sender of the message, for MAIL. */
#ifndef ONEHOP_ENVELOPE_SENDER_H
#define ONEHOP_ENVELOPE_SENDER_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/request.h"
#include "message/message.h"

/*
 * Returns the path of the sender, "" for the null sender: -f if the account
 * allows it;
 * user@maildomain if auto_from is on; the author (Resent-From, else From) if
 * the account's from matches; its first plain from; the author;
 * user@maildomain.
 * Owned, or NULL with EX_DATAERR.
 */
char *sender_choose(const struct request *request, const struct account *a,
	const struct message *m, struct error *err);

/*
 * Returns the path of the account's author, whatever the caller asked for: its
 * first plain from; its user if that is an address; user@maildomain. Owned, or
 * NULL with EX_DATAERR.
 */
char *sender_of_account(const struct account *a, const struct message *m,
	struct error *err);

#endif
