/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands before and after a transaction, RFC 5321, in protocol order.
 * Each returns 0 on success, -1 with err set. */
#ifndef ONEHOP_SMTP_COMMANDS_H
#define ONEHOP_SMTP_COMMANDS_H

#include "base/error.h"
#include "smtp/session.h"
#include "tls/tls.h"

/* Reads the greeting, which must be 220. */
int smtp_greeting(struct session *s, struct error *err);

/*
 * Sends EHLO (LHLO for LMTP) with name and records the extensions in s->can.
 * Falls back to HELO if the server refuses EHLO and neither TLS nor
 * authentication is required.
 */
int smtp_hello(struct session *s, const char *name, struct error *err);

/* Performs the TLS handshake at the start of a connection (implicit TLS). */
int smtp_tls(struct session *s, const struct tls_policy *policy,
	struct error *err);

/* Sends STARTTLS and performs the handshake; discards the extensions offered
 * before it. */
int smtp_starttls(struct session *s, const struct tls_policy *policy,
	struct error *err);

/* Sends ETRN (RFC 1985): asks the server to send the mail queued for name. */
int smtp_etrn(struct session *s, const char *name, struct error *err);

/* Sends QUIT if the session is intact, without waiting for the reply. */
void smtp_quit(struct session *s);

#endif
