/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Submits a message through a smarthost: connect, TLS, EHLO, AUTH, transaction.
 */
#ifndef ONEHOP_SMTP_SUBMIT_H
#define ONEHOP_SMTP_SUBMIT_H

#include <stdint.h>

#include "auth/password.h"
#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "net/connect.h"
#include "net/wait_line.h"
#include "smtp/auth.h"
#include "smtp/data.h"
#include "smtp/session.h"
#include "smtp/smarthost.h"

/* When TLS begins. */
enum tls_start {
	TLS_NEVER,
	TLS_AT_ONCE,
	TLS_BY_STARTTLS
};

/* Facts of a submission, for log and result; set whatever its outcome. */
struct submission {
	char host[256];        /* the host or socket tried last */
	unsigned port;
	struct connect_result connection; /* address and times */
	enum tls_start tls_start;
	char tls[16];          /* "TLS1.3", or "" */
	char notice[512];      /* for the user, about TLS, or "" */
	char mechanism[32];    /* SASL mechanism used, or "" */
	struct reply final;    /* the server's last reply to the message */
	int begun;             /* MAIL was accepted */
	/* times in milliseconds of CLOCK_MONOTONIC, 0 if not reached */
	int64_t started;
	int64_t unlocked;      /* the password was fetched, if needed */
	int64_t turned;        /* an earlier host was given up */
	int64_t secured;       /* the TLS handshake was completed */
	int64_t greeted;
	int64_t ready;         /* the last EHLO was answered */
	struct mail_times mail;
	int64_t ended;
};

/* A session that can send several messages. */
struct submitter {
	struct smarthost_list route;
	struct session session;
	struct wait_line waits; /* shown on a terminal */
	struct auth auth;       /* prepared; sent with the first message */
	struct password secret;   /* needed until auth is done */
	struct password key_secret; /* of the client key */
	struct submission facts;
};

/*
 * Connects to the account's smarthost and continues until EHLO is answered,
 * under TLS if the account uses it. If a host cannot be reached or fails
 * temporarily, the account's next host is tried; the error names each of them.
 * options are borrowed until submit_close(), which is called in either case.
 * Returns 0 on success, -1 with err set.
 */
int submit_connect(struct submitter *s, const struct account *a,
	const struct submit_options *options, struct error *err);

/* Same as submit_connect(), ready for AUTH or MAIL. The password is fetched
 * before the connection is made. */
int submit_open(struct submitter *s, const struct account *a,
	const struct submit_options *options, struct error *err);

/* Wipes the secrets that submit_open() has fetched, in a process that the
 * connected function of the options has forked and that does not use the
 * session. */
void submit_forget(struct submitter *s);

/* Authenticates without sending a message. Returns 0 on success, -1 with err
 * set. */
int submit_authenticate(struct submitter *s, struct error *err);

/* Sends one message through the session. Returns as smtp_transaction(). */
int submit_send(struct submitter *s, struct envelope *e,
	const struct message *m, enum content_after after,
	struct error *err);

/* Sends QUIT if the session is intact, and closes the connection. facts remains
 * valid. */
void submit_close(struct submitter *s);

/*
 * Opens a session, sends one message and closes the session. Returns 0 if it is
 * accepted for all recipients; -1 with err set, where err->outcome says who may
 * have the message. facts is set in either case.
 */
int submit(const struct account *a, struct envelope *e,
	const struct message *m, const struct submit_options *options,
	struct submission *facts, struct error *err);

#endif
