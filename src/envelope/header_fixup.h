/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Completes the header: removes Bcc and its like, adds missing fields (RFC 5322
 * 3.6), qualifies bare names.
 */
#ifndef ONEHOP_ENVELOPE_HEADER_FIXUP_H
#define ONEHOP_ENVELOPE_HEADER_FIXUP_H

#include "base/error.h"
#include "config/account.h"
#include "envelope/request.h"
#include "message/message.h"

/*
 * Removes Bcc, Resent-Bcc, Return-Path and Content-Length; writes From, To,
 * Date and Message-ID as the account's set_ keys say; completes bare names in
 * address fields. sender is the envelope's path, "" for the null sender; to is
 * the body of the To field that replaces To, Cc and Bcc, or NULL. Returns 0, or
 * -1 EX_DATAERR, EX_OSERR.
 */
int header_fixup_apply(struct message *m, const struct request *request,
	const struct account *a, const char *sender, const char *to,
	struct error *err);

#endif
