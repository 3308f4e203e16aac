/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/result_json.h"

#include <errno.h>
#include <string.h>

#include "base/write_all.h"
#include "format/json.h"
#include "format/queue_id.h"
#include "report/timing.h"

/* Room for what is put together before it is written, and when that is. */
#define ROOM ((size_t)32 * 1024)
#define FULL ((size_t)8 * 1024)

/* The object under way. */
struct json_page {
	struct buffer *text;
	int fd;
	int error;  /* errno of a failed write; nothing is written then */
};

static void
put(struct json_page *p, size_t n)
{
	if (p->error == 0 && write_all(p->fd, p->text->data, n) != 0)
		p->error = errno;
	buffer_consume(p->text, n);
}

/* Writes what has gathered; the last octet stays, as json.c looks there for
 * whether a comma is due. */
static void
relieve(struct json_page *p)
{
	if (p->text->len >= FULL)
		put(p, p->text->len - 1);
}

static void
add_text(struct json_page *p, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_add_text(p->text, name, text);
	else
		json_add_null(p->text, name);
	relieve(p);
}

/* 0 is nothing to tell. */
static void
add_number(struct json_page *p, const char *name, int64_t value)
{
	if (value != 0)
		json_add_number(p->text, name, value);
	else
		json_add_null(p->text, name);
}

static void
add_reply(struct json_page *p, const struct reply *r)
{
	add_number(p, "code", r->code);
	add_text(p, "enhanced", r->dsn);
	add_text(p, "text", r->text);
}

static void
add_server(struct json_page *p, const struct attempt *a)
{
	const struct submission *f = a->facts;

	add_text(p, "account", a->account->name);
	add_text(p, "host", f->host);
	add_number(p, "port", f->port);
	add_text(p, "address", f->connection.address);
	add_text(p, "tls", f->tls);
	add_text(p, "mechanism", f->mechanism);
}

static void
add_envelope(struct json_page *p, const struct envelope *e)
{
	if (e->sender != NULL)
		json_add_text(p->text, "sender", e->sender);
	else
		json_add_null(p->text, "sender");
	json_open(p->text, "recipients", '[');
	for (size_t i = 0; i < e->n; i++) {
		json_open(p->text, NULL, '{');
		add_text(p, "address", e->to[i].path);
		add_reply(p, &e->to[i].reply);
		json_close(p->text, '}');
	}
	json_close(p->text, ']');
}

static void
add_final(struct json_page *p, const struct reply *final)
{
	char id[QUEUE_ID_MAX] = "";

	if (reply_class(final) == 2)
		queue_id_find(id, final->text);
	if (final->code != 0) {
		json_open(p->text, "reply", '{');
		add_reply(p, final);
		json_close(p->text, '}');
	} else {
		json_add_null(p->text, "reply");
	}
	add_text(p, "queue_id", id);
}

static void
add_times(struct json_page *p, const struct attempt *a)
{
	struct timing_step steps[TIMING_STEPS];
	size_t n = timing_steps(steps, a->account, a->facts);

	json_open(p->text, "milliseconds", '{');
	for (size_t i = 0; i < n; i++)
		json_add_number(p->text, steps[i].name, steps[i].ms);
	json_add_number(p->text, "total", a->facts->ended -
	    a->facts->started);
	json_close(p->text, '}');
}

/* 0 if there is no message: each has the line that ends its header. */
static int64_t
size_of(const struct message *m)
{
	uint64_t size = message_size(m);

	return size > 2 ? (int64_t)size : 0;
}

void
result_json_reserve(struct buffer *room)
{
	buffer_reserve(room, ROOM);
}

int
result_json_write(int fd, struct buffer *room, const struct attempt *a,
    struct error *err)
{
	struct json_page p = { .text = room, .fd = fd };

	json_open(room, NULL, '{');
	json_add_text(room, "outcome", outcome_of(a));
	json_add_number(room, "exit", a->code);
	add_number(&p, "signal", a->result->signal);
	add_server(&p, a);
	add_envelope(&p, a->envelope);
	add_final(&p, &a->facts->final);
	add_text(&p, "message_id", a->envelope->message_id);
	add_number(&p, "bytes", size_of(a->message));
	add_times(&p, a);
	add_text(&p, "notice", a->facts->notice);
	add_text(&p, "error", a->result->text);
	add_text(&p, "hint", a->result->hint);
	json_close(room, '}');
	buffer_add_char(room, '\n');
	put(&p, room->len);
	if (p.error == 0)
		return 0;
	return fail(err, EX_IOERR, "cannot write the result to standard "
	    "output: %s", strerror(p.error));
}
