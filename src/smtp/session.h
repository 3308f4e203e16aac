/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection to a smarthost: each command has one reply. All commands are
 * sent by session_put(), which rejects CR, LF, NUL and excess length. */
#ifndef ONEHOP_SMTP_SESSION_H
#define ONEHOP_SMTP_SESSION_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "format/ehlo.h"
#include "format/reply.h"
#include "format/secrets.h"
#include "net/stream.h"
#include "smtp/smarthost.h"
#include "tls/tls.h"

/* Maximum length of a command with its CRLF, octets: the 512 of RFC 5321 and
 * the parameters of SIZE, DSN and SMTPUTF8. */
#define SESSION_COMMAND_MAX 2048

/*
 * Functions of a queue. before_end is called before the end of the content is
 * sent: after that only the server knows whether it has the message. between
 * is called before another transaction for the same message. If one returns -1
 * with err set, the end or the transaction is not sent.
 */
struct commit_hook {
	int (*before_end)(void *queue, struct error *err);
	int (*between)(void *queue, struct error *err);
	void *queue; /* the first argument */
};

struct submitter; /* submit.h */

/* Confinement of the process once it is connected (sandbox.h). */
enum submit_confinement {
	SUBMIT_CONFINED,
	SUBMIT_UNCONFINED /* the caller has more to do afterwards */
};

/* Options of a submission that are not part of the account. */
struct submit_options {
	int trace;           /* descriptor for the dialogue, or -1 */
	int progress;        /* terminal for the progress line, or 0 */
	enum submit_confinement confinement;
	int conversion_room; /* from spool_reserve, for a message that must be
	                        converted; or 0 */
	const struct commit_hook *hook; /* of the message; or NULL */
	int64_t waited;      /* seconds that the message was queued */
	/* Called with the context for each connection, before rights are given
	 * up; or NULL. A process that it forks calls submit_forget(). */
	void (*connected)(void *context, struct submitter *s);
	void *context;
};

struct session {
	struct stream stream;
	const struct account *account; /* borrowed */
	const struct submit_options *options; /* borrowed */
	const struct smarthost *smarthost; /* the server; borrowed */
	struct ehlo can;       /* of the last EHLO */
	struct tls_facts tls;          /* version "" without TLS */
	int confidential;              /* TLS is up, or the server is local */
	int authenticated;             /* AUTH was accepted in this session */
	int intact;                    /* QUIT can be sent: no reply missing */
	unsigned outstanding;          /* commands not answered yet */
	uint64_t mails;                /* transactions begun in the session */
	struct buffer lines;           /* last reply, raw, each line with LF */
	struct secrets secrets;        /* to hide in replies */
};

/*
 * Queues a command and adds the CRLF. Returns 0 on success; -1 EX_DATAERR if it
 * contains a control character or is too long, EX_PROTOCOL if an unsolicited
 * reply is waiting, or the error of the stream.
 */
int session_put(struct session *s, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a command of len octets that is not formatted. */
int session_put_text(struct session *s, const char *command, size_t len,
	struct error *err);

/* Hides the password from now on, by secrets_add_password: where a reply
 * repeats it, its text, the trace and errors have "<hidden>". Its code and
 * lines are left as they are. */
void session_hide(struct session *s, const char *password, size_t len);

/* Returns the server's text as replies are shown, without hidden secrets.
 * Borrowed until the next reply. */
const char *session_conceal(struct session *s, const char *text);

/* Same as session_put(), for a line with a secret: verb (may be "") and base64.
 * The trace shows only its length, and replies that repeat it "<hidden>". */
int session_put_secret(struct session *s, const char *verb,
	struct buffer *base64, struct error *err);

/*
 * Sends the queued commands and reads exactly one reply to the given command.
 * Returns 0 for any code; -1 if there is no reply or it is malformed. 421 ends
 * the session: intact becomes 0.
 */
int session_get(struct session *s, enum reply_to command, struct reply *r,
	struct error *err);

/* Same as session_get(), but a reply of another class is an error with its
 * text: returns -1 with the code of reply_exit_code(). */
int session_expect(struct session *s, enum reply_to command, int class,
	struct reply *r, struct error *err);

/* Sets the error for a reply that refused the command. Returns -1. */
int session_refused(enum reply_to command, const struct reply *r,
	struct error *err);

/* Returns whether the session has carried as many transactions as LIMITS
 * MAILMAX allows (RFC 9422 4.1). */
int session_is_used_up(const struct session *s);

/* Returns whether the server offers the extension. */
int session_can(const struct session *s, enum extension extension);

/* Closes the connection without sending anything more. */
void session_close(struct session *s);

#endif
