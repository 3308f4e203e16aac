/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/listing.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "format/json.h"

/* A unit begins where the one below it would need four digits, or so. */
struct unit {
	int64_t above;
	int64_t divisor;
	const char *name;
};

char *
listing_size(char *out, size_t size, uint64_t octets)
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

/* A time in words; returns out. */
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

void
listing_read(struct listing *l, const struct outbox *o,
    enum outbox_place place, const char *id)
{
	struct error unread = {0};
	int fd;

	memset(l, 0, sizeof(*l));
	l->outbox = o;
	l->place = place;
	l->id = id;
	l->size = outbox_entry_size(o, place, id);
	l->entry.fd = -1;
	fd = outbox_open_entry(o, place, id, &l->damage);
	if (fd >= 0)
		(void)message_file_read_head(&l->entry, fd, &l->damage);
	(void)outbox_history(o, id, &l->history, &unread);
}

/* Why it is still there. */
static const char *
reason(const struct listing *l)
{
	if (l->damage.code != 0)
		return l->damage.text;
	if (l->history.reason[0] != '\0')
		return l->history.reason;
	return l->entry.reason != NULL ? l->entry.reason : "";
}

/* The first attempt was its sender's. */
static unsigned
tries(const struct listing *l)
{
	return l->history.tries + 1;
}

static int64_t
due(const struct listing *l)
{
	return l->history.due > 0 || l->history.tries > 0 ||
	    l->history.began > 0 ? l->history.due : l->entry.due;
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

void
listing_add_text(struct buffer *out, const struct listing *l, int64_t now)
{
	const struct envelope *e = &l->entry.envelope;
	char size[32], age[32] = "?", words[ESCAPE_QUOTE];

	if (l->entry.queued != 0)
		write_span(age, sizeof(age), now - l->entry.queued);
	buffer_addf(out, "%s  %s  %s ago  <%s>\n", l->id,
	    listing_size(size, sizeof(size), l->size), age,
	    e->sender != NULL ? e->sender : "?");
	buffer_addf(out, "\t%u %s, ", tries(l),
	    tries(l) == 1 ? "try" : "tries");
	add_plan(out, l, now);
	buffer_addf(out, ": %s\n", escape_string(words, sizeof(words),
	    reason(l)));
	for (size_t i = 0; i < e->n; i++)
		buffer_addf(out, "\t<%s>\n", e->to[i].path);
}

void
listing_add_json(struct buffer *out, const struct listing *l, int64_t now)
{
	const struct envelope *e = &l->entry.envelope;

	json_open(out, NULL, '{');
	json_add_text(out, "id", l->id);
	json_add_text(out, "outbox", l->outbox->path);
	json_add_text(out, "state", l->place == OUTBOX_FAILED ? "failed"
	    : "new");
	json_add_number(out, "size", (int64_t)l->size);
	json_add_number(out, "queued", l->entry.queued);
	json_add_number(out, "age", now - l->entry.queued);
	json_add_text(out, "account", l->entry.origin.account != NULL
	    ? l->entry.origin.account : "");
	json_add_text(out, "sender", e->sender != NULL ? e->sender : "");
	json_open(out, "recipients", '[');
	for (size_t i = 0; i < e->n; i++)
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

void
listing_free(struct listing *l)
{
	message_file_free(&l->entry);
}
