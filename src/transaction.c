/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp.h"

#include <string.h>

#include "buffer.h"

/*
 * How many commands may be unanswered. Enough for any round trip, and their
 * replies fit in what a stream takes in while it writes.
 */
#define WINDOW 512

/*
 * The commands of a transaction as numbered steps, so that one loop serves
 * every server: with PIPELINING many are under way, without it one.
 */
struct transaction {
	struct session *session;
	struct envelope *envelope;
	const struct message *message;
	struct auth *auth;     /* goes into the first flight; or NULL */
	size_t window;         /* commands that may be unanswered */
	size_t accepted;       /* recipients */
	int mail;              /* codes of the replies to MAIL and DATA; */
	int data;              /* 0: none came */
	int failed;            /* a step was refused, err says how */
	size_t failed_at;      /* the first such step */
};

/* Steps: AUTH, MAIL, one per recipient, DATA. */
#define STEP_AUTH ((size_t)0)
#define STEP_MAIL ((size_t)1)
#define STEP_RCPT ((size_t)2)

static size_t
step_data(const struct transaction *t)
{
	return STEP_RCPT + t->envelope->n;
}

/* What the server must be able to do for this message. */
static int
check_fitness(const struct transaction *t, struct error *err)
{
	const struct session *s = t->session;
	uint64_t size = message_size(t->message);

	if (s->can.size_max > 0 && size > s->can.size_max)
		return fail(err, EX_DATAERR,
		    "message of %llu bytes exceeds server limit %llu",
		    (unsigned long long)size,
		    (unsigned long long)s->can.size_max);
	if (t->envelope->smtputf8 && !session_can(s, EXT_SMTPUTF8))
		return fail(err, EX_DATAERR, "server lacks SMTPUTF8, which "
		    "an address or header field of this message needs");
	return 0;
}

static int
put_mail(const struct transaction *t, struct error *err)
{
	const struct envelope *e = t->envelope;
	const struct message *m = t->message;
	const struct session *s = t->session;
	struct buffer parameters = {0};
	int result;

	if (session_can(s, EXT_SIZE))
		buffer_addf(&parameters, " SIZE=%llu",
		    (unsigned long long)message_size(m));
	if ((m->body_8bit || m->header_8bit || e->smtputf8) &&
	    session_can(s, EXT_8BITMIME))
		buffer_add_string(&parameters, " BODY=8BITMIME");
	if (e->smtputf8)
		buffer_add_string(&parameters, " SMTPUTF8");
	if (e->returns != NULL && session_can(s, EXT_DSN))
		buffer_addf(&parameters, " RET=%s", e->returns);
	if (e->envid != NULL && session_can(s, EXT_DSN))
		buffer_addf(&parameters, " ENVID=%s", e->envid);
	result = session_put(t->session, err, "MAIL FROM:<%s>%s", e->sender,
	    buffer_string(&parameters));
	buffer_free(&parameters);
	return result;
}

static int
put_rcpt(const struct transaction *t, const struct recipient *to,
    struct error *err)
{
	const struct envelope *e = t->envelope;

	if (e->notify != NULL && session_can(t->session, EXT_DSN))
		return session_put(t->session, err,
		    "RCPT TO:<%s> NOTIFY=%s", to->path, e->notify);
	return session_put(t->session, err, "RCPT TO:<%s>", to->path);
}

static int
put_step(struct transaction *t, size_t step, struct error *err)
{
	if (step == STEP_AUTH)
		return auth_put(t->auth, t->session, err);
	if (step == STEP_MAIL)
		return put_mail(t, err);
	if (step == step_data(t))
		return session_put(t->session, err, "DATA");
	return put_rcpt(t, &t->envelope->to[step - STEP_RCPT], err);
}

/* The first refusal of a transaction is the cause of all later ones. */
static void
note_failure(struct transaction *t, size_t step)
{
	if (!t->failed)
		t->failed_at = step;
	t->failed = 1;
}

static int
get_auth(struct transaction *t, struct error *err)
{
	if (auth_get(t->auth, t->session, err) == 0)
		return 0;
	if (!t->session->intact)
		return -1;
	note_failure(t, STEP_AUTH);
	return 0;
}

/* The reply to MAIL or DATA; r.code tells the caller more. */
static int
get_plain(struct transaction *t, size_t step, struct reply *r,
    struct error *err)
{
	enum reply_to command = step == STEP_MAIL ? REPLY_TO_MAIL
	    : REPLY_TO_DATA;

	if (session_get(t->session, command, r, err) != 0)
		return -1;
	if (command == REPLY_TO_MAIL ? reply_class(r) == 2 : r->code == 354)
		return 0;
	session_refused(command, r, err);
	if (reply_class(r) != 4 && reply_class(r) != 5)
		return t->session->intact = 0, -1; /* not in step any more */
	note_failure(t, step);
	return 0;
}

static int
get_rcpt(struct transaction *t, size_t step, struct error *err)
{
	struct reply *r = &t->envelope->to[step - STEP_RCPT].reply;

	if (session_get(t->session, REPLY_TO_RCPT, r, err) != 0)
		return -1;
	if (reply_class(r) == 2) {
		t->accepted++;
		return 0;
	}
	session_refused(REPLY_TO_RCPT, r, err);
	if (reply_class(r) != 4 && reply_class(r) != 5)
		return t->session->intact = 0, -1;
	if (!t->session->account->partial_delivery || r->code == 421)
		note_failure(t, step);
	return 0;
}

static int
get_step(struct transaction *t, size_t step, struct error *err)
{
	struct reply r = {0};
	int result;

	if (step == STEP_AUTH)
		return get_auth(t, err);
	if (step != STEP_MAIL && step != step_data(t))
		return get_rcpt(t, step, err);
	result = get_plain(t, step, &r, err);
	*(step == STEP_MAIL ? &t->mail : &t->data) = r.code;
	return result;
}

/*
 * Sends the commands and takes their replies, one for one, from step first
 * on. After a refusal no more are sent, but those under way are answered: only
 * then is it known whether the server waits for content. -1: no reply came and
 * nothing had been refused before.
 */
static int
exchange(struct transaction *t, size_t first, struct error *err)
{
	size_t sent = first, answered = first;
	size_t end = step_data(t) + 1;
	struct error later = {0};

	while (answered < end && t->session->intact) {
		while (sent < end && sent - answered < t->window) {
			/* no recipient, no reason to ask for the content */
			if (sent == answered && sent == step_data(t) &&
			    t->accepted == 0)
				return 0;
			if (put_step(t, sent, err) != 0)
				return -1;
			sent++;
		}
		if (get_step(t, answered, t->failed ? &later : err) != 0)
			return t->failed ? 0 : -1;
		answered++;
		if (t->failed)
			end = sent;
	}
	return 0;
}

/* Is the envelope accepted as far as the account wants it to be? */
static int
judge(const struct transaction *t, struct error *err)
{
	int at_recipient = t->failed_at >= STEP_RCPT &&
	    t->failed_at < step_data(t);

	if (t->failed && (t->failed_at < STEP_RCPT ||
	    (t->failed_at == step_data(t) && t->accepted > 0)))
		return -1;
	if ((t->failed && at_recipient) || t->accepted == 0)
		return envelope_blame(t->envelope, err);
	return 0;
}

/* MAIL and what follows, with AUTH in front if it may go along. */
static int
send_envelope(struct transaction *t, struct error *err)
{
	struct session *s = t->session;
	size_t first = STEP_MAIL;

	if (t->auth != NULL && !auth_may_pipeline(t->auth, s)) {
		if (auth_run(t->auth, s, err) != 0)
			return -1;
		t->auth = NULL;
	}
	if (t->auth != NULL)
		first = STEP_AUTH;
	if (exchange(t, first, err) != 0)
		return -1;
	if (first == STEP_AUTH && t->failed && t->failed_at == STEP_MAIL &&
	    s->intact && t->data != 354 &&
	    (t->mail == 503 || t->mail == 530)) {
		/* it wants AUTH answered before MAIL: once more, in step */
		t->failed = 0;
		t->window = 1;
		memset(err, 0, sizeof(*err));
		return exchange(t, STEP_MAIL, err);
	}
	return 0;
}

/* Clears the table for the next transaction (RFC 5321 4.1.1.5). */
static void
reset(struct session *s)
{
	struct error ignored = {0};
	struct reply r;

	if (s->intact && (session_put(s, &ignored, "RSET") != 0 ||
	    session_expect(s, REPLY_TO_OTHER, 2, &r, &ignored) != 0))
		s->intact = 0;
}

int
smtp_transaction(struct session *s, struct auth *auth, struct mail *mail,
    struct error *err)
{
	struct transaction t = { .session = s };

	t.envelope = mail->envelope;
	t.message = mail->message;
	t.auth = auth != NULL && auth->mechanism != NULL ? auth : NULL;
	t.window = session_can(s, EXT_PIPELINING) && s->account->pipelining
	    ? WINDOW : 1;
	for (size_t i = 0; i < t.envelope->n; i++)
		memset(&t.envelope->to[i].reply, 0, sizeof(struct reply));
	if (check_fitness(&t, err) != 0 || send_envelope(&t, err) != 0)
		return -1;
	if (judge(&t, err) == 0)
		return content_send(s, mail, err);
	/* 354 came all the same: only hanging up says "no message" */
	if (t.data == 354)
		s->intact = 0;
	if (mail->after == CONTENT_STAY)
		reset(s);
	return -1;
}
