/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flush.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keep.h"
#include "log.h"
#include "notify.h"
#include "outbox.h"
#include "platform.h"
#include "site.h"
#include "wait.h"

/* A server that refuses a password is not asked again for so long: it would
 * lock the user out. */
#define REFUSED_LOGIN_SECONDS 3600

/* How long we wait for another run, milliseconds. */
#define LOCK_PATIENCE 100

/* One run. */
struct run {
	struct flush *result;
	struct outbox outbox;
	struct sites sites;
	const struct flush_order *order;
	struct error complaints;  /* what a person has to know, in lines */
};

/* A message under way. */
struct job {
	const char *id;
	struct site *site;        /* NULL until the message is read */
	struct entry entry;
	struct history history;
	struct journal journal;
};

/* Another line for the user; the code that needs one most is the run's. */
static void
complain(struct run *r, int code, const char *text)
{
	static const int ranks[] = { 0, EX_TEMPFAIL, EX_UNAVAILABLE,
	    EX_CONFIG, EX_NOPERM, EX_CANTCREAT };
	const size_t n = sizeof(ranks) / sizeof(ranks[0]);
	struct error old = r->complaints;
	size_t was = 0, is = 0;

	while (was < n && ranks[was] != old.code)
		was++;
	while (is < n && ranks[is] != code)
		is++;
	fail(&r->complaints, is > was ? code : old.code, "%s%s%s", old.text,
	    old.text[0] != '\0' ? "\n" : "", text);
}

/* Gives the message up: its user has to see to it. */
static int
give_up(struct run *r, const struct job *j, const char *why,
    struct error *err)
{
	struct error said = {0};

	if (journal_add(&j->journal, "failed", err, "%s", why) != 0 ||
	    outbox_move(&r->outbox, j->id, OUTBOX_NEW, OUTBOX_FAILED,
	    err) != 0)
		return -1;
	r->result->failed++;
	if (j->site != NULL)
		j->site->failed++;
	fail(&said, EX_UNAVAILABLE, "outbox: message %s given up: %s",
	    j->id, why);
	complain(r, EX_UNAVAILABLE, said.text);
	return 0;
}

/* Tells the log of the account; the first trouble with that is kept. */
static void
record(struct run *r, struct attempt *attempt)
{
	struct error warning = {0};

	attempt->code = attempt->result->code;
	if (log_write(attempt, &warning) != 0 && r->result->log.code == 0)
		r->result->log = warning;
}

/* For a message that does not say whose it is. */
static struct site *
default_site(struct run *r)
{
	const struct invocation origin = { .config = r->order->config };

	return site_find(&r->sites, &origin, r->order->trace);
}

/* Gives up what cannot even be tried. Its account may not be known: then the
 * default one's log has it. */
static int
give_up_untried(struct run *r, const struct job *j, const char *why,
    struct error *err)
{
	struct site *site = j->site != NULL ? j->site : default_site(r);
	struct submission facts = {0};
	struct error result = {0};
	struct attempt attempt = {
		.account = &site->account,
		.envelope = &j->entry.envelope,
		.message = &j->entry.message,
		.facts = &facts,
		.result = &result
	};

	if (give_up(r, j, why, err) != 0)
		return -1;
	fail(&result, EX_UNAVAILABLE, "outbox: message %s given up: %s",
	    j->id, why);
	if (site->account.name != NULL)
		record(r, &attempt);
	return 0;
}

/* A try has failed that leaves the message where it is: word is held,
 * deferred or unknown. */
static int
put_off(struct run *r, const struct job *j, const char *word, int64_t due,
    const char *why, struct error *err)
{
	int64_t now = time(NULL), queued = j->entry.queued;

	if (history_is_over(&j->history, queued, now)) {
		struct error over = {0};

		fail(&over, EX_UNAVAILABLE, "undelivered after %d days: %s",
		    (int)((now - queued) / (24 * 3600)), why);
		return give_up(r, j, over.text, err);
	}
	r->result->waiting++;
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
	delivery_close(&site->delivery);
}

/* Leaves a message of a site that is stopped, and tells once of what only its
 * user can help. */
static int
hold(struct run *r, const struct job *j, struct error *err)
{
	struct site *site = j->site;
	int64_t due = site->why.code == EX_NOPERM
	    ? time(NULL) + REFUSED_LOGIN_SECONDS : 0;

	if (!site->told && (site->why.code == EX_NOPERM ||
	    site->why.code == EX_CONFIG))
		complain(r, site->why.code, site->why.text);
	site->told = 1;
	return put_off(r, j, "held", due, site->why.text, err);
}

/* Was it the server or the way to it, and not this message? */
static int
is_about_site(const struct site *site, const struct error *why)
{
	const struct submission *facts = &site->delivery.submitter.facts;

	if (site->delivery.opening || facts->final.code == 421)
		return 1;
	return !facts->begun && facts->final.code == 0 &&
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
 * up; the others stay. */
static int
divide(struct run *r, struct job *j, const char *why, struct error *err)
{
	const struct envelope *e = &j->entry.envelope;
	struct job refused = { .site = j->site, .entry = j->entry,
	    .journal.fd = -1 };
	char id[OUTBOX_ID];
	int result = 0;

	if (entry_count(e, ENTRY_REFUSED) > 0) {
		refused.id = id;
		if (outbox_add(&r->outbox, OUTBOX_NEW, &refused.entry,
		    ENTRY_REFUSED, id, err) != 0 ||
		    outbox_open_journal(&r->outbox, id, &refused.journal,
		    err) != 0)
			return -1;
		result = give_up(r, &refused, why, err);
		close(refused.journal.fd);
	}
	if (result != 0 || entry_count(e, ENTRY_OPEN) == 0)
		return result != 0 ? -1 : outbox_remove(&r->outbox,
		    OUTBOX_NEW, j->id, err);
	if (outbox_replace(&r->outbox, j->id, &j->entry, ENTRY_OPEN,
	    err) != 0)
		return -1;
	return put_off(r, j, "deferred", next_try(j), why, err);
}

/* What becomes of a message that was not accepted by all it is for. */
static int
judge(struct run *r, struct job *j, const struct attempt *a,
    struct error *err)
{
	const struct error *why = a->result;
	unsigned doubts = j->entry.doubts + j->history.doubts;

	if (why->signal != 0) {
		(void)put_off(r, j, why->outcome == OUTCOME_UNKNOWN
		    ? "unknown" : "held", 0, why->text, err);
		*err = *why;
		return -1;
	}
	if (why->outcome == OUTCOME_PARTIAL)
		return divide(r, j, why->text, err);
	if (why->outcome == OUTCOME_UNKNOWN) {
		if (doubts + 1 >= HISTORY_DOUBTS_MAX)
			return give_up(r, j, why->text, err);
		return put_off(r, j, "unknown", next_try(j), why->text, err);
	}
	if (is_about_site(j->site, why)) {
		stop_site(j->site, why);
		return hold(r, j, err);
	}
	if (keep_is_worthwhile(a))
		return put_off(r, j, "deferred", next_try(j), why->text, err);
	return give_up(r, j, why->text, err);
}

/* One try, and what came of it. */
static int
try(struct run *r, struct job *j, struct error *err)
{
	struct site *site = j->site;
	struct error why = {0};
	struct attempt attempt = {
		.account = &site->account,
		.envelope = &j->entry.envelope,
		.message = &j->entry.message,
		.facts = &site->delivery.submitter.facts,
		.result = &why
	};
	int result;

	if (journal_add(&j->journal, "trying", err, NULL) != 0)
		return -1;
	site->delivery.journal = &j->journal;
	result = delivery_send(&site->delivery, &site->account,
	    &j->entry.envelope, &j->entry.message, &why);
	site->delivery.journal = NULL;
	if (result == 0) {
		result = journal_add(&j->journal, "accepted", err, NULL);
		if (result == 0)
			result = outbox_remove(&r->outbox, OUTBOX_NEW, j->id,
			    err);
		r->result->sent++;
	} else {
		result = judge(r, j, &attempt, err);
	}
	record(r, &attempt);
	return result;
}

/* Reads the message; the journal tells if that was the end of us. 1; 0 if it
 * is damaged and was given up, or is nothing of ours and left alone; -1. */
static int
read_job(struct run *r, struct job *j, struct error *err)
{
	struct error why = {0};
	int fd;

	if (journal_add(&j->journal, "reading", err, NULL) != 0)
		return -1;
	fd = outbox_open_entry(&r->outbox, OUTBOX_NEW, j->id, &why);
	if (fd >= 0 && entry_read(&j->entry, fd, &why) == 0)
		return journal_add(&j->journal, "read", err, NULL) == 0
		    ? 1 : -1;
	if (why.code == EX_DATAERR)
		return give_up_untried(r, j, why.text, err);
	r->result->waiting++;
	return journal_add(&j->journal, "held", err, "0 %s", why.text);
}

/* A message that is due, by its journal. */
static int
process(struct run *r, struct job *j, struct error *err)
{
	int result;

	if (j->history.crashes >= HISTORY_CRASHES_MAX)
		return give_up_untried(r, j, "reading or sending it crashed "
		    "onehop three times", err);
	result = read_job(r, j, err);
	if (result != 1)
		return result;
	if (j->history.tries == 0 && j->history.began == 0 &&
	    j->entry.due > time(NULL)) {
		r->result->waiting++;
		return 0;
	}
	j->site = site_find(&r->sites, &j->entry.origin, r->order->trace);
	if (j->entry.doubts + j->history.doubts >= HISTORY_DOUBTS_MAX)
		return give_up_untried(r, j, "three times nobody knows "
		    "whether the smarthost has accepted it", err);
	if (j->site->stopped)
		return hold(r, j, err);
	return try(r, j, err);
}

/* One message of the outbox. -1 if the run cannot go on. */
static int
visit(struct run *r, const char *id, struct error *err)
{
	struct job j = { .id = id, .entry.fd = -1 };
	int result;

	if (outbox_history(&r->outbox, id, &j.history, err) != 0)
		return -1;
	if (j.history.accepted)
		return outbox_remove(&r->outbox, OUTBOX_NEW, id, err);
	if (!history_is_due(&j.history, time(NULL))) {
		r->result->waiting++;
		return 0;
	}
	if (outbox_open_journal(&r->outbox, id, &j.journal, err) != 0)
		return -1;
	result = process(r, &j, err);
	entry_free(&j.entry);
	close(j.journal.fd);
	return result;
}

/* Each account's user hears of its own; of messages that cannot be read, that
 * of the default account. */
static void
notify_all(struct run *r)
{
	unsigned unread = r->result->failed;

	for (size_t i = 0; i < r->sites.n; i++)
		unread -= r->sites.at[i]->failed;
	if (unread > 0)
		default_site(r)->failed += unread;
	for (size_t i = 0; i < r->sites.n; i++)
		if (r->sites.at[i]->account.name != NULL)
			notify_run(r->sites.at[i]->account.outbox_notify,
			    r->sites.at[i]->failed);
}

static int
visit_all(struct run *r, struct error *err)
{
	struct list ids = {0};
	int result;

	outbox_sweep(&r->outbox);
	result = outbox_list(&r->outbox, OUTBOX_NEW, &ids, err);
	for (size_t i = 0; i < ids.n && result == 0; i++) {
		if (deadline_now() >= r->order->until) {
			r->result->waiting += (unsigned)(ids.n - i);
			break;
		}
		result = visit(r, ids.at[i], err);
	}
	list_free(&ids);
	notify_all(r);
	site_free(&r->sites);
	return result;
}

int
flush_outbox(struct flush *f, const struct flush_order *order,
    struct error *err)
{
	struct run r = { .result = f, .order = order };
	int locked;

	memset(f, 0, sizeof(*f));
	if (outbox_open(&r.outbox, order->path, err) != 0) {
		outbox_close(&r.outbox);
		return -1;
	}
	locked = outbox_lock(&r.outbox, deadline_in(LOCK_PATIENCE), err);
	f->busy = locked == 0;
	if (locked == 1 && visit_all(&r, err) != 0) {
		complain(&r, err->code, err->text);
		r.complaints.signal = err->signal;
	}
	outbox_close(&r.outbox);
	if (locked >= 0)
		*err = r.complaints;
	return err->code != 0 ? -1 : 0;
}
