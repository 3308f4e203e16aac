/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/list.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/show.h"
#include "base/xmalloc.h"
#include "format/json.h"
#include "outbox/held.h"
#include "outbox/locate.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

/* Number of octets that are collected before they are written. */
#define BLOCK ((size_t)64 * 1024)

/* A unit begins roughly where the next smaller one would need four digits. */
struct unit {
	int64_t above;
	int64_t divisor;
	const char *name;
};

static char *
write_size(char *out, size_t size, uint64_t octets)
{
	static const char *const names[] = { "kB", "MB", "GB" };
	uint64_t unit = 1000;
	size_t i = 0;

	while (i < 2 && octets >= 1000 * unit) {
		unit *= 1000;
		i++;
	}
	snprintf(out, size, "%llu.%llu %s",
	    (unsigned long long)(octets / unit),
	    (unsigned long long)(octets % unit * 10 / unit), names[i]);
	return out;
}

/* Writes a time in words to out. Returns out. */
static char *
write_span(char *out, size_t size, int64_t seconds)
{
	static const struct unit units[] = {
		{ (int64_t)2 * 24 * 3600, 24 * 3600, "days" },
		{ 2 * 3600, 3600, "h" },
		{ 120, 60, "min" },
		{ 0, 1, "s" },
	};
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (seconds < units[i].above)
		i++;
	snprintf(out, size, "%lld %s", (long long)(seconds /
	    units[i].divisor), units[i].name);
	return out;
}

/* One message and its details. */
struct listing {
	const struct outbox *outbox;
	enum outbox_place place;
	const char *id;
	int journals;                 /* nonzero if the outbox has any */
	struct message_file file;     /* its records */
	struct journal_state state;
	const struct held_site *held; /* its account is held, or NULL */
	struct error damage;          /* why the file cannot be read */
	uint64_t size;                /* of the file, octets */
};

/* Reads the message. Damage is recorded in the details. */
static void
read_message(struct listing *l, const struct held *held)
{
	const struct outbox *o = l->outbox;
	enum outbox_place place = l->place;
	struct error unread = {0};
	char key[HELD_KEY];
	int fd;

	l->file.fd = -1;
	fd = outbox_open_message(o, place, l->id, &l->damage);
	if (fd >= 0)
		(void)message_file_read_head(&l->file, fd, &l->damage);
	l->size = fd >= 0 ? (uint64_t)l->file.size
	    : outbox_message_size(o, place, l->id);
	if (l->journals)
		(void)outbox_read_journal(o, l->id, &l->state, &unread);
	if (place == OUTBOX_NEW && held->n > 0) {
		held_key(key, &l->file.origin);
		l->held = held_find(held, key);
	}
}

static void
free_message(struct listing *l)
{
	journal_state_free(&l->state);
	message_file_free(&l->file);
}

/* Returns why the message is still in the outbox. */
static const char *
reason(const struct listing *l)
{
	if (l->damage.code != 0)
		return l->damage.text;
	if (l->held != NULL)
		return l->held->text;
	return outbox_reason(&l->file, &l->state);
}

/* Includes the first attempt, made by the sending run. */
static unsigned
tries(const struct listing *l)
{
	return l->state.tries + 1;
}

static int64_t
due(const struct listing *l)
{
	int64_t own = l->state.due > 0 || l->state.tries > 0 ||
	    l->state.retried > 0 ? l->state.due : l->file.due;

	return l->held != NULL && l->held->due > own ? l->held->due : own;
}

static void
add_plan(struct buffer *out, const struct listing *l, int64_t now)
{
	char span[32];

	if (l->place == OUTBOX_FAILED)
		buffer_add_string(out, "given up");
	else if (due(l) > now)
		buffer_addf(out, "next try in %s",
		    write_span(span, sizeof(span), due(l) - now));
	else
		buffer_add_string(out, "next try with the next onehop -q");
}

/* Returns whether the recipient has yet to get the message. */
static int
is_waiting(const struct listing *l, size_t index)
{
	const struct journal_state *s = &l->state;

	return journal_recipient_is_open(s, index) ||
	    (l->place == OUTBOX_FAILED &&
	    s->to[index].state == RECIPIENT_REFUSED);
}

/* Appends text of others. Most of it is ASCII, which needs no escapes. */
static void
add_escaped(struct buffer *out, const char *text)
{
	size_t plain = 0;

	while (text[plain] >= ' ' && text[plain] <= '~')
		plain++;
	buffer_add(out, text, plain);
	if (text[plain] != '\0')
		escape_add(out, text + plain);
}

static void
add_text(struct buffer *out, const struct listing *l, int64_t now)
{
	const struct envelope *e = &l->file.envelope;
	char size[32], age[32] = "?";

	if (l->file.queued != 0)
		write_span(age, sizeof(age), now - l->file.queued);
	add_escaped(out, l->id);
	buffer_add_string(out, "  ");
	buffer_add_string(out, write_size(size, sizeof(size), l->size));
	buffer_add_string(out, "  ");
	buffer_add_string(out, age);
	buffer_add_string(out, " ago  <");
	add_escaped(out, e->sender != NULL ? e->sender : "?");
	buffer_addf(out, ">\n\t%u %s, ", tries(l),
	    tries(l) == 1 ? "try" : "tries");
	add_plan(out, l, now);
	buffer_add_string(out, ": ");
	add_escaped(out, reason(l));
	buffer_add_char(out, '\n');
	for (size_t i = 0; i < e->n; i++)
		if (is_waiting(l, i)) {
			buffer_add_string(out, "\t<");
			add_escaped(out, e->to[i].path);
			buffer_add_string(out, ">\n");
		}
}

static void
add_json(struct buffer *out, const struct listing *l, int64_t now)
{
	const struct envelope *e = &l->file.envelope;

	json_open(out, NULL, '{');
	json_add_text(out, "id", l->id);
	json_add_text(out, "outbox", l->outbox->path);
	json_add_text(out, "state", l->place == OUTBOX_FAILED ? "failed"
	    : "new");
	json_add_number(out, "size", (int64_t)l->size);
	json_add_number(out, "queued", l->file.queued);
	json_add_number(out, "age", now - l->file.queued);
	json_add_text(out, "account", l->file.origin.account != NULL
	    ? l->file.origin.account : "");
	json_add_text(out, "sender", e->sender != NULL ? e->sender : "");
	json_open(out, "recipients", '[');
	for (size_t i = 0; i < e->n; i++)
		if (is_waiting(l, i))
			json_add_text(out, NULL, e->to[i].path);
	json_close(out, ']');
	json_add_text(out, "message_id", e->message_id != NULL
	    ? e->message_id : "");
	json_add_number(out, "tries", tries(l));
	json_add_number(out, "next_try", due(l));
	json_add_text(out, "reason", reason(l));
	json_add_bool(out, "damaged", l->damage.code != 0);
	json_close(out, '}');
}

/* The list under construction. */
struct list_page {
	const struct list_order *order;
	int fd;
	struct buffer text;  /* what is not yet written */
	int lost;            /* some of it could not be written */
	struct string_list failed; /* the IDs of those given up */
	size_t messages;
	uint64_t octets;
	int64_t now;
};

/* Writes the text once enough has been collected, except its last octet, which
 * shows whether a comma is needed. */
static int
write_text(struct list_page *p, struct error *err)
{
	size_t n = p->text.len;

	if (n < BLOCK)
		return 0;
	if (show_answer(p->fd, p->text.data, n - 1, err) != 0) {
		p->lost = 1;
		return -1;
	}
	buffer_consume(&p->text, n - 1);
	return 0;
}

/* Lists the messages of one place of one outbox. */
static int
add_messages(struct list_page *p, const struct outbox *o,
    enum outbox_place place, struct error *err)
{
	struct string_list ids = {0};
	struct held held;
	int journals = o->places[OUTBOX_JOURNAL] >= 0 &&
	    outbox_is_used(o, OUTBOX_JOURNAL);
	int result = outbox_list(o, place, &ids, err);

	held_read(&held, o);
	for (size_t i = 0; i < ids.n && result == 0; i++) {
		struct listing l = { .outbox = o, .place = place,
		    .id = ids.at[i], .journals = journals };

		read_message(&l, &held);
		if (p->order->form == LIST_JSON)
			add_json(&p->text, &l, p->now);
		else
			add_text(&p->text, &l, p->now);
		p->messages++;
		p->octets += l.size;
		free_message(&l);
		if (place == OUTBOX_FAILED)
			string_list_add(&p->failed, xstrdup(ids.at[i]));
		result = write_text(p, err);
	}
	held_free(&held);
	string_list_free(&ids);
	return result;
}

static int
add_outbox(struct list_page *p, const char *path, struct error *err)
{
	struct outbox o;
	int all = p->order->extent == LIST_ALL;
	int result = outbox_open(&o, path, OUTBOX_READ, err);

	if (result == 0)
		result = add_messages(p, &o, OUTBOX_NEW, err);
	if (result == 0 && all)
		result = add_messages(p, &o, OUTBOX_FAILED, err);
	outbox_close(&o);
	return result;
}

/* The user has seen what was given up: all of the list is written. */
static void
look(const struct list_page *p, const struct string_list *paths)
{
	for (size_t i = 0; i < paths->n && p->failed.n > 0; i++) {
		struct error ignored = {0};
		struct outbox o;

		if (outbox_open(&o, paths->at[i], OUTBOX_READ, &ignored) == 0)
			notify_look(&o, &p->failed);
		outbox_close(&o);
	}
}

/* Returns the number of messages given up, shown or not. */
static size_t
count_failed(const struct string_list *paths)
{
	size_t n = 0;

	for (size_t i = 0; i < paths->n; i++) {
		struct string_list ids = {0};
		struct error told_later = {0};
		struct outbox o;

		if (outbox_open(&o, paths->at[i], OUTBOX_READ,
		    &told_later) == 0)
			(void)outbox_list(&o, OUTBOX_FAILED, &ids,
			    &told_later);
		n += ids.n;
		string_list_free(&ids);
		outbox_close(&o);
	}
	return n;
}

/* Reports the messages given up first. */
static void
begin(struct list_page *p, const struct string_list *paths)
{
	size_t failed;

	if (p->order->form == LIST_JSON) {
		json_open(&p->text, NULL, '[');
		return;
	}
	failed = p->order->extent == LIST_ALL ? 0 : count_failed(paths);
	if (failed > 0)
		buffer_addf(&p->text, "-- %zu given up: onehop --outbox "
		    "list\n", failed);
}

/* An incomplete list does not say that the queue is empty. */
static void
end(struct list_page *p, const struct error *trouble)
{
	char size[32];

	if (p->order->form == LIST_JSON) {
		json_close(&p->text, ']');
		buffer_add_char(&p->text, '\n');
	} else if (p->messages > 0) {
		buffer_addf(&p->text, "-- %s in %zu message%s\n",
		    write_size(size, sizeof(size), p->octets), p->messages,
		    p->messages == 1 ? "" : "s");
	} else if (trouble->code == 0) {
		buffer_add_string(&p->text, "Mail queue is empty\n");
	}
}

int
list_messages(int fd, const struct list_order *order, struct error *err)
{
	struct list_page p = { .order = order, .fd = fd,
	    .now = time(NULL) };
	struct string_list paths = {0};
	int result;

	(void)locate_outboxes(&paths, order->selection, err);
	begin(&p, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		struct error trouble = {0};

		if (add_outbox(&p, paths.at[i], &trouble) != 0 &&
		    err->code == 0)
			*err = trouble;
	}
	end(&p, err);
	result = show_answer(fd, p.text.data, p.text.len, err);
	if (result == 0 && !p.lost)
		look(&p, &paths);
	string_list_free(&p.failed);
	buffer_free(&p.text);
	string_list_free(&paths);
	return result == 0 && err->code == 0 ? 0 : -1;
}
