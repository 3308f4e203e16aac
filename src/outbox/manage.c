/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/manage.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/poll.h"
#include "base/show.h"
#include "base/sink.h"
#include "base/xmalloc.h"
#include "outbox/held.h"
#include "outbox/list.h"
#include "outbox/locate.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

/* Maximum time to wait for the lock, milliseconds. */
#define LOCK_PATIENCE 10000

/* Minimum length of a partial ID, octets. */
#define NAME_MIN 4

/* The message that the user names. */
struct choice {
	enum outbox_access access;
	struct outbox outbox;
	enum outbox_place place;
	char *id;          /* owned; NULL if there is none */
	int several;       /* other messages match, too */
	struct journal journal; /* of the message, while it is locked */
};

static void
choice_free(struct choice *c)
{
	journal_close(&c->journal);
	if (c->id != NULL)
		outbox_close(&c->outbox);
	free(c->id);
	memset(c, 0, sizeof(*c));
	c->journal.fd = -1;
}

/* Looks in one outbox; keeps it open if the message is there. */
static int
search(struct choice *c, const char *path, const char *name,
    struct error *err)
{
	static const enum outbox_place places[] =
	    { OUTBOX_NEW, OUTBOX_FAILED };
	struct outbox o;
	int result = outbox_open(&o, path, c->access, err), found = 0;

	for (size_t i = 0; i < 2 && result == 0; i++) {
		struct string_list ids = {0};

		result = outbox_list(&o, places[i], &ids, err);
		for (size_t k = 0; k < ids.n; k++) {
			if (strstr(ids.at[k], name) == NULL)
				continue;
			if (c->id != NULL) {
				c->several = 1;
				continue;
			}
			c->id = xstrdup(ids.at[k]);
			c->place = places[i];
			c->outbox = o;
			found = 1;
		}
		string_list_free(&ids);
	}
	if (!found)
		outbox_close(&o);
	return result;
}

static int
choose(struct choice *c, const struct manage_order *order, const char *name,
    struct error *err)
{
	struct string_list paths = {0};
	struct error unlocated = {0};
	char quote[128];
	int result = 0;

	escape_string(quote, sizeof(quote), name);
	if (strlen(name) < NAME_MIN)
		return fail(err, EX_USAGE, "expected an ID or at least %d "
		    "characters of it, not \"%s\"", NAME_MIN, quote);
	(void)locate_outboxes(&paths, order->selection, &unlocated);
	for (size_t i = 0; i < paths.n && result == 0; i++)
		result = search(c, paths.at[i], name, err);
	string_list_free(&paths);
	if (result == 0 && c->id == NULL && unlocated.code != 0) {
		*err = unlocated;
		result = -1;
	} else if (result == 0 && c->id == NULL)
		result = fail(err, EX_NOINPUT,
		    "no message %s in the outbox", quote);
	else if (result == 0 && c->several)
		result = fail(err, EX_USAGE,
		    "more than one message has %s in its name", quote);
	return result;
}

static int
in_use(struct error *err)
{
	return fail(err, EX_TEMPFAIL, "outbox: another run is sending from "
	    "it");
}

/* Locks the outbox and the message. The run that held them may have moved the
 * message. */
static int
lock(struct choice *c, struct error *err)
{
	int64_t deadline = deadline_in(LOCK_PATIENCE);
	int locked = outbox_lock(&c->outbox, deadline, err);

	if (locked == 1)
		locked = outbox_open_journal(&c->outbox, c->id, deadline,
		    &c->journal, err);
	if (locked == 0)
		return in_use(err);
	if (outbox_message_size(&c->outbox, c->place, c->id) == 0)
		c->place = c->place == OUTBOX_NEW ? OUTBOX_FAILED
		    : OUTBOX_NEW;
	if (locked == 1 &&
	    outbox_message_size(&c->outbox, c->place, c->id) == 0)
		return fail(err, EX_NOINPUT,
		    "message %s has left the outbox", c->id);
	return locked == 1 ? 0 : -1;
}

/* Appends the details of the message, one a line, and an empty line. */
static void
add_head(struct buffer *out, const struct choice *c,
    const struct message_file *m)
{
	struct journal_state state = {0};
	struct error unread = {0};

	(void)outbox_read_journal(&c->outbox, c->id, &state, &unread);
	buffer_add_string(out, "account ");
	escape_add(out, m->origin.account != NULL ? m->origin.account : "");
	buffer_add_string(out, "\nenvelope from <");
	escape_add(out, m->envelope.sender);
	for (size_t i = 0; i < m->envelope.n; i++) {
		buffer_add_string(out, ">\nenvelope to <");
		escape_add(out, m->envelope.to[i].path);
	}
	buffer_add_string(out, ">\nreason ");
	escape_add(out, outbox_reason(m, &state));
	buffer_add_string(out, "\n\n");
	journal_state_free(&state);
}

/* Writes the envelope, the reason, and the message as it would be sent. */
static int
show(int fd, struct choice *c, struct error *err)
{
	const struct string_list shown = { &c->id, 1 };
	struct message_file m = { .fd = -1 };
	struct buffer head = {0};
	struct show_sink out;
	int file = outbox_open_message(&c->outbox, c->place, c->id, err);
	int result = file >= 0 ? message_file_read(&m, file, err) : -1;

	if (result == 0) {
		add_head(&head, c, &m);
		show_sink_open(&out, fd);
		result = show_answer(fd, head.data, head.len, err) == 0 &&
		    message_write(&m.message, MESSAGE_PLAIN, &out.sink,
		    err) == 0 && show_sink_flush(&out, err) == 0 ? 0 : -1;
		show_sink_close(&out);
	}
	buffer_free(&head);
	message_file_free(&m);
	if (result == 0 && c->place == OUTBOX_FAILED)
		notify_look(&c->outbox, &shown);
	return result;
}

/* Makes the message due at once, as if it had never been tried. */
static int
renew(struct choice *c, struct error *err)
{
	const struct held none = {0};
	struct journal_state state = {0};
	int is_accepted, result;

	if (outbox_read_journal(&c->outbox, c->id, &state, err) != 0)
		return -1;
	is_accepted = state.accepted;
	journal_state_free(&state);
	if (is_accepted) /* only its removal is missing */
		return outbox_remove(&c->outbox, c->place, c->id, err);
	result = journal_write(&c->journal, JOURNAL_RETRIED, 0, NULL, err);
	if (result == 0)
		result = outbox_sync(&c->outbox, OUTBOX_JOURNAL, err);
	if (result == 0 && c->place == OUTBOX_FAILED)
		result = outbox_move(&c->outbox, c->id, OUTBOX_FAILED,
		    OUTBOX_NEW, err);
	held_write(&none, &c->outbox);
	return result;
}

static int
retry(int fd, struct choice *c, struct error *err)
{
	(void)fd;
	return lock(c, err) == 0 ? renew(c, err) : -1;
}

/* Makes the queued messages of an outbox due, unless they are being tried, or
 * only ends the pauses of their accounts. */
static int
renew_all(struct choice *c, int with_messages, struct error *err)
{
	const struct held none = {0};
	struct string_list ids = {0};
	int locked = outbox_lock(&c->outbox, deadline_in(LOCK_PATIENCE), err);
	int result = locked < 0 ? -1 : locked == 0 ? in_use(err) : 0;

	if (result == 0 && with_messages)
		result = outbox_list(&c->outbox, OUTBOX_NEW, &ids, err);
	for (size_t i = 0; i < ids.n && result == 0; i++) {
		int open = outbox_open_journal(&c->outbox, ids.at[i], 0,
		    &c->journal, err);

		c->id = ids.at[i];
		c->place = OUTBOX_NEW;
		result = open < 0 ? -1 : open == 0 ||
		    outbox_is_missing(&c->outbox, OUTBOX_NEW, c->id) ? 0
		    : renew(c, err);
		journal_close(&c->journal);
	}
	if (result == 0)
		held_write(&none, &c->outbox);
	c->id = NULL;
	string_list_free(&ids);
	return result;
}

/* "all", or "held", for the messages of accounts that are held. */
static int
retry_many(const struct manage_order *order, const char *which,
    struct error *err)
{
	struct string_list paths = {0};
	struct error incomplete = {0};
	int result = 0;

	(void)locate_outboxes(&paths, order->selection, &incomplete);
	for (size_t i = 0; i < paths.n && result == 0; i++) {
		struct choice c = { .journal.fd = -1 };

		result = outbox_open(&c.outbox, paths.at[i], OUTBOX_WRITE,
		    err);
		if (result == 0)
			result = renew_all(&c, strcmp(which, "all") == 0,
			    err);
		outbox_close(&c.outbox);
	}
	string_list_free(&paths);
	if (result == 0 && incomplete.code != 0) {
		*err = incomplete;
		result = -1;
	}
	return result;
}

static int
drop(int fd, struct choice *c, struct error *err)
{
	(void)fd;
	return lock(c, err) == 0
	    ? outbox_remove(&c->outbox, c->place, c->id, err) : -1;
}

static int
list(int fd, const struct manage_order *order, struct error *err)
{
	const struct list_order all = { order->selection, LIST_ALL,
	    order->form };

	return list_messages(fd, &all, err);
}

/* A verb applies to the outboxes, or to each message that is named. */
static const struct manage_verb {
	const char *name;
	int (*on_outboxes)(int fd, const struct manage_order *order,
	    struct error *err);
	int (*on_message)(int fd, struct choice *c, struct error *err);
	enum outbox_access access;  /* for on_message */
} verbs[] = {
	{ "list", list, NULL, OUTBOX_READ },
	{ "show", NULL, show, OUTBOX_READ },
	{ "retry", NULL, retry, OUTBOX_WRITE },
	{ "remove", NULL, drop, OUTBOX_WRITE },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct manage_verb *
find_verb(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

/* Returns whether a word names several messages. */
static int
is_many(const char *word)
{
	return strcmp(word, "all") == 0 || strcmp(word, "held") == 0;
}

int
manage_is_verb(const char *name)
{
	return find_verb(name) != NULL;
}

void
manage_add_verbs(struct buffer *out)
{
	for (size_t i = 0; i < VERBS; i++)
		buffer_addf(out, "%s%s", i > 0 ? ", " : "", verbs[i].name);
}

int
manage_run(int fd, const struct manage_order *order, struct error *err)
{
	const struct manage_verb *verb = find_verb(order->verb);
	int result = 0;

	if (verb == NULL)
		return fail(err, EX_USAGE, "--outbox: unknown verb");
	if (verb->on_outboxes != NULL)
		return verb->on_outboxes(fd, order, err);
	if (order->nids == 0)
		return fail(err, EX_USAGE, "--outbox %s: expected the ID of "
		    "a message after it", verb->name);
	for (size_t i = 0; i < order->nids && result == 0; i++) {
		struct choice c = { .access = verb->access,
		    .journal.fd = -1 };

		if (verb->on_message == retry && is_many(order->ids[i])) {
			result = retry_many(order, order->ids[i], err);
			continue;
		}
		result = choose(&c, order, order->ids[i], err);
		if (result == 0)
			result = verb->on_message(fd, &c, err);
		choice_free(&c);
	}
	return result;
}
