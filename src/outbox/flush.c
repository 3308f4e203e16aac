/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/flush.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/poll.h"
#include "outbox/notify.h"
#include "report/stderr.h"

/* How long we wait for another run, milliseconds. */
#define LOCK_PATIENCE 100

static int
note_ending(void *journal, struct error *err)
{
	return journal_add(journal, "ending", err, NULL);
}

/* One try, and what came of it. */
static int
try(struct flushing *f, struct job *j, struct error *err)
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
	const struct commit_hook hook = { note_ending, &j->journal };
	int result;

	if (journal_add(&j->journal, "trying", err, NULL) != 0)
		return -1;
	site->delivery.options.hook = &hook;
	result = reuse_send(&site->delivery, &site->account,
	    &j->entry.envelope, &j->entry.message, &why);
	site->delivery.options.hook = NULL;
	if (result == 0) {
		/* on a full disk there may be room for neither or one */
		(void)journal_add(&j->journal, "accepted", err, NULL);
		result = outbox_remove(&f->outbox, OUTBOX_NEW, j->id, err);
		f->result->sent++;
	} else {
		result = disposition_judge(f, j, &attempt, err);
	}
	disposition_record(f, &attempt);
	return result;
}

/* Reads the message; the journal tells if that was the end of us. 1; 0 if it
 * is damaged and was given up, or is nothing of ours and left alone; -1. */
static int
read_job(struct flushing *f, struct job *j, struct error *err)
{
	struct error why = {0};
	int fd;

	if (journal_add(&j->journal, "reading", err, NULL) != 0)
		return -1;
	fd = outbox_open_entry(&f->outbox, OUTBOX_NEW, j->id, &why);
	if (fd >= 0 && message_file_read(&j->entry, fd, &why) == 0)
		return journal_add(&j->journal, "read", err, NULL) == 0
		    ? 1 : -1;
	if (why.code == EX_DATAERR)
		return disposition_give_up(f, j, why.text, err);
	f->result->waiting++;
	return journal_add(&j->journal, "held", err, "0 %s", why.text);
}

/* A message that is due, by its journal. */
static int
process(struct flushing *f, struct job *j, struct error *err)
{
	int result;

	if (j->history.crashes >= HISTORY_CRASHES_MAX)
		return disposition_give_up(f, j,
		    "reading or sending it crashed "
		    "onehop three times", err);
	result = read_job(f, j, err);
	if (result != 1)
		return result;
	if (j->history.due == 0 && j->history.tries == 0 &&
	    j->history.began == 0)
		j->history.due = j->entry.due;
	if (!history_is_due(&j->history, time(NULL))) {
		f->result->waiting++;
		return 0;
	}
	j->site = site_find(&f->sites, &j->entry.origin, f->order->trace);
	if (j->entry.doubts + j->history.doubts >= HISTORY_DOUBTS_MAX)
		return disposition_give_up(f, j, "three times nobody knows "
		    "whether the smarthost has accepted it", err);
	if (j->site->stopped)
		return disposition_hold(f, j, err);
	return try(f, j, err);
}

/* One message of the outbox. -1 if the run cannot go on. */
static int
visit(struct flushing *f, const char *id, struct error *err)
{
	struct job j = { .id = id, .entry.fd = -1 };
	struct error unread = {0};
	int result;

	(void)outbox_history(&f->outbox, id, &j.history, &unread);
	if (j.history.accepted)
		return outbox_remove(&f->outbox, OUTBOX_NEW, id, err);
	if (unread.code != 0 || !history_is_due(&j.history, time(NULL))) {
		f->result->waiting++;
		return 0;
	}
	if (outbox_open_journal(&f->outbox, id, &j.journal, err) != 0)
		return -1;
	result = process(f, &j, err);
	message_file_free(&j.entry);
	close(j.journal.fd);
	return result;
}

/* Each account's user hears of its own; of messages that cannot be read, that
 * of the default account. */
static void
notify_all(struct flushing *f)
{
	unsigned unread = f->result->failed;

	for (size_t i = 0; i < f->sites.n; i++)
		unread -= f->sites.at[i]->failed;
	if (unread > 0)
		disposition_default_site(f)->failed += unread;
	for (size_t i = 0; i < f->sites.n; i++)
		if (f->sites.at[i]->account.name != NULL)
			notify_run(f->sites.at[i]->account.outbox_notify,
			    f->sites.at[i]->failed);
}

static int
visit_all(struct flushing *f, struct error *err)
{
	struct string_list ids = {0};
	int result;

	outbox_sweep(&f->outbox);
	result = outbox_list(&f->outbox, OUTBOX_NEW, &ids, err);
	for (size_t i = 0; i < ids.n && result == 0; i++) {
		if (deadline_now() >= f->order->until) {
			f->result->waiting += (unsigned)(ids.n - i);
			break;
		}
		result = visit(f, ids.at[i], err);
	}
	string_list_free(&ids);
	notify_all(f);
	site_free(&f->sites);
	return result;
}

int
flush_outbox(struct flush *f, const struct flush_order *order,
    struct error *err)
{
	struct flushing r = { .result = f, .order = order };
	int locked;

	memset(f, 0, sizeof(*f));
	if (outbox_open(&r.outbox, order->path, err) != 0) {
		outbox_close(&r.outbox);
		return -1;
	}
	locked = outbox_lock(&r.outbox, deadline_in(LOCK_PATIENCE), err);
	f->busy = locked == 0;
	if (locked == 1 && visit_all(&r, err) != 0) {
		disposition_complain(&r.complaints, err->code, err->text);
		r.complaints.signal = err->signal;
	}
	outbox_close(&r.outbox);
	if (locked >= 0)
		*err = r.complaints;
	return err->code != 0 ? -1 : 0;
}

void
flush_report(int fd, const struct flush *flush)
{
	char line[sizeof(flush->held.text) + 128];

	if (flush->busy) {
		report_line(fd, "another run is sending from the outbox");
		return;
	}
	snprintf(line, sizeof(line), "%u sent, %u waiting, %u given up%s%s",
	    flush->sent, flush->waiting, flush->failed,
	    flush->held.code != 0 ? ": " : "", flush->held.text);
	report_line(fd, line);
}
