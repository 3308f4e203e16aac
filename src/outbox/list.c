/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/list.h"

#include <time.h>

#include "base/write_all.h"
#include "format/json.h"
#include "outbox/listing.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"

/* What is on its way to the user. */
struct list_page {
	struct buffer text;
	int json;
	size_t messages;
	uint64_t octets;
	size_t failed;     /* messages given up, shown or not */
	int64_t now;
};

/* The messages of one place of one outbox. */
static int
add_messages(struct list_page *p, const struct outbox *o,
    enum outbox_place place,
    struct error *err)
{
	struct string_list ids = {0};
	struct listing l;
	int result = outbox_list(o, place, &ids, err);

	for (size_t i = 0; i < ids.n; i++) {
		listing_read(&l, o, place, ids.at[i]);
		if (p->json)
			listing_add_json(&p->text, &l, p->now);
		else
			listing_add_text(&p->text, &l, p->now);
		p->messages++;
		p->octets += l.size;
		listing_free(&l);
	}
	string_list_free(&ids);
	return result;
}

static int
count_failed(struct list_page *p, const struct outbox *o, struct error *err)
{
	struct string_list ids = {0};
	int result = outbox_list(o, OUTBOX_FAILED, &ids, err);

	p->failed += ids.n;
	string_list_free(&ids);
	return result;
}

static void
add_summary(struct list_page *p)
{
	char size[32];

	if (p->messages == 0)
		buffer_add_string(&p->text, "Mail queue is empty\n");
	else
		buffer_addf(&p->text, "-- %s in %zu message%s\n",
		    listing_size(size, sizeof(size), p->octets), p->messages,
		    p->messages == 1 ? "" : "s");
	if (p->failed > 0)
		buffer_addf(&p->text, "-- %zu given up: onehop --outbox "
		    "list\n", p->failed);
}

/* Of every outbox: what is new and, if asked for, what was given up. */
static int
list_all(int fd, const struct queue_order *order, int with_failed,
    struct error *err)
{
	struct list_page p = { .json = order->json, .now = time(NULL) };
	struct string_list paths = {0};
	int result = 0;

	locate_outboxes(&paths, order->selection);
	if (p.json)
		json_open(&p.text, NULL, '[');
	for (size_t i = 0; i < paths.n && result == 0; i++) {
		struct outbox o;

		result = outbox_open(&o, paths.at[i], err);
		if (result == 0)
			result = add_messages(&p, &o, OUTBOX_NEW, err);
		if (result == 0)
			result = with_failed ? add_messages(&p, &o,
			    OUTBOX_FAILED, err) : count_failed(&p, &o, err);
		outbox_close(&o);
	}
	if (p.json) {
		json_close(&p.text, ']');
		buffer_add_char(&p.text, '\n');
	} else {
		add_summary(&p);
	}
	if (result == 0)
		result = write_answer(fd, p.text.data, p.text.len, err);
	buffer_free(&p.text);
	string_list_free(&paths);
	return result;
}

int
queue_list(int fd, const struct queue_order *order, struct error *err)
{
	return list_all(fd, order, 0, err);
}

int
queue_list_all(int fd, const struct queue_order *order, struct error *err)
{
	return list_all(fd, order, 1, err);
}
