/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/disposition.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/platform.h"
#include "base/xmalloc.h"
#include "outbox/enqueue.h"
#include "report/log.h"

void
disposition_complain(struct error *all, int code, const char *text)
{
	static const int ranks[] = { 0, EX_TEMPFAIL, EX_UNAVAILABLE,
	    EX_CONFIG, EX_NOPERM, EX_CANTCREAT };
	const size_t n = sizeof(ranks) / sizeof(ranks[0]);
	struct error old = *all;
	size_t was = 0, is = 0;

	while (was < n && ranks[was] != old.code)
		was++;
	while (is < n && ranks[is] != code)
		is++;
	fail(all, is > was ? code : old.code, "%s%s%s", old.text,
	    old.text[0] != '\0' ? "\n" : "", text);
	memcpy(all->hint, old.hint, sizeof(all->hint));
	all->signal = old.signal;
}

void
disposition_leave_out(struct job *j)
{
	struct envelope *e = &j->file.envelope;
	size_t kept = 0;

	j->index = xcalloc(e->n + 1, sizeof(j->index[0]));
	for (size_t i = 0; i < e->n; i++) {
		struct recipient to = e->to[i];

		if (!journal_recipient_is_open(&j->state, i)) {
			free(to.path);
			free(to.notify);
			free(to.orcpt);
			continue;
		}
		e->to[kept] = to;
		j->index[kept++] = i;
	}
	e->n = kept;
}

/* Moves the message to the failed ones, for the user to deal with. */
static int
give_up(struct flushing *f, struct job *j, const char *why,
    struct error *err)
{
	struct error said = {0};

	if ((!j->state.failed &&
	    journal_write(&j->journal, JOURNAL_FAILED, 0, why, err) != 0) ||
	    outbox_move(&f->outbox, j->id, OUTBOX_NEW, OUTBOX_FAILED,
	    err) != 0)
		return -1;
	f->result.failed++;
	j->site->failed++;
	fail(&said, EX_UNAVAILABLE, "outbox: message %s given up: %s",
	    j->id, why);
	if (f->result.failed <= DISPOSITION_TOLD_MAX)
		disposition_complain(&f->complaints, EX_UNAVAILABLE,
		    said.text);
	return 0;
}

void
disposition_record(struct flushing *f, struct attempt *attempt)
{
	struct error warning = {0};

	attempt->code = attempt->result->code;
	if (log_write(attempt, &warning) != 0 && f->result.log.code == 0)
		f->result.log = warning;
}

int
disposition_give_up(struct flushing *f, struct job *j, const char *why,
    struct error *err)
{
	struct submission facts = {0};
	struct error result = {0};
	struct attempt attempt = {
		.account = &j->site->account,
		.envelope = &j->file.envelope,
		.message = &j->file.message,
		.facts = &facts,
		.result = &result
	};

	if (give_up(f, j, why, err) != 0)
		return -1;
	fail(&result, EX_UNAVAILABLE, "outbox: message %s given up: %s",
	    j->id, why);
	if (j->site->account.name != NULL)
		disposition_record(f, &attempt);
	return 0;
}

/* Appends the recipients that have refused the message so far. Returns their
 * number. */
static size_t
blame(const struct job *j, struct error *why)
{
	struct buffer text = {0};
	size_t n = 0;

	for (size_t i = 0; i < j->state.n; i++) {
		const struct journal_recipient *to = &j->state.to[i];

		if (to->state != RECIPIENT_REFUSED)
			continue;
		if (n++ < 10)
			buffer_addf(&text, "%srecipient %s: %s",
			    n > 1 ? "; " : "", ascii_is_digit(to->words[0])
			    ? "rejected" : "given up", to->words);
	}
	if (n > 10)
		buffer_addf(&text, "; and %zu more", n - 10);
	fail(why, EX_NOUSER, "%s", buffer_string(&text));
	buffer_free(&text);
	return n;
}

int
disposition_settle(struct flushing *f, struct job *j, struct error *err)
{
	struct error why = {0};

	if (blame(j, &why) > 0)
		return give_up(f, j, why.text, err);
	return outbox_unlink(&f->outbox, OUTBOX_NEW, j->id, err);
}

/* Leaves the message where it is, to be tried again when it is due. */
static int
put_off(struct flushing *f, struct job *j, enum journal_event event,
    int64_t due, const char *why, struct error *err)
{
	int64_t now = time(NULL);

	/* LMTP may have answered for some of those that the last one names */
	if (event == JOURNAL_UNKNOWN &&
	    j->site->account.protocol == PROTOCOL_LMTP &&
	    journal_write_ending(&j->journal, &j->file.envelope, j->index,
	    err) != 0)
		return -1;
	if (event != JOURNAL_HELD && journal_is_over(&j->state, now)) {
		struct error over = {0};

		fail(&over, EX_UNAVAILABLE, "undelivered after %d days: %s",
		    (int)((now - j->file.queued) / (24 * 3600)), why);
		return give_up(f, j, over.text, err);
	}
	f->result.waiting++;
	f->changed = 1;
	return journal_write(&j->journal, event, due, why, err);
}

/* Returns whether the recipient, number index in the file, is not tried
 * again. */
static int
is_exhausted(const struct job *j, const struct recipient *to, size_t index)
{
	return j->file.doubts + journal_doubts(&j->state, index) +
	    (unsigned)to->doubtful >= JOURNAL_DOUBTS_MAX;
}

int
disposition_end_doubts(struct flushing *f, struct job *j, struct error *err)
{
	static const char why[] = "delivery outcome unknown after three "
	    "attempts: the message may have been accepted";
	const struct envelope *e = &j->file.envelope;
	size_t open = 0, ended = 0;
	struct error said = {0};

	for (size_t i = 0; i < e->n; i++) {
		int is_open = journal_recipient_is_open(&j->state, i);

		open += (size_t)is_open;
		ended += is_open && is_exhausted(j, &e->to[i], i);
	}
	if (ended == 0)
		return 1;
	if (ended == open)
		return disposition_give_up(f, j, why, err);
	for (size_t i = 0; i < e->n; i++)
		if (journal_recipient_is_open(&j->state, i) &&
		    is_exhausted(j, &e->to[i], i) &&
		    journal_give_up(&j->journal, i, why, err) != 0)
			return -1;
	journal_state_free(&j->state);
	if (outbox_read_journal(&f->outbox, j->id, &j->state, err) != 0)
		return -1;
	(void)blame(j, &said);
	wrap(&said, "outbox: message %s", j->id);
	disposition_complain(&f->complaints, EX_UNAVAILABLE, said.text);
	return 1;
}

/* Returns whether no recipient without a final reply is to be tried again. */
static int
is_out_of_tries(const struct job *j)
{
	const struct envelope *e = &j->file.envelope;

	for (size_t i = 0; i < e->n; i++)
		if (reply_class(&e->to[i].reply) != 2 &&
		    reply_class(&e->to[i].reply) != 5 &&
		    !is_exhausted(j, &e->to[i], j->index[i]))
			return 0;
	return 1;
}

/* The try changed nothing: removes its journal lines, unless one must stay. */
static int
leave_alone(struct job *j, int must_stay, const char *why, struct error *err)
{
	if (must_stay)
		return journal_write(&j->journal, JOURNAL_HELD, 0, why, err);
	journal_rollback(&j->journal);
	return 0;
}

static void
stop_site(struct site *site, const struct error *why)
{
	site->stopped = 1;
	site->why = *why;
	site->due = why->code == EX_NOPERM
	    ? time(NULL) + HELD_LOGIN_SECONDS : 0;
	reuse_close(&site->delivery);
}

void
disposition_hold(struct flushing *f, struct site *site, size_t messages)
{
	struct error why = {0};

	if (messages == 0)
		return;
	f->result.waiting += (unsigned)messages;
	if (site->told)
		return;
	site->told = 1;
	if (f->result.held.code == 0)
		f->result.held = site->why;
	if (site->why.code != EX_NOPERM && site->why.code != EX_CONFIG)
		return;
	fail(&why, site->why.code, "%s", site->why.text);
	if (site->account.name != NULL &&
	    strncmp(why.text, "account ", strlen("account ")) != 0)
		wrap(&why, "account \"%s\"", site->account.name);
	disposition_complain(&f->complaints, why.code, why.text);
	hint(&f->complaints, "%s", site->why.hint[0] != '\0'
	    ? site->why.hint : why.code == EX_NOPERM
	    ? "check user and password, then run onehop -qf"
	    : "fix the configuration, then run onehop -q");
}

void
disposition_skip(struct flushing *f, const char *id, const struct error *why)
{
	struct error said = {0};
	int code = why->code == EX_CONFIG ? EX_CONFIG : EX_TEMPFAIL;

	f->result.waiting++;
	if (f->result.held.code == 0)
		f->result.held = *why;
	if (f->result.unread++ >= DISPOSITION_TOLD_MAX)
		return;
	fail(&said, code, "outbox: message %s is held: %.200s", id,
	    why->text);
	disposition_complain(&f->complaints, code, said.text);
	if (why->hint[0] != '\0')
		hint(&f->complaints, "%s", why->hint);
}

/* Returns whether a message was sent in a session that wants no login, or has
 * had one. */
static int
is_logged_in(const struct site *site)
{
	const struct submitter *s = &site->delivery.submitter;

	return !site->delivery.opening && (s->session.authenticated ||
	    s->facts.mechanism[0] == '\0');
}

/* Returns whether a reply that could be about the server, or the login, was one
 * to a message: the server may be closing because of it (RFC 5321 3.8). 530 to
 * MAIL means a login that is missing, unless there was one. */
static int
is_refused_for_message(const struct site *site, const struct error *why)
{
	const struct submitter *s = &site->delivery.submitter;

	return is_logged_in(site) && (s->facts.final.code == 421 ||
	    (why->code == EX_NOPERM && (s->facts.begun ||
	    s->session.authenticated)));
}

/*
 * Returns whether the server or the way to it is at fault, not this message. A
 * server that closes the connection after a certain MAIL would do so for
 * ever, and must not hold up the other messages.
 */
static int
is_about_site(const struct site *site, const struct error *why)
{
	const struct submission *facts = &site->delivery.submitter.facts;

	if (site->refused)
		return 0;
	if (site->delivery.opening || facts->final.code == 421 ||
	    why->code == EX_NOPERM)
		return 1;
	return !facts->begun && facts->final.code == 0 &&
	    facts->mechanism[0] != '\0' && facts->mail.authenticated == 0 &&
	    (why->code == EX_TEMPFAIL || why->code == EX_PROTOCOL);
}

/* Stops the site after two messages in a row that were refused like that. The
 * reason is shown for messages that were not tried, too. */
static void
stop_refused(struct site *site, const struct error *why)
{
	struct error both = {0};

	fail(&both, why->code, "server %s: %s",
	    why->code == EX_NOPERM ? "refused two messages in a row"
	    : "ended two sessions in a row", why->code == EX_NOPERM
	    ? why->text : site->delivery.submitter.facts.final.text);
	memcpy(both.hint, why->hint, sizeof(both.hint));
	stop_site(site, &both);
	site->due = 0; /* no login was refused */
}

/* The message has stopped the site, and changed in nothing. One to which the
 * server wanted a login comes after the others from now on: it may be the only
 * one. */
static int
hold(struct flushing *f, struct job *j, const struct error *why,
    struct error *err)
{
	int comes_last = why->code == EX_NOPERM && is_logged_in(j->site) &&
	    j->state.reason[0] == '\0';

	stop_site(j->site, why);
	disposition_hold(f, j->site, 1);
	return leave_alone(j, j->journal.ending || comes_last, why->text, err);
}

static int64_t
next_try(const struct job *j)
{
	uint32_t chance = 0;

	(void)platform_random(&chance, sizeof(chance));
	return journal_next_try(j->state.tries + 1, time(NULL), chance);
}

/* Returns whether the result has settled some of the recipients. */
static int
is_divided(const struct job *j, const struct attempt *a)
{
	size_t accepted = envelope_count(&j->file.envelope, 2);
	size_t refused = envelope_count(&j->file.envelope, 5);

	return accepted > 0 || (refused > 0 && enqueue_is_partial(a));
}

/* Records the settled recipients, then applies the event to the others. */
static int
divide(struct flushing *f, struct job *j, enum journal_event event,
    const struct error *why, struct error *err)
{
	const struct envelope *e = &j->file.envelope;
	size_t settled = envelope_count(e, 2) + envelope_count(e, 5);
	struct error refusals = {0};

	if (journal_write_replies(&j->journal, e, j->index, err) != 0)
		return -1;
	journal_state_free(&j->state);
	if (outbox_read_journal(&f->outbox, j->id, &j->state, err) != 0)
		return -1;
	/* a journal that somebody has removed names nobody */
	if (settled == e->n && envelope_count(e, 5) > 0 &&
	    blame(j, &refusals) == 0)
		return give_up(f, j, why->text, err);
	if (settled == e->n)
		return disposition_settle(f, j, err);
	if (envelope_count(e, 5) > 0 && blame(j, &refusals) > 0) {
		wrap(&refusals, "outbox: message %s", j->id);
		disposition_complain(&f->complaints, EX_UNAVAILABLE,
		    refusals.text);
	}
	return put_off(f, j, event, event == JOURNAL_HELD ? 0 : next_try(j),
	    why->text, err);
}

int
disposition_judge(struct flushing *f, struct job *j, const struct attempt *a,
    struct error *err)
{
	const struct error *why = a->result;
	enum journal_event event = why->outcome == OUTCOME_UNKNOWN
	    ? JOURNAL_UNKNOWN : why->signal != 0 ? JOURNAL_HELD
	    : JOURNAL_DEFERRED;
	int was_refused = j->site->refused;

	j->site->refused = is_refused_for_message(j->site, why);
	if (j->site->refused && was_refused)
		stop_refused(j->site, why);
	if (is_divided(j, a)) {
		int result = divide(f, j, event, why, err);

		if (why->signal == 0)
			return result;
	} else if (why->signal != 0) {
		if (event == JOURNAL_UNKNOWN)
			(void)put_off(f, j, event, 0, why->text, err);
		else
			(void)leave_alone(j, j->journal.ending, why->text, err);
	}
	if (why->signal != 0) {
		*err = *why;
		return -1;
	}
	if (event == JOURNAL_UNKNOWN) {
		if (is_out_of_tries(j))
			return give_up(f, j, why->text, err);
		return put_off(f, j, event, next_try(j), why->text, err);
	}
	if (is_about_site(j->site, why))
		return hold(f, j, why, err);
	if (enqueue_may_succeed_later(a) || why->code == EX_IOERR)
		return put_off(f, j, event, next_try(j), why->text, err);
	return give_up(f, j, why->text, err);
}
