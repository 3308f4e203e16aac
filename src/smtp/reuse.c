/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/reuse.h"

#include <string.h>

#include "base/poll.h"

static int
open_session(struct reused_session *d, const struct account *a,
    struct error *err)
{
	memset(&d->submitter, 0, sizeof(d->submitter));
	/* another message may need another account and its command */
	d->options.confinement = SUBMIT_UNCONFINED;
	account_copy(&d->account, a);
	d->open = 1;
	d->opening = 1;
	if (submit_open(&d->submitter, &d->account, &d->options,
	    err) != 0) {
		reuse_close(d);
		return -1;
	}
	d->opening = 0;
	return 0;
}

/* Returns whether the server closed an idle session before it received anything
 * significant. */
static int
is_stale(const struct submitter *s)
{
	int code = s->facts.final.code;

	return !s->session.intact && (code == 0 || code == 421);
}

/*
 * Returns whether the refusal of MAIL, RCPT or DATA may be about the session,
 * such as a limit on the messages of a session. A refusal of a recipient's
 * address (5.1.z) is not, nor is one that did not come from the server.
 */
static int
may_be_limit(const struct submitter *s, const struct envelope *e,
    uint64_t mails)
{
	const struct reply *r = envelope_refusal(e);

	return s->session.mails > mails && s->facts.mail.invited == 0 &&
	    (r == NULL || strncmp(r->dsn, "5.1.", 4) != 0);
}

/* Returns whether to retry a message in a new session, after it failed in a
 * session that had carried others. */
static int
deserves_session(const struct submitter *s, const struct envelope *e,
    uint64_t mails, const struct error *err)
{
	if (err->signal != 0 || err->outcome != OUTCOME_NOT_SENT ||
	    (!s->session.intact && err->code == EX_PROTOCOL))
		return 0;
	if (!s->session.intact && err->code == EX_TEMPFAIL && is_stale(s))
		return 1;
	return may_be_limit(s, e, mails);
}

/* The deadline is that of one message, not of the session. */
static void
renew_deadline(struct submitter *s, const struct account *a)
{
	if (a->deadline == 0)
		return;
	s->route.deadline = deadline_in(1000 * (int64_t)a->deadline);
	s->session.stream.deadline = s->route.deadline;
}

/* Another message must not be sent without the AUTH that its account wants:
 * the one of the first message was refused, or not reached. */
static int
may_carry_more(const struct submitter *s)
{
	return s->session.intact && (s->session.authenticated ||
	    !auth_is_wanted(s->session.account));
}

static int
send_message(struct reused_session *d, const struct account *a,
    struct envelope *e, const struct message *m, struct error *err)
{
	struct submitter *s = &d->submitter;
	uint64_t mails;
	int reused, result;

	if (d->open && (!account_equal(&d->account, a) ||
	    session_is_used_up(&s->session)))
		reuse_close(d);
	reused = d->open;
	if (!d->open && open_session(d, a, err) != 0)
		return -1;
	if (reused)
		renew_deadline(s, a);
	mails = s->session.mails;
	result = submit_send(s, e, m, CONTENT_STAY, err);
	if (result != 0 && reused && deserves_session(s, e, mails, err)) {
		reuse_close(d);
		envelope_forget_replies(e);
		memset(err, 0, sizeof(*err));
		if (open_session(d, a, err) != 0)
			return -1;
		result = submit_send(s, e, m, CONTENT_STAY, err);
	}
	if (!may_carry_more(s))
		reuse_close(d);
	return result;
}

int
reuse_send(struct reused_session *d, const struct account *a,
    struct envelope *e, const struct message *m, struct error *err)
{
	int64_t started = deadline_now();
	int result = send_message(d, a, e, m, err);

	/* the times of this message, not of the session */
	d->submitter.facts.started = started;
	d->submitter.facts.ended = deadline_now();
	return result != 0 ? ensure_code(err) : 0;
}

void
reuse_close(struct reused_session *d)
{
	if (!d->open)
		return;
	submit_close(&d->submitter);
	account_free(&d->account);
	d->open = 0;
}
