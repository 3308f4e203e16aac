/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/disposition.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/platform.h"
#include "outbox/enqueue.h"
#include "report/log.h"

/* A server that refuses a password is not asked again for so long: it would
 * lock the user out. */
#define REFUSED_LOGIN_SECONDS 3600

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
	all->signal = old.signal;
}

/* Gives the message up: its user has to see to it. */
static int
give_up(struct flushing *f, const struct job *j, const char *why,
    struct error *err)
{
	struct error said = {0};

	if (journal_add(&j->journal, "failed", err, "%s", why) != 0 ||
	    outbox_move(&f->outbox, j->id, OUTBOX_NEW, OUTBOX_FAILED,
	    err) != 0)
		return -1;
	f->result->failed++;
	if (j->site != NULL)
		j->site->failed++;
	fail(&said, EX_UNAVAILABLE, "outbox: message %s given up: %s",
	    j->id, why);
	disposition_complain(&f->complaints, EX_UNAVAILABLE, said.text);
	return 0;
}

/* Tells the log of the account; the first trouble with that is kept. */
void
disposition_record(struct flushing *f, struct attempt *attempt)
{
	struct error warning = {0};

	attempt->code = attempt->result->code;
	if (log_write(attempt, &warning) != 0 && f->result->log.code == 0)
		f->result->log = warning;
}

/* For a message that does not say whose it is. */
struct site *
disposition_default_site(struct flushing *f)
{
	const struct selection origin = { .config = f->order->config };

	return site_find(&f->sites, &origin, f->order->trace);
}

/* Gives up what cannot even be tried. Its account may not be known: then the
 * default one's log has it. */
int
disposition_give_up(struct flushing *f, const struct job *j, const char *why,
    struct error *err)
{
	struct site *site = j->site != NULL ? j->site
	    : disposition_default_site(f);
	struct submission facts = {0};
	struct error result = {0};
	struct attempt attempt = {
		.account = &site->account,
		.envelope = &j->entry.envelope,
		.message = &j->entry.message,
		.facts = &facts,
		.result = &result
	};

	if (give_up(f, j, why, err) != 0)
		return -1;
	fail(&result, EX_UNAVAILABLE, "outbox: message %s given up: %s",
	    j->id, why);
	if (site->account.name != NULL)
		disposition_record(f, &attempt);
	return 0;
}

/* A try has failed that leaves the message where it is: word is held,
 * deferred or unknown. */
static int
put_off(struct flushing *f, const struct job *j, const char *word, int64_t due,
    const char *why, struct error *err)
{
	int64_t now = time(NULL), queued = j->entry.queued;

	if (history_is_over(&j->history, queued, now)) {
		struct error over = {0};

		fail(&over, EX_UNAVAILABLE, "undelivered after %d days: %s",
		    (int)((now - queued) / (24 * 3600)), why);
		return give_up(f, j, over.text, err);
	}
	f->result->waiting++;
	if (history_is_late(&j->history, queued, now) &&
	    journal_add(&j->journal, "late", err, NULL) != 0)
		return -1;
	return journal_add(&j->journal, word, err, "%lld %s",
	    (long long)due, why);
}

static void
stop_site(struct site *site, const struct error *why)
{
	site->stopped = 1;
	site->why = *why;
	reuse_close(&site->delivery);
}

/* Leaves a message of a site that is stopped, and tells once of what only its
 * user can help. */
int
disposition_hold(struct flushing *f, const struct job *j, struct error *err)
{
	struct site *site = j->site;
	int64_t due = site->why.code == EX_NOPERM
	    ? time(NULL) + REFUSED_LOGIN_SECONDS : 0;

	if (!site->told && (site->why.code == EX_NOPERM ||
	    site->why.code == EX_CONFIG))
		disposition_complain(&f->complaints, site->why.code,
		    site->why.text);
	else if (f->result->held.code == 0)
		f->result->held = site->why;
	site->told = 1;
	return put_off(f, j, "held", due, site->why.text, err);
}

/*
 * Was it the server or the way to it, and not this message? A server that hangs
 * up on a message's MAIL would hang up on it for ever, and block the others.
 */
static int
is_about_site(const struct site *site, const struct error *why)
{
	const struct submission *facts = &site->delivery.submitter.facts;

	if (site->delivery.opening || facts->final.code == 421)
		return 1;
	return !facts->begun && facts->final.code == 0 &&
	    facts->mechanism[0] != '\0' && facts->mail.authenticated == 0 &&
	    (why->code == EX_TEMPFAIL || why->code == EX_PROTOCOL ||
	    why->code == EX_NOPERM);
}

static int64_t
next_try(const struct job *j)
{
	uint32_t chance = 0;

	(void)platform_random(&chance, sizeof(chance));
	return history_next(j->history.tries + 1, time(NULL), chance);
}

/* Some have it. Those refused for good become a message of their own, given
 * up; the others stay, put off with that word. */
static int
divide(struct flushing *f, struct job *j, const char *word, const char *why,
    struct error *err)
{
	const struct envelope *e = &j->entry.envelope;
	struct job refused = { .site = j->site, .entry = j->entry,
	    .journal.fd = -1 };
	char id[OUTBOX_ID];
	int result = 0;

	if (message_file_count(e, ENTRY_REFUSED) > 0) {
		refused.id = id;
		if (outbox_add(&f->outbox, OUTBOX_NEW, &refused.entry,
		    ENTRY_REFUSED, id, err) != 0 ||
		    outbox_open_journal(&f->outbox, id, &refused.journal,
		    err) != 0)
			return -1;
		result = give_up(f, &refused, why, err);
		close(refused.journal.fd);
	}
	if (result != 0 || message_file_count(e, ENTRY_OPEN) == 0)
		return result != 0 ? -1 : outbox_remove(&f->outbox,
		    OUTBOX_NEW, j->id, err);
	if (outbox_replace(&f->outbox, j->id, &j->entry, ENTRY_OPEN,
	    err) != 0)
		return -1;
	return put_off(f, j, word, next_try(j), why, err);
}

/* Has the server accepted it for some of its recipients? */
static int
is_divided(const struct envelope *e)
{
	return message_file_count(e, ENTRY_OPEN) + message_file_count(e,
	    ENTRY_REFUSED) <
	    e->n;
}

/* What becomes of a message that was not accepted by all it is for. */
int
disposition_judge(struct flushing *f, struct job *j, const struct attempt *a,
    struct error *err)
{
	const struct error *why = a->result;
	unsigned doubts = j->entry.doubts + j->history.doubts;

	const char *word = why->outcome == OUTCOME_UNKNOWN ? "unknown"
	    : why->signal != 0 ? "held" : "deferred";

	if (why->signal != 0) {
		(void)(is_divided(&j->entry.envelope)
		    ? divide(f, j, word, why->text, err)
		    : put_off(f, j, word, 0, why->text, err));
		*err = *why;
		return -1;
	}
	if (is_divided(&j->entry.envelope))
		return divide(f, j, word, why->text, err);
	if (why->outcome == OUTCOME_UNKNOWN) {
		if (doubts + 1 >= HISTORY_DOUBTS_MAX)
			return give_up(f, j, why->text, err);
		return put_off(f, j, "unknown", next_try(j), why->text, err);
	}
	if (is_about_site(j->site, why)) {
		stop_site(j->site, why);
		return disposition_hold(f, j, err);
	}
	if (enqueue_is_worthwhile(a) || why->code == EX_IOERR)
		return put_off(f, j, "deferred", next_try(j), why->text, err);
	return give_up(f, j, why->text, err);
}
