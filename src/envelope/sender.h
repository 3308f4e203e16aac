/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sender of the message, for MAIL. */
#ifndef ONEHOP_ENVELOPE_SENDER_H
#define ONEHOP_ENVELOPE_SENDER_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/request.h"
#include "message/message.h"

/*
 * The path of the sender, "" for the null sender: -f if the account lets it;
 * user@maildomain if auto_from is on; the author (Resent-From, else From) if
 * the account's from matches; its first plain from; the author;
 * user@maildomain.
 * Owned, or NULL with EX_DATAERR.
 */
char *sender_choose(const struct request *request, const struct account *a,
	const struct message *m, struct error *err);

/*
 * The path of who writes for this account, whatever the caller asked for: its
 * first plain from; its user if that is an address; user@maildomain. Owned, or
 * NULL with EX_DATAERR.
 */
char *sender_of_account(const struct account *a, const struct message *m,
	struct error *err);

#endif
