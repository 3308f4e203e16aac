/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands around a transaction, RFC 5321, in protocol order. */
#ifndef ONEHOP_SMTP_COMMANDS_H
#define ONEHOP_SMTP_COMMANDS_H

#include "base/error.h"
#include "smtp/session.h"
#include "tls/tls.h"

/* Takes the greeting: 220, or an error. */
int smtp_greeting(struct session *s, struct error *err);

/*
 * Sends EHLO (LHLO for LMTP) with our name and records the extensions in
 * s->can. Falls back to HELO if the server refuses EHLO and neither TLS nor
 * authentication is required.
 */
int smtp_hello(struct session *s, const char *name, struct error *err);

/* The TLS handshake on a connection that begins with it (implicit TLS). */
int smtp_tls(struct session *s, const struct tls_policy *policy,
	struct error *err);

/* STARTTLS and the handshake; discards the extensions offered before it. */
int smtp_starttls(struct session *s, const struct tls_policy *policy,
	struct error *err);

/* ETRN: asks the server to send the mail it has queued for the name
 * (RFC 1985). */
int smtp_etrn(struct session *s, const char *name, struct error *err);

/* Sends QUIT if the session is intact; does not wait for the reply. */
void smtp_quit(struct session *s);

#endif
