/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One message through one smarthost: connect, TLS, EHLO, AUTH, transaction. */
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

/* The facts of a submission, for log and result, whatever its outcome. */
struct submission {
	char host[256];        /* the host, or the socket, tried last */
	unsigned port;
	struct connect_result connection; /* its address, and when */
	enum tls_start tls_start;
	char tls[16];          /* "TLS1.3", or "" */
	char notice[512];      /* for the user, about TLS, or "" */
	char mechanism[32];    /* SASL mechanism used, or "" */
	struct reply final;    /* the server's last reply to the message */
	int begun;             /* it accepted MAIL */
	/* moments, milliseconds of CLOCK_MONOTONIC, 0 if not reached */
	int64_t started;
	int64_t unlocked;      /* the password has been fetched, if needed */
	int64_t turned;        /* an earlier host or session was given up */
	int64_t secured;       /* TLS is up */
	int64_t greeted;
	int64_t ready;         /* the last EHLO is answered */
	struct mail_times mail;
	int64_t ended;
};

/* A session ready for messages; several may be sent through it. */
struct submitter {
	struct smarthost_list route;
	struct session session;
	struct wait_line waits; /* what a person at a terminal sees */
	struct auth auth;       /* prepared; goes out with the first message */
	struct password secret;   /* needed until auth is done */
	struct password key_secret; /* opens the client's key */
	struct submission facts;
};

/*
 * Connects to the account's smarthost and speaks until EHLO, the one under TLS
 * if that is wanted, is answered. If a host cannot be reached or fails
 * temporarily, the account's next host is tried; the error names each. options
 * are borrowed until submit_close. 0 or -1; submit_close in either case.
 */
int submit_connect(struct submitter *s, const struct account *a,
	const struct submit_options *options, struct error *err);

/* The same, ready for AUTH or MAIL. The password is fetched before anything
 * is connected. */
int submit_open(struct submitter *s, const struct account *a,
	const struct submit_options *options, struct error *err);

/* Authenticates without a message. */
int submit_authenticate(struct submitter *s, struct error *err);

/* Sends one message through the session; see smtp_transaction. */
int submit_send(struct submitter *s, struct envelope *e,
	const struct message *m, enum content_after after,
	struct error *err);

/* Sends QUIT if the session is in step, and closes the connection. The facts
 * stay. */
void submit_close(struct submitter *s);

/*
 * Opens a session, sends one message and closes. 0: accepted for every
 * recipient. -1 with err: err->outcome tells what is certain. facts is always
 * filled in.
 */
int submit(const struct account *a, struct envelope *e,
	const struct message *m, const struct submit_options *options,
	struct submission *facts, struct error *err);

#endif
