/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "smtp/advice.h"
#include "smtp/esmtp.h"

/*
 * Maximum number of unanswered commands: enough for any round trip, and their
 * replies fit in the buffer that a stream fills while it writes.
 */
#define WINDOW 512

/*
 * The commands of a transaction as numbered steps, so that one loop serves
 * every server: many are unanswered with PIPELINING, one without it.
 */
struct transaction {
	struct session *session;
	struct envelope *envelope;
	const struct message *message;
	struct auth *auth;      /* goes into the first flight; or NULL */
	struct mail_times *times;
	size_t window;          /* commands that may be unanswered */
	enum content_after last; /* the command after the last transaction */
	size_t done;            /* number of recipients with a result */
	struct recipient **to;  /* the recipients of this transaction */
	size_t n;
	size_t accepted;        /* of these */
	size_t excess;          /* of these, put off: "too many recipients" */
	int mail;               /* codes of the replies to MAIL and DATA; */
	int data;               /* 0 without a reply */
	int failed;             /* a step was refused, err says how */
	size_t failed_at;       /* the first such step */
	int blamed;             /* err names the refused recipients */
	struct reply refusal;   /* of MAIL or DATA, if that step failed */
};

/* Steps: AUTH, MAIL, one per recipient, DATA. */
#define STEP_AUTH ((size_t)0)
#define STEP_MAIL ((size_t)1)
#define STEP_RCPT ((size_t)2)

static size_t
step_data(const struct transaction *t)
{
	return STEP_RCPT + t->n;
}

/* With BDAT, the content follows the envelope without waiting for a 354. */
static size_t
step_end(const struct transaction *t)
{
	return step_data(t) + !esmtp_uses_bdat(t->session);
}

static int
put_mail(struct transaction *t, struct error *err)
{
	struct buffer parameters = {0};
	int result;

	esmtp_add_mail(&parameters, t->session, t->envelope, t->message);
	t->session->mails++;
	result = session_put(t->session, err, "MAIL FROM:<%s>%s",
	    t->envelope->sender, buffer_string(&parameters));
	buffer_free(&parameters);
	return result;
}

static int
put_rcpt(const struct transaction *t, const struct recipient *to,
    struct error *err)
{
	struct buffer command = {0};
	int result;

	buffer_add_string(&command, "RCPT TO:<");
	buffer_add_string(&command, to->path);
	buffer_add_char(&command, '>');
	esmtp_add_rcpt(&command, t->session, t->envelope, to);
	result = session_put_text(t->session, command.data, command.len, err);
	buffer_free(&command);
	return result;
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
	return put_rcpt(t, t->to[step - STEP_RCPT], err);
}

/* Keeps the first refusal of a transaction, the cause of all later ones. */
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
	t->times->shared = 1;
	if (auth_get(t->auth, t->session, err) == 0) {
		t->times->authenticated = deadline_now();
		return 0;
	}
	if (!t->session->intact)
		return -1;
	note_failure(t, STEP_AUTH);
	return 0;
}

static int
is_refusal(const struct reply *r)
{
	return reply_class(r) == 4 || reply_class(r) == 5;
}

/* Evaluates the reply to MAIL or DATA. */
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
	/* "no valid recipients" adds nothing to the refusals of RCPT */
	if (command == REPLY_TO_DATA && t->accepted == 0 && is_refusal(r))
		return 0;
	session_refused(command, r, err);
	advice_hint(t->session, command, r, t->envelope->sender, err);
	if (!is_refusal(r)) {
		t->session->intact = 0; /* out of step */
		return -1;
	}
	if (!t->failed)
		t->refusal = *r;
	note_failure(t, step);
	return 0;
}

/* RFC 5321 4.5.3.1.10: the others go in another transaction. */
static int
is_too_many(const struct reply *r)
{
	return r->code == 452 &&
	    (r->dsn[0] == '\0' || strcmp(r->dsn, "4.5.3") == 0);
}

static int
get_rcpt(struct transaction *t, size_t step, struct error *err)
{
	int partial = t->session->account->partial_delivery;
	struct recipient *to = t->to[step - STEP_RCPT];
	struct reply *r = &to->reply;

	if (session_get(t->session, REPLY_TO_RCPT, r, err) != 0)
		return -1;
	if (reply_class(r) == 2) {
		to->pending = 1;
		t->accepted++;
		return 0;
	}
	if (is_too_many(r))
		t->excess++;
	session_refused(REPLY_TO_RCPT, r, err);
	if (!is_refusal(r)) {
		t->session->intact = 0;
		return -1;
	}
	if (!partial || r->code == 421)
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
 * Sends the commands from step first on and reads one reply for each. After a
 * refusal it sends no more, but reads all outstanding replies: only then is it
 * known whether the server waits for content. Returns -1 if a reply is missing
 * and nothing had been refused before.
 */
static int
exchange(struct transaction *t, size_t first, struct error *err)
{
	size_t sent = first, answered = first;
	size_t end = step_end(t);
	struct error later = {0};

	while (answered < end && t->session->intact) {
		while (sent < end && sent - answered < t->window) {
			/* without a recipient, DATA is pointless */
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

/* Sets the error for the refused recipients. */
static int
blame_recipients(struct transaction *t, struct error *err)
{
	const struct reply *worst = envelope_refusal(t->envelope);

	t->blamed = 1;
	envelope_blame(t->envelope, err);
	if (worst != NULL)
		advice_hint(t->session, REPLY_TO_RCPT, worst,
		    t->envelope->sender, err);
	return -1;
}

/* Checks that the envelope is accepted as far as the account requires. */
static int
judge(struct transaction *t, struct error *err)
{
	int at_recipient = t->failed_at >= STEP_RCPT &&
	    t->failed_at < step_data(t);

	if (t->failed && (t->failed_at < STEP_RCPT ||
	    (t->failed_at == step_data(t) && t->accepted > 0)))
		return -1;
	if ((t->failed && at_recipient) || t->accepted == 0)
		return blame_recipients(t, err);
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

/*
 * Clears the results of recipients that RCPT accepted but that got no message,
 * and replies to RCPT after a failed AUTH or MAIL, which do not concern the
 * recipients.
 */
static void
forget_pending(const struct transaction *t)
{
	int all = t->failed && t->failed_at < STEP_RCPT;

	for (size_t i = 0; i < t->n; i++) {
		if (!t->to[i]->pending && !all)
			continue;
		memset(&t->to[i]->reply, 0, sizeof(t->to[i]->reply));
		t->to[i]->pending = 0;
	}
}

/*
 * Returns whether the envelope may be sent again, one command at a time, after
 * AUTH, MAIL and the rest were sent in one flight and only AUTH, or MAIL before
 * AUTH's reply, was refused.
 */
static int
may_repeat(struct transaction *t, struct error *err)
{
	struct session *s = t->session;

	if (!t->failed || !s->intact || t->data == 354)
		return 0;
	if (t->failed_at == STEP_MAIL)
		return t->mail == 503 || t->mail == 530;
	if (t->failed_at != STEP_AUTH)
		return 0;
	if (t->mail / 100 == 2)
		reset(s); /* AUTH is not allowed within a transaction */
	return auth_fall_back(t->auth, s, err) == 0;
}

static int
repeat(struct transaction *t, struct error *err)
{
	forget_pending(t);
	t->failed = 0;
	t->accepted = t->excess = 0;
	memset(&t->refusal, 0, sizeof(t->refusal));
	t->window = 1;
	memset(err, 0, sizeof(*err));
	return exchange(t, STEP_MAIL, err);
}

/* Sends MAIL and what follows, preceded by AUTH if it can be pipelined. */
static int
send_envelope(struct transaction *t, struct error *err)
{
	struct session *s = t->session;
	size_t first = STEP_MAIL;

	if (t->auth != NULL && !auth_may_pipeline(t->auth, s)) {
		if (auth_run(t->auth, s, err) != 0)
			return -1;
		t->times->authenticated = deadline_now();
		t->auth = NULL;
	}
	if (t->auth != NULL)
		first = STEP_AUTH;
	if (exchange(t, first, err) != 0) {
		if (first == STEP_AUTH && err->code == EX_TEMPFAIL &&
		    err->signal == 0 && !s->stream.ended)
			hint(err, "if the server does not answer pipelined "
			    "AUTH and MAIL, set auth_pipelining off");
		return -1;
	}
	if (first == STEP_AUTH && may_repeat(t, err))
		return repeat(t, err);
	return 0;
}

/* Ends a transaction that sends no content. */
static int
abandon(struct transaction *t, struct mail *mail)
{
	struct session *s = t->session;

	forget_pending(t);
	mail->final = t->refusal;
	/* after 354 only closing the connection means "no message" */
	if (t->data == 354)
		s->intact = 0;
	if (mail->after == CONTENT_STAY)
		reset(s);
	return -1;
}

/* Collects the recipients without a result, at most as many as the server
 * accepts. */
static void
gather(struct transaction *t)
{
	uint64_t max = t->session->can.rcpt_max;
	struct envelope *e = t->envelope;

	t->n = t->accepted = t->excess = 0;
	t->mail = t->data = t->failed = 0;
	memset(&t->refusal, 0, sizeof(t->refusal));
	for (size_t i = 0; i < e->n && (max == 0 || t->n < max); i++)
		if (e->to[i].reply.code == 0 || is_too_many(&e->to[i].reply))
			t->to[t->n++] = &e->to[i];
}

/* Checks that the recipients fit in one transaction. */
static int
check_count(const struct transaction *t, struct error *err)
{
	uint64_t max = t->session->can.rcpt_max;

	if (max == 0 || t->envelope->n <= max ||
	    t->session->account->partial_delivery)
		return 0;
	fail(err, EX_UNAVAILABLE, "server accepts at most %llu recipients, "
	    "this message has %zu", (unsigned long long)max, t->envelope->n);
	return hint(err, "set partial_delivery on to split them");
}

/* Defers the recipients that MAILMAX (RFC 9422 4.1) excludes. */
static void
leave_the_rest(struct envelope *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct reply *r = &e->to[i].reply;

		if (r->code != 0)
			continue;
		r->code = 452;
		snprintf(r->text, sizeof(r->text), "not tried: server accepts "
		    "no more messages in this session");
	}
}

static int
begin(struct transaction *t, struct auth *auth, struct mail *mail,
    struct error *err)
{
	struct session *s = t->session;

	t->envelope = mail->envelope;
	t->message = mail->message;
	t->times = &mail->times;
	t->auth = auth != NULL && auth->mechanism != NULL ? auth : NULL;
	t->last = mail->after;
	t->window = session_can(s, EXT_PIPELINING) && s->account->pipelining
	    ? WINDOW : 1;
	envelope_forget_replies(t->envelope);
	if (esmtp_check(s, t->envelope, t->message, err) != 0 ||
	    check_count(t, err) != 0)
		return -1;
	t->to = xcalloc(t->envelope->n, sizeof(t->to[0]));
	return 0;
}

/* Returns whether the session continues with another transaction, for
 * recipients left over by RCPTMAX or 452. */
static enum content_after
after_content(const struct transaction *t)
{
	int partial = t->session->account->partial_delivery;

	return t->done + t->n < t->envelope->n ||
	    (partial && t->accepted > 0 && t->excess > 0) ? CONTENT_STAY
	    : t->last;
}

/*
 * Returns whether another transaction follows: only with partial_delivery, if
 * nothing failed except recipients, and until each recipient has a result,
 * MAILMAX is reached, or the last transaction brought no result.
 */
static int
another_follows(struct transaction *t, int result, struct error *err)
{
	int partial = t->session->account->partial_delivery;
	int only_refusals = t->session->intact && !t->failed &&
	    t->accepted == 0;

	if (result != 0 && !(partial && only_refusals))
		return 0;
	memset(err, 0, sizeof(*err));
	t->blamed = 0;
	t->auth = NULL;
	t->done += t->n - t->excess;
	return partial && t->done < t->envelope->n && t->excess < t->n &&
	    !session_is_used_up(t->session);
}

/* Lets the queue record the results before the next transaction, which may take
 * long; but not refusals of a session that has taken no content yet, for which
 * another session may be tried. */
static int
announce_next(struct session *s, const struct mail *mail, struct error *err)
{
	const struct commit_hook *hook = s->options->hook;

	if (hook == NULL || mail->times.invited == 0 ||
	    hook->between(hook->queue, err) == 0)
		return 0;
	s->intact = 0;
	return -1;
}

/*
 * Sets outcome, text and exit code together. If some recipients have the
 * message, the code must not invite the caller to send it to all of them again.
 */
static int
conclude(struct transaction *t, const struct reply *final, struct error *err)
{
	const struct envelope *e = t->envelope;
	size_t accepted = 0, open = 0;

	if (err->code == 0)
		leave_the_rest(t->envelope);
	for (size_t i = 0; i < e->n; i++) {
		int class = reply_class(&e->to[i].reply);

		accepted += class == 2;
		open += class != 2 && class != 5;
	}
	if (err->code == 0 && accepted == e->n)
		return 0;
	if (err->code == 0)
		blame_recipients(t, err);
	else if (t->session->account->partial_delivery && !t->blamed &&
	    t->session->options->hook == NULL) /* a queue tells them itself */
		envelope_add_refusals(e, final, err);
	if (accepted == 0)
		return -1;
	wrap(err, "accepted for %zu of %zu recipients", accepted, e->n);
	if (err->outcome == OUTCOME_NOT_SENT)
		err->outcome = OUTCOME_PARTIAL;
	if (open == 0)
		return -1;
	err->code = EX_UNAVAILABLE;
	return hint(err, "resend it only to the recipients that were not "
	    "accepted");
}

int
smtp_transaction(struct session *s, struct auth *auth, struct mail *mail,
    struct error *err)
{
	struct transaction t = { .session = s };
	int sent, result;

	if (begin(&t, auth, mail, err) != 0)
		return -1;
	do {
		gather(&t);
		sent = send_envelope(&t, err) == 0;
		mail->begun |= t.mail / 100 == 2;
		mail->after = sent ? after_content(&t) : t.last;
		result = sent && judge(&t, err) == 0
		    ? data_send(s, mail, err) : abandon(&t, mail);
	} while (sent && another_follows(&t, result, err) &&
	    announce_next(s, mail, err) == 0);
	mail->after = t.last;
	free(t.to);
	return conclude(&t, &mail->final, err);
}
