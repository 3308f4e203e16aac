/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The story of one message: connect, TLS, EHLO, AUTH, envelope, content. */
#ifndef ONEHOP_SMTP_SUBMIT_H
#define ONEHOP_SMTP_SUBMIT_H

#include <stdint.h>

#include "auth/password.h"
#include "base/error.h"
#include "config/account.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "net/connect.h"
#include "smtp/auth.h"
#include "smtp/data.h"
#include "smtp/session.h"
#include "smtp/smarthost.h"

/* When the host is to be secured. */
enum tls_start {
	TLS_NEVER,
	TLS_AT_ONCE,
	TLS_BY_STARTTLS
};

/* What is worth a record, whatever the outcome. */
struct submission {
	char host[256];        /* the host, or the socket, we turned to last */
	unsigned port;
	struct connect_result connection; /* the address we talked to, when */
	enum tls_start tls_start;
	char tls[16];          /* "TLS1.3", or "" */
	char notice[512];      /* what the user should be told of it, or "" */
	char mechanism[32];    /* SASL mechanism used, or "" */
	struct reply final;    /* the server's last word on the message */
	int begun;             /* it accepted MAIL */
	/* moments, milliseconds of CLOCK_MONOTONIC, 0 if not reached */
	int64_t started;
	int64_t unlocked;      /* the password is there, or none is needed */
	int64_t turned;        /* away from an earlier host or session */
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
	struct auth auth;       /* prepared; goes out with the first message */
	struct password secret;   /* needed until auth is done */
	int room;               /* of spool_reserve, or 0 */
	struct password key_secret; /* opens the client's key */
	int unconfined;         /* set by who has more to do afterwards than
	                           sandbox.h allows */
	const struct commit_hook *hook; /* of the message; or NULL */
	struct submission facts;
	int progress;           /* as watch's */
};

/* Descriptors for those who look on. */
struct watch {
	int trace;     /* for the dialogue, or -1 */
	int progress;  /* a terminal, for how far the content is, or 0 */
};

/*
 * Connects to the account's smarthost and speaks until EHLO, the one under TLS
 * if that is wanted, is answered. Where that fails for a reason that time may
 * cure, or a host has no address, the account's next host is asked; the error
 * names each that was. trace is a descriptor for the dialogue, or -1. 0 or -1;
 * submit_close in either case.
 */
int submit_connect(struct submitter *s, const struct account *a, int trace,
	struct error *err);

/* The same, ready for AUTH or MAIL. The password is fetched before anything
 * is connected. */
int submit_open(struct submitter *s, const struct account *a, int trace,
	struct error *err);

/* Authenticates without a message. */
int submit_authenticate(struct submitter *s, struct error *err);

/* Sends one message through it; see smtp_transaction. */
int submit_message(struct submitter *s, struct envelope *e,
	const struct message *m, enum content_after after,
	struct error *err);

/* QUIT if the session is in step, and the end of the connection. The facts
 * stay. */
void submit_close(struct submitter *s);

/*
 * All of it for one message. 0 means accepted for every recipient; -1 with
 * err, err->outcome telling what is certain. facts is always filled in.
 */
int submit(const struct account *a, struct envelope *e,
	const struct message *m, const struct watch *watch,
	struct submission *facts, struct error *err);

#endif
