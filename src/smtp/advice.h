/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hints for refused commands. */
#ifndef ONEHOP_SMTP_ADVICE_H
#define ONEHOP_SMTP_ADVICE_H

#include "base/error.h"
#include "format/reply.h"
#include "smtp/session.h"

/* Sets the hint for the reply that refused the command, if there is one and err
 * has none. sender is the sender of the transaction; NULL before MAIL. */
void advice_hint(const struct session *s, enum reply_to command,
	const struct reply *r, const char *sender, struct error *err);

#endif
