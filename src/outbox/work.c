/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "config/load.h"
#include "outbox/lock.h"

struct work *
work_find(struct work_list *list, const struct selection *origin,
    const struct flush_order *order, int unreadable)
{
	char key[HELD_KEY];
	struct work *w;

	held_key(key, origin);
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i]->site.key, key) == 0 &&
		    list->at[i]->unreadable == unreadable)
			return list->at[i];
	w = xcalloc(1, sizeof(*w));
	memcpy(w->site.key, key, sizeof(key));
	w->unreadable = unreadable;
	w->report = w->lock = -1;
	w->site.delivery.options.trace = order->trace;
	w->site.stopped = config_load(&w->site.account, origin, NULL, NULL,
	    &w->site.why) != 0;
	list->at = xgrow(list->at, list->n, sizeof(struct work *));
	list->at[list->n++] = w;
	return w;
}

void
work_free(struct work_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		work_unlock(list->at[i]);
		account_free(&list->at[i]->site.account);
		string_list_free(&list->at[i]->ids);
		string_list_free(&list->at[i]->refused);
		free(list->at[i]);
	}
	free(list->at);
}

/* Counts a message that is not due. It is told of all the same if it cannot be
 * read. */
static void
leave(struct flushing *f, const char *id, const struct error *why)
{
	if (why->code != 0 && why->code != EX_DATAERR)
		disposition_skip(f, id, why);
	else
		f->result.waiting++;
}

/* Returns the work of the message's account. why is nonzero if the message
 * could not be read. */
static struct work *
work_of(struct work_list *list, const struct message_file *file,
    const struct flush_order *order, const struct error *why)
{
	const struct selection unknown = { .config = order->config };
	struct work *w = why->code != 0 ? work_find(list, &unknown, order, 1)
	    : work_find(list, &file->origin, order, 0);

	if (w->unread.code == 0)
		w->unread = *why;
	return w;
}

/* Puts the messages into the order in which they are tried: the oldest first,
 * but those that were refused before after the others. They could end each
 * flush. */
static void
put_in_order(struct work *w)
{
	string_list_sort(&w->ids);
	string_list_sort(&w->refused);
	for (size_t i = 0; i < w->refused.n; i++)
		string_list_add(&w->ids, xstrdup(w->refused.at[i]));
	string_list_free(&w->refused);
}

/* Removes a message that all have accepted. */
static void
clear(struct flushing *f, const char *id)
{
	struct error why = {0};

	if (outbox_unlink(&f->outbox, OUTBOX_NEW, id, &why) == 0)
		f->removed++;
	else
		disposition_skip(f, id, &why);
}

static void
sort(struct flushing *f, struct work_list *list, const char *id,
    const struct flush_order *order)
{
	struct error why = {0};
	struct journal_state state = {0};
	struct message_file file = { .fd = -1 };
	struct work *w;
	int64_t due;
	int fd;

	if (f->journals > 0 &&
	    outbox_read_journal(&f->outbox, id, &state, &why) != 0) {
		disposition_skip(f, id, &why);
		return;
	}
	due = state.due;
	fd = state.accepted ? -1
	    : outbox_open_message(&f->outbox, OUTBOX_NEW, id, &why);
	if (fd >= 0)
		(void)message_file_read_head(&file, fd, &why);
	if (due == 0 && state.tries == 0 && state.retried == 0)
		due = file.due;
	if (state.accepted)
		clear(f, id);
	else if (why.code != 0 && outbox_is_missing(&f->outbox, OUTBOX_NEW,
	    id))
		; /* another run has settled it meanwhile */
	else if (order->which == FLUSH_DUE &&
	    !journal_is_due(due, time(NULL)))
		leave(f, id, &why);
	else {
		w = work_of(list, &file, order, &why);
		string_list_add(state.reason[0] != '\0' ? &w->refused
		    : &w->ids, xstrdup(id));
	}
	journal_state_free(&state);
	message_file_free(&file);
}

int
work_collect(struct flushing *f, struct work_list *list,
    const struct flush_order *order, struct error *err)
{
	struct outbox_walk walk;
	const char *id;

	outbox_walk_begin(&walk, &f->outbox, OUTBOX_NEW);
	while ((id = outbox_walk_next(&walk)) != NULL)
		sort(f, list, id, order);
	for (size_t i = 0; i < list->n; i++)
		put_in_order(list->at[i]);
	return outbox_walk_end(&walk, &f->outbox, err);
}

void
work_lock(struct flushing *f, struct work_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct work *w = list->at[i];
		struct error why = {0};

		w->lock = lock_site(f->outbox.path, w->unreadable
		    ? "unreadable" : w->site.key, &why);
		w->busy = w->lock < 0;
		if (!w->busy)
			continue;
		f->result.waiting += (unsigned)w->ids.n;
		if (f->result.held.code == 0)
			f->result.held = why;
		if (w->lock != LOCK_BUSY)
			disposition_complain(&f->complaints, why.code,
			    why.text);
	}
}

void
work_unlock(struct work *w)
{
	if (w->lock >= 0)
		close(w->lock);
	w->lock = -1;
}

/* Returns whether the account's config file, or the one of its account line
 * that it includes, was changed after the moment: it may contain a new
 * password. */
static int
is_edited(const struct account *a, int64_t moment)
{
	const char *colon = a->name != NULL ? strrchr(a->origin, ':') : NULL;
	struct stat st;
	char *path;
	int edited;

	if (colon == NULL)
		return 0;
	path = xstrndup(a->origin, (size_t)(colon - a->origin));
	edited = (stat(a->file, &st) == 0 && st.st_mtime > moment) ||
	    (stat(path, &st) == 0 && st.st_mtime > moment);
	free(path);
	return edited;
}

void
work_apply_held(struct work_list *list, const struct held *held)
{
	for (size_t i = 0; i < list->n; i++) {
		struct site *site = &list->at[i]->site;
		const struct held_site *h = held_find(held, site->key);

		if (h == NULL || site->stopped ||
		    h->due == 0 || journal_is_due(h->due, time(NULL)) ||
		    is_edited(&site->account, h->due - HELD_LOGIN_SECONDS))
			continue;
		site->stopped = 1;
		site->due = h->due;
		fail(&site->why, h->code, "%s", h->text);
	}
}

/* Returns the work of the site, or NULL. */
static const struct work *
find_site(const struct work_list *list, const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i]->site.key, key) == 0 &&
		    !list->at[i]->unreadable)
			return list->at[i];
	return NULL;
}

/* Returns whether the record is as it was when the flush began. */
static int
is_old(const struct held_site *h, const struct held *before)
{
	const struct held_site *old = held_find(before, h->key);

	return old != NULL && old->due == h->due && old->code == h->code &&
	    strcmp(old->text, h->text) == 0;
}

/* Adds what another run has noted about the sites that it sends for. */
static void
keep_others(struct held *held, const struct work_list *list,
    const struct held *now, const struct held *before)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct work *w = find_site(list, now->at[i].key);

		if (w != NULL ? w->busy : !is_old(&now->at[i], before))
			held_add(held, &now->at[i]);
	}
}

void
work_note_held(const struct flushing *f, const struct work_list *list,
    const struct held *before)
{
	struct held held = {0}, now;

	held_read(&now, &f->outbox);
	keep_others(&held, list, &now, before);
	for (size_t i = 0; i < list->n; i++) {
		const struct work *w = list->at[i];
		const struct site *site = &w->site;
		struct held_site h = { .since = time(NULL), .due = site->due,
		    .code = site->why.code };
		const struct held_site *old = held_find(before, site->key);

		if (!site->stopped || w->unreadable || w->busy)
			continue;
		if (old != NULL)
			h.since = old->since;
		memcpy(h.key, site->key, sizeof(h.key));
		snprintf(h.text, sizeof(h.text), "%.*s",
		    (int)strcspn(site->why.text, "\n"), site->why.text);
		held_add(&held, &h);
	}
	held_write(&held, &f->outbox);
	held_free(&held);
	held_free(&now);
}
