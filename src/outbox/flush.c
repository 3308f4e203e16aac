/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/flush.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/poll.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "config/load.h"
#include "outbox/bounce.h"
#include "outbox/enqueue.h"
#include "outbox/lock.h"
#include "outbox/notify.h"
#include "outbox/room.h"
#include "outbox/summary.h"
#include "outbox/work.h"
#include "report/stderr.h"
#include "smtp/esmtp.h"

/* Maximum time to wait for the lock, milliseconds. No run holds it while it
 * sends. */
#define LOCK_PATIENCE 10000

/* Number of messages whose directory entries are synced together. */
#define LOT 32

/* The report of a site's process, sent in one write when it ends. */
struct work_report {
	struct flush result;
	struct error complaints;
	struct error why;
	int64_t due;
	int stopped;
	int changed;
	int finished; /* nonzero if the report is complete */
};

/* The message being sent, for the commit hook. */
struct sending {
	struct flushing *flushing;
	struct work *work;
	struct job *job;
	size_t at;    /* in the work's list */
	struct error journal; /* why the journal could not be written */
};

/* Syncs the removal of messages: one that comes back would be sent again. */
static int
sync_removals(struct flushing *f, struct error *err)
{
	unsigned gone = f->removed + f->result.sent;

	if (gone == f->synced)
		return 0;
	if (outbox_sync(&f->outbox, OUTBOX_NEW, err) != 0)
		return -1;
	f->synced = gone;
	return 0;
}

/* Syncs the directory entries of the next journals: a lost journal could not
 * tell that the message was sent. So are those of the messages before. */
static int
begin_lot(struct sending *s, struct error *err)
{
	struct work *w = s->work;
	const struct outbox *o = &s->flushing->outbox;
	size_t end = s->at;

	if (s->at < w->named)
		return 0;
	for (; end < w->ids.n && end < s->at + LOT; end++) {
		struct journal j;

		if (outbox_open_journal(o, w->ids.at[end], 0, &j, err) < 0)
			return -1;
		journal_close(&j);
	}
	if (outbox_sync(o, OUTBOX_JOURNAL, err) != 0 ||
	    sync_removals(s->flushing, err) != 0)
		return -1;
	w->named = end;
	return 0;
}

/* The end of the content is about to be sent: in a second session if the first
 * one failed, and once in each transaction. The last call counts. */
static int
note_ending(void *queue, struct error *err)
{
	struct sending *s = queue;
	struct job *j = s->job;
	const struct envelope *e = &j->file.envelope;

	memset(&s->journal, 0, sizeof(s->journal));
	if (begin_lot(s, err) == 0 &&
	    (e->n == 1 || journal_reserve(&j->journal, e->n, err) == 0) &&
	    (!s->work->site.account.partial_delivery ||
	    journal_write_replies(&j->journal, e, j->index, err) == 0) &&
	    journal_write_ending(&j->journal, e, j->index, err) == 0)
		return 0;
	s->journal = *err;
	return -1;
}

/* A transaction has ended, and another one for other recipients follows. */
static int
note_replies(void *queue, struct error *err)
{
	struct sending *s = queue;
	struct job *j = s->job;

	if (journal_write_replies(&j->journal, &j->file.envelope, j->index,
	    err) == 0 && (!j->journal.ending || journal_write(&j->journal,
	    JOURNAL_TRYING, 0, NULL, err) == 0))
		return 0;
	s->journal = *err;
	return -1;
}

/* Tries to send the message once. */
static int
try(struct sending *s, struct error *err)
{
	struct flushing *f = s->flushing;
	struct job *j = s->job;
	struct site *site = j->site;
	struct error why = {0};
	struct attempt attempt = {
		.account = &site->account,
		.envelope = &j->file.envelope,
		.message = &j->file.message,
		.facts = &site->delivery.submitter.facts,
		.result = &why
	};
	const struct commit_hook hook = { note_ending, note_replies, s };
	int result;

	if (journal_write(&j->journal, JOURNAL_TRYING, 0, NULL, err) != 0)
		return -1;
	site->delivery.options.hook = &hook;
	result = reuse_send(&site->delivery, &site->account,
	    &j->file.envelope, &j->file.message, &why);
	site->delivery.options.hook = NULL;
	if (result == 0) {
		site->refused = 0;
		/* on a full disk there may be room for neither or one */
		(void)(j->state.n == 0
		    ? journal_write(&j->journal, JOURNAL_ACCEPTED, 0, NULL,
		    err)
		    : journal_write_replies(&j->journal, &j->file.envelope,
		    j->index, err));
		memset(err, 0, sizeof(*err));
		result = disposition_settle(f, j, err);
		f->result.sent++;
	} else if (s->journal.code != 0 && why.outcome == OUTCOME_NOT_SENT) {
		journal_rollback(&j->journal);
		f->result.waiting++;
		*err = s->journal;
		return -1;
	} else {
		result = disposition_judge(f, j, &attempt, err);
		if (result == 0 && s->journal.code != 0) {
			*err = s->journal;
			result = -1;
		}
	}
	disposition_record(f, &attempt);
	return result;
}

/*
 * Reads the message. Returns 1 on success; 0 if it is damaged and was given up,
 * or must be left alone; -1 with err set. If reading crashes, the journal shows
 * this to a later run.
 */
static int
read_job(struct flushing *f, struct job *j, struct error *err)
{
	struct error why = {0};
	int fd;

	if (journal_write(&j->journal, JOURNAL_READING, 0, NULL, err) != 0)
		return -1;
	fd = outbox_open_message(&f->outbox, OUTBOX_NEW, j->id, &why);
	if (fd >= 0 && message_file_read(&j->file, fd, &why) == 0)
		return 1;
	if (why.code == EX_DATAERR)
		return disposition_give_up(f, j, why.text, err);
	journal_rollback(&j->journal);
	disposition_skip(f, j->id, &why);
	return 0;
}

/* Notes how long the message has waited. Returns whether that is longer than
 * its account lets it be delivered (RFC 2852 4). */
static int
is_too_late(const struct job *j)
{
	struct submit_options *options = &j->site->delivery.options;
	int64_t left = 0, waited = time(NULL) - j->file.queued;

	options->waited = waited > 0 ? waited : 0;
	return esmtp_time_left(&j->site->account, options->waited,
	    &left) == 'R' && left <= 0;
}

static int
process(struct sending *s, struct error *err)
{
	struct flushing *f = s->flushing;
	struct job *j = s->job;
	int result;

	if (j->state.accepted)
		return outbox_unlink(&f->outbox, OUTBOX_NEW, j->id, err);
	if (j->state.failed) /* only the move is missing */
		return disposition_give_up(f, j, j->state.reason, err);
	if (j->state.crashes >= JOURNAL_CRASHES_MAX)
		return disposition_give_up(f, j,
		    "reading it crashed onehop three times", err);
	result = read_job(f, j, err);
	if (result != 1)
		return result;
	if (s->work->unreadable) { /* the next flush knows its account */
		journal_rollback(&j->journal);
		disposition_skip(f, j->id, &s->work->unread);
		return 0;
	}
	result = disposition_end_doubts(f, j, err);
	if (result != 1)
		return result;
	disposition_leave_out(j);
	if (j->file.envelope.n == 0)
		return disposition_settle(f, j, err);
	if (is_too_late(j))
		return disposition_give_up(f, j, "the time of deliver_by is "
		    "over: 5.4.7 delivery time expired", err);
	return try(s, err);
}

/* Sends one message of the site, unless another run has settled it or tries it
 * now. Returns -1 if the flush must end. */
static int
visit(struct flushing *f, struct work *w, size_t at,
    const struct flush_order *order, struct error *err)
{
	struct job j = { .id = w->ids.at[at], .site = &w->site,
	    .file.fd = -1, .journal.fd = -1 };
	struct sending s = { .flushing = f, .work = w, .job = &j,
	    .at = at };
	int locked, result = 0;

	if (outbox_is_missing(&f->outbox, OUTBOX_NEW, j.id))
		return 0;
	locked = outbox_open_journal(&f->outbox, j.id, 0, &j.journal, err);
	if (locked < 0 || (locked == 1 && j.journal.start > 0 &&
	    outbox_read_journal(&f->outbox, j.id, &j.state, err) != 0))
		result = -1;
	else if (locked == 0 || (order->which == FLUSH_DUE &&
	    !journal_is_due(j.state.due, time(NULL))))
		f->result.waiting++;
	else if (!outbox_is_missing(&f->outbox, OUTBOX_NEW, j.id))
		result = process(&s, err);
	journal_close(&j.journal);
	journal_state_free(&j.state);
	message_file_free(&j.file);
	free(j.index);
	return result;
}

/* Sends the messages of one site. */
static void
drain(struct flushing *f, struct work *w, const struct flush_order *order)
{
	struct error err = {0};

	for (size_t i = 0; i < w->ids.n; i++) {
		if (w->site.stopped && !w->unreadable) {
			disposition_hold(f, &w->site, w->ids.n - i);
			break;
		}
		if (deadline_now() >= order->until) {
			f->result.waiting += (unsigned)(w->ids.n - i);
			break;
		}
		if (visit(f, w, i, order, &err) != 0)
			break;
	}
	reuse_close(&w->site.delivery);
	work_unlock(w);
	if (err.code != 0) {
		disposition_complain(&f->complaints, err.code, err.text);
		f->complaints.signal = err.signal;
	}
	if (w->site.account.name != NULL)
		notify_run(w->site.account.outbox_notify, w->site.failed);
}

/* Drains one site and reports, in a separate process. It keeps no lock of
 * another site. */
static void
work_alone(struct flushing *f, const struct work_list *list, struct work *w,
    const struct flush_order *order, int report)
{
	struct work_report r = { .finished = 1 };

	for (size_t i = 0; i < list->n; i++)
		if (list->at[i] != w)
			work_unlock(list->at[i]);
	memset(&f->result, 0, sizeof(f->result));
	memset(&f->complaints, 0, sizeof(f->complaints));
	drain(f, w, order);
	r.result = f->result;
	r.complaints = f->complaints;
	r.why = w->site.why;
	r.due = w->site.due;
	r.stopped = w->site.stopped;
	r.changed = f->changed;
	(void)write_all(report, &r, sizeof(r));
	_exit(0);
}

static void
start(struct flushing *f, const struct work_list *list, struct work *w,
    const struct flush_order *order)
{
	int ends[2];

	if (pipe(ends) != 0) {
		drain(f, w, order);
		return;
	}
	w->child = fork();
	if (w->child == 0) {
		close(ends[0]);
		work_alone(f, list, w, order, ends[1]);
	}
	close(ends[1]);
	if (w->child < 0) {
		close(ends[0]);
		drain(f, w, order);
		return;
	}
	w->report = ends[0];
	work_unlock(w); /* its process has it */
}

static void
add_result(struct flushing *f, struct work *w, const struct work_report *r)
{
	const char *text = r->complaints.text;

	f->result.sent += r->result.sent;
	f->result.waiting += r->result.waiting;
	f->result.failed += r->result.failed;
	f->result.unread += r->result.unread;
	if (f->result.held.code == 0)
		f->result.held = r->result.held;
	if (f->result.log.code == 0)
		f->result.log = r->result.log;
	f->changed |= r->changed;
	if (r->complaints.code != 0)
		disposition_complain(&f->complaints, r->complaints.code, text);
	if (r->complaints.signal != 0)
		f->complaints.signal = r->complaints.signal;
	if (r->complaints.hint[0] != '\0')
		hint(&f->complaints, "%s", r->complaints.hint);
	w->site.stopped = w->site.told = r->stopped;
	w->site.why = r->why;
	w->site.due = r->due;
}

/* The process was killed, or had no memory. */
static void
end_early(struct flushing *f, const struct work *w)
{
	f->result.waiting += (unsigned)w->ids.n;
	if (f->complaints.signal == 0)
		disposition_complain(&f->complaints, EX_TEMPFAIL,
		    "outbox: the process that sends for an account has ended "
		    "early");
}

/* Waits for the report, and forwards a signal to all processes. */
static void
finish(struct flushing *f, const struct work_list *list, struct work *w)
{
	struct work_report r = {0};
	struct error interrupted = {0};
	size_t n = 0;
	ssize_t part;

	if (f->complaints.signal == 0 &&
	    poll_for(w->report, POLLIN, DEADLINE_NONE, &interrupted) < 0) {
		f->complaints.signal = interrupted.signal;
		for (size_t i = 0; i < list->n; i++)
			if (list->at[i]->report >= 0)
				kill(list->at[i]->child, interrupted.signal);
	}
	while ((part = read(w->report, (char *)&r + n, sizeof(r) - n)) > 0 ||
	    (part < 0 && errno == EINTR))
		n += part > 0 ? (size_t)part : 0;
	close(w->report);
	w->report = -1;
	(void)waitpid(w->child, NULL, 0);
	if (n == sizeof(r) && r.finished)
		add_result(f, w, &r);
	else
		end_early(f, w);
}

/* Drains several sites in parallel: a server that does not answer delays only
 * its own messages. */
static void
drain_all(struct flushing *f, const struct work_list *list,
    const struct flush_order *order)
{
	struct work *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (!list->at[i]->busy) {
			last = list->at[i];
			n++;
		}
	if (n == 1) {
		drain(f, last, order);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		if (!list->at[i]->busy)
			start(f, list, list->at[i], order);
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i]->report >= 0)
			finish(f, list, list->at[i]);
}

/* Returns whether the work is that of an account that wants reports. */
static int
wants_report(const struct work *w)
{
	return w->site.account.name != NULL &&
	    w->site.account.outbox_report[0] != '\0';
}

/* Returns the position of the account that a message given up was queued for;
 * list->n if it is not there or wants no reports. */
static size_t
find_reporter(const struct flushing *f, const struct work_list *list,
    const char *id)
{
	struct message_file file = { .fd = -1 };
	struct error ignored = {0};
	int fd = outbox_open_message(&f->outbox, OUTBOX_FAILED, id, &ignored);
	char key[HELD_KEY];
	size_t i = list->n;

	if (fd >= 0 && message_file_read_head(&file, fd, &ignored) == 0) {
		held_key(key, &file.origin);
		for (i = 0; i < list->n; i++)
			if (strcmp(list->at[i]->site.key, key) == 0 &&
			    wants_report(list->at[i]))
				break;
	}
	message_file_free(&file);
	return i;
}

/* Makes the report the only message of the account's work. */
static void
queue_report(struct flushing *f, struct work *w, struct bounce *bounce)
{
	struct error err = {0};
	char id[OUTBOX_ID];

	string_list_free(&w->ids);
	if (bounce->ids.n == 0)
		return;
	if (bounce_queue(bounce, &f->outbox, id, &err) != 0) {
		wrap(&err, "outbox: no report");
		disposition_complain(&f->complaints, err.code, err.text);
		return;
	}
	string_list_add(&w->ids, xstrdup(id));
	w->named = 0;
	w->site.failed = 0; /* its user has been notified */
	w->lock = lock_site(f->outbox.path, w->site.key, &err);
	if (w->lock < 0 && w->lock != LOCK_BUSY)
		disposition_complain(&f->complaints, err.code, err.text);
}

/* Queues a report for each account that wants one about its messages, and takes
 * the locks of these accounts. */
static void
queue_reports(struct flushing *f, const struct work_list *list)
{
	struct bounce *bounces = xcalloc(list->n, sizeof(bounces[0]));
	struct string_list ids = {0};
	struct error ignored = {0};

	(void)outbox_list(&f->outbox, OUTBOX_FAILED, &ids, &ignored);
	for (size_t i = 0; i < ids.n; i++) {
		size_t at = find_reporter(f, list, ids.at[i]);

		if (at < list->n)
			bounce_add(&bounces[at], &f->outbox, ids.at[i],
			    &list->at[at]->site.account);
	}
	for (size_t i = 0; i < list->n; i++) {
		queue_report(f, list->at[i], &bounces[i]);
		bounce_free(&bounces[i]);
	}
	string_list_free(&ids);
	free(bounces);
}

/* Reports the messages given up, unless their account is stopped. */
static void
report_failed(struct flushing *f, const struct work_list *list,
    const struct flush_order *order)
{
	struct error busy = {0};
	int wanted = 0;

	for (size_t i = 0; i < list->n; i++)
		wanted |= wants_report(list->at[i]);
	if (!wanted || outbox_lock(&f->outbox, deadline_in(LOCK_PATIENCE),
	    &busy) != 1)
		return;
	queue_reports(f, list);
	outbox_unlock(&f->outbox);
	for (size_t i = 0; i < list->n && f->complaints.signal == 0; i++)
		if (list->at[i]->ids.n > 0 && list->at[i]->lock >= 0)
			drain(f, list->at[i], order);
}

/* Finds what is to be sent, and takes the locks of the sites. Requires the
 * lock. */
static int
begin(struct flushing *f, struct work_list *list, struct held *held,
    const struct flush_order *order, struct error *err)
{
	int result;

	f->journals = outbox_sweep(&f->outbox);
	result = work_collect(f, list, order, err);
	held_read(held, &f->outbox);
	if (order->which == FLUSH_DUE)
		work_apply_held(list, held);
	work_lock(f, list);
	return result;
}

/* Notes what is held, and cleans up. */
static void
conclude(struct flushing *f, const struct work_list *list,
    const struct held *held)
{
	struct error busy = {0}; /* the next flush does it */
	int changed = f->changed || f->removed > 0 || f->result.sent > 0 ||
	    f->result.failed > 0;

	if ((list->n == 0 && !changed) || outbox_lock(&f->outbox,
	    deadline_in(LOCK_PATIENCE), &busy) != 1)
		return;
	if (list->n > 0)
		work_note_held(f, list, held);
	if (f->removed > 0 || f->result.sent > 0)
		(void)outbox_sweep(&f->outbox);
	if (changed)
		room_count(&f->outbox);
	outbox_unlock(&f->outbox);
}

/* Requires the lock, and releases it. */
static int
flush_all(struct flushing *f, const struct flush_order *order,
    struct error *err)
{
	struct work_list list = {0};
	struct held held = {0};
	int result = begin(f, &list, &held, order, err);

	outbox_unlock(&f->outbox);
	drain_all(f, &list, order);
	if (f->complaints.signal == 0)
		report_failed(f, &list, order);
	conclude(f, &list, &held);
	if (f->complaints.signal == 0)
		summary_add(f, &list, order);
	held_free(&held);
	work_free(&list);
	return result;
}

int
flush_outbox(struct flush *result, const struct flush_order *order,
    struct error *err)
{
	struct flushing f = {0};
	int locked;

	memset(result, 0, sizeof(*result));
	if (outbox_open(&f.outbox, order->path, OUTBOX_WRITE, err) != 0) {
		outbox_close(&f.outbox);
		return -1;
	}
	locked = outbox_lock(&f.outbox, deadline_in(LOCK_PATIENCE), err);
	if (locked == 1 && flush_all(&f, order, err) != 0)
		disposition_complain(&f.complaints, err->code, err->text);
	outbox_close(&f.outbox);
	*result = f.result;
	result->busy = locked == 0;
	if (err->hint[0] != '\0')
		hint(&f.complaints, "%s", err->hint);
	if (locked >= 0)
		*err = f.complaints;
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
