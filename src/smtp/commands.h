/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of RFC 5321, one function per verb, in protocol order. */
#ifndef ONEHOP_SMTP_COMMANDS_H
#define ONEHOP_SMTP_COMMANDS_H

#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/auth.h"
#include "smtp/data.h"
#include "smtp/session.h"
#include "tls/tls.h"

/* Waits for 220. */
int smtp_greeting(struct session *s, struct error *err);

/*
 * EHLO (LHLO for LMTP) with our name, and what it offers into s->can. HELO
 * instead if the server refuses EHLO and nothing that we need depends on it.
 */
int smtp_hello(struct session *s, const char *name, struct error *err);

/* Handshakes at once (implicit TLS). */
int smtp_tls(struct session *s, const struct tls_policy *policy,
	struct error *err);

/* STARTTLS and the handshake; forgets what was offered in clear. */
int smtp_starttls(struct session *s, const struct tls_policy *policy,
	struct error *err);

/*
 * One mail transaction: MAIL, RCPT, DATA, content, in as few flights as the
 * server allows; with auth (prepared, may be NULL or used up) in the first of
 * them if that may be. Fills in the recipients' replies. 0: accepted for all,
 * or under partial_delivery for some. -1 otherwise: err->outcome tells
 * whether it is certain that nobody has it.
 */
int smtp_transaction(struct session *s, struct auth *auth,
	struct mail *mail, struct error *err);

/* Asks the server to send what it has queued for the name (RFC 1985). */
int smtp_etrn(struct session *s, const char *name, struct error *err);

/* QUIT, if the session is intact; its reply is not waited for. */
void smtp_quit(struct session *s);

#endif
