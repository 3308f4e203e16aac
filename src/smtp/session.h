/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to a smarthost: each command gets one reply. Every command
 * is sent through session_put, which refuses CR, LF, NUL and over-length.
 */
#ifndef ONEHOP_SMTP_SESSION_H
#define ONEHOP_SMTP_SESSION_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "format/ehlo.h"
#include "format/reply.h"
#include "net/stream.h"
#include "smtp/smarthost.h"
#include "tls/tls.h"

/* Octets of a command with its CRLF: RFC 5321's 512 plus the parameters of
 * SIZE, DSN and SMTPUTF8. */
#define SESSION_COMMAND_MAX 2048

/*
 * Called before the end of the content is sent. From then on only the server
 * knows whether it has the message, so a queue records that first. -1 with err
 * set: the end is not sent.
 */
struct commit_hook {
	int (*before_end)(void *queue, struct error *err);
	void *queue; /* the first argument */
};

/* The process gives up rights once it is connected, or not (sandbox.h). */
enum submit_confinement {
	SUBMIT_CONFINED,
	SUBMIT_UNCONFINED /* the caller has more to do afterwards */
};

/* The wishes of a submission's caller besides the account. */
struct submit_options {
	int trace;           /* descriptor for the dialogue, or -1 */
	int progress;        /* terminal for the progress line, or 0 */
	enum submit_confinement confinement;
	int conversion_room; /* from spool_reserve, for a message that has to
	                        be converted; or 0 */
	const struct commit_hook *hook; /* of the message; or NULL */
};

struct session {
	struct stream stream;
	const struct account *account; /* borrowed */
	const struct submit_options *options; /* borrowed */
	const struct smarthost *smarthost; /* the server; borrowed */
	struct ehlo can;       /* of the last EHLO */
	struct tls_facts tls;          /* version "" without TLS */
	int confidential;              /* TLS is up, or the server is local */
	int intact;                    /* in step: QUIT may be sent */
	unsigned outstanding;          /* commands not answered yet */
	uint64_t mails;                /* transactions begun in the session */
	struct buffer lines;           /* last reply, raw, each line with LF */
	struct buffer secrets;         /* hidden in replies, LFs between */
	struct buffer shown;           /* a line without them */
};

/*
 * Queues a command; the CRLF is added. -1 EX_DATAERR if it would hold a
 * control character or be too long; EX_PROTOCOL if a reply without a command
 * is waiting; the stream's errors.
 */
int session_put(struct session *s, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * From now on what a reply repeats of the secret, all of it or 8 octets, reads
 * "<hidden>" in the reply's text, the trace and errors. lines stays raw.
 */
void session_hide(struct session *s, const char *secret, size_t len);

/* The same for a line that holds a secret: verb (may be "") and base64. The
 * trace shows only its length. */
int session_put_secret(struct session *s, const char *verb,
	struct buffer *base64, struct error *err);

/*
 * Sends the queued commands, then takes exactly one reply to the given one.
 * 0 with any code; -1 without a reply or with a malformed one. 421 ends the
 * session: intact becomes 0.
 */
int session_get(struct session *s, enum reply_to command, struct reply *r,
	struct error *err);

/* Like session_get, but a reply of another class is an error with its text:
 * -1 with the code of reply_exit_code. */
int session_expect(struct session *s, enum reply_to command, int class,
	struct reply *r, struct error *err);

/* Sets the error for a reply that refused the command. Returns -1. */
int session_refused(enum reply_to command, const struct reply *r,
	struct error *err);

/* Returns whether the session has had as many transactions as LIMITS MAILMAX
 * allows (RFC 9422 4.1). */
int session_is_used_up(const struct session *s);

/* Returns whether the server offers the extension. */
int session_can(const struct session *s, enum extension extension);

/* Closes the connection without sending anything more. */
void session_close(struct session *s);

#endif
