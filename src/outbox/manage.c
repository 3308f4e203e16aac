/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/list.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/sink.h"
#include "base/xmalloc.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"

/* How long a user waits for a run that has the outbox, milliseconds. */
#define LOCK_PATIENCE 10000

/* So much of an ID must be given. */
#define NAME_MIN 4

/* A message that the user has named. */
struct choice {
	struct outbox outbox;
	enum outbox_place place;
	char *id;          /* owned; NULL if there is none */
	int several;       /* the name is that of others, too */
};

static void
choice_free(struct choice *c)
{
	if (c->id != NULL)
		outbox_close(&c->outbox);
	free(c->id);
	memset(c, 0, sizeof(*c));
}

/* Looks in one outbox; keeps it open if the message is there. */
static int
search(struct choice *c, const char *path, const char *name,
    struct error *err)
{
	static const enum outbox_place places[] =
	    { OUTBOX_NEW, OUTBOX_FAILED };
	struct outbox o;
	int result = outbox_open(&o, path, err), found = 0;

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
choose(struct choice *c, const struct queue_order *order, const char *name,
    struct error *err)
{
	struct string_list paths = {0};
	char quote[128];
	int result = 0;

	escape_string(quote, sizeof(quote), name);
	if (strlen(name) < NAME_MIN)
		return fail(err, EX_USAGE, "expected an ID or at least %d "
		    "characters of it, not \"%s\"", NAME_MIN, quote);
	locate_outboxes(&paths, order->selection);
	for (size_t i = 0; i < paths.n && result == 0; i++)
		result = search(c, paths.at[i], name, err);
	string_list_free(&paths);
	if (result == 0 && c->id == NULL)
		result = fail(err, EX_NOINPUT,
		    "no message %s in the outbox", quote);
	else if (result == 0 && c->several)
		result = fail(err, EX_USAGE,
		    "more than one message has %s in its name", quote);
	return result;
}

/* Takes the lock; whoever had it may have moved the message meanwhile. */
static int
lock(struct choice *c, struct error *err)
{
	int locked = outbox_lock(&c->outbox, deadline_in(LOCK_PATIENCE), err);

	if (locked == 0)
		return fail(err, EX_TEMPFAIL, "outbox: another run is "
		    "sending from it");
	if (outbox_entry_size(&c->outbox, c->place, c->id) == 0)
		c->place = c->place == OUTBOX_NEW ? OUTBOX_FAILED
		    : OUTBOX_NEW;
	if (locked == 1 &&
	    outbox_entry_size(&c->outbox, c->place, c->id) == 0)
		return fail(err, EX_NOINPUT,
		    "message %s has left the outbox", c->id);
	return locked == 1 ? 0 : -1;
}

/* The envelope, what became of it, and the message as it would be sent. */
static int
show(int fd, struct choice *c, struct error *err)
{
	struct message_file e = { .fd = -1 };
	struct history h = {0};
	struct error unread = {0};
	struct buffer head = {0};
	struct file_sink out;
	int entry = outbox_open_entry(&c->outbox, c->place, c->id, err);
	int result = entry >= 0 ? message_file_read(&e, entry, err) : -1;

	if (result == 0) {
		buffer_addf(&head, "account %s\nenvelope from <%s>\n",
		    e.origin.account != NULL ? e.origin.account : "",
		    e.envelope.sender);
		for (size_t i = 0; i < e.envelope.n; i++)
			buffer_addf(&head, "envelope to <%s>\n",
			    e.envelope.to[i].path);
		(void)outbox_history(&c->outbox, c->id, &h, &unread);
		buffer_addf(&head, "reason %s\n\n", h.reason[0] != '\0'
		    ? h.reason : e.reason != NULL ? e.reason : "");
		file_sink_open(&out, fd);
		result = sink_add(&out.sink, head.data, head.len, err) == 0 &&
		    message_write(&e.message, MESSAGE_PLAIN, &out.sink,
		    err) == 0 && file_sink_flush(&out, err) == 0 ? 0 : -1;
		file_sink_close(&out);
	}
	buffer_free(&head);
	message_file_free(&e);
	return result;
}

static int
retry(int fd, struct choice *c, struct error *err)
{
	struct history h;
	struct journal j;
	int result;

	(void)fd;
	if (lock(c, err) != 0 ||
	    outbox_history(&c->outbox, c->id, &h, err) != 0)
		return -1;
	if (h.accepted) /* only its removal is missing */
		return outbox_remove(&c->outbox, c->place, c->id, err);
	if (outbox_open_journal(&c->outbox, c->id, &j, err) != 0)
		return -1;
	result = journal_add(&j, "retried", err, NULL);
	close(j.fd);
	if (result == 0 && c->place == OUTBOX_FAILED)
		result = outbox_move(&c->outbox, c->id, OUTBOX_FAILED,
		    OUTBOX_NEW, err);
	return result;
}

static int
drop(int fd, struct choice *c, struct error *err)
{
	(void)fd;
	return lock(c, err) == 0
	    ? outbox_remove(&c->outbox, c->place, c->id, err) : -1;
}

static const struct {
	const char *verb;
	int (*act)(int fd, struct choice *c, struct error *err);
} acts[] = {
	{ "show", show },
	{ "retry", retry },
	{ "remove", drop },
};

int
queue_command(int fd, const struct queue_order *order, struct error *err)
{
	const size_t nacts = sizeof(acts) / sizeof(acts[0]);
	size_t i = 0;
	int result = 0;

	if (strcmp(order->verb, "list") == 0)
		return queue_list_all(fd, order, err);
	while (i < nacts && strcmp(order->verb, acts[i].verb) != 0)
		i++;
	if (i == nacts)
		return fail(err, EX_USAGE, "--outbox: expected list, show, "
		    "retry or remove, not \"%s\"", order->verb);
	if (order->nids == 0)
		return fail(err, EX_USAGE, "--outbox %s: expected the ID of "
		    "a message behind it", order->verb);
	for (size_t k = 0; k < order->nids && result == 0; k++) {
		struct choice c = {0};

		result = choose(&c, order, order->ids[k], err);
		if (result == 0)
			result = acts[i].act(fd, &c, err);
		choice_free(&c);
	}
	return result;
}
