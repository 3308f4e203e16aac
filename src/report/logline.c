/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/logline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "format/queue_id.h"

/* Octets of a value as it is written, at most. All together, with their names,
 * they fit in a line. */
#define TIME_SIZE 80
#define VALUE_SIZE 330
#define REPLY_SIZE 260
#define LIST_SIZE 400
#define ERROR_SIZE 600

/* The line, and what it is to look like. */
struct log_writer {
	struct logline *line;
	int json;
};

static void __attribute__((format(printf, 2, 3)))
add(struct log_writer *w, const char *format, ...)
{
	struct logline *l = w->line;
	size_t room = sizeof(l->text) - 1 - l->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->len, room, format, args);
	va_end(args);
	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* The escaped text with a \ before each " and \; one that does not fit ends in
 * "...". */
static void
quote(char *out, size_t size, const char *text)
{
	size_t used = 0, len = strlen(text), n;
	uint32_t value;

	for (; len > 0; text += n, len -= n) {
		int special = *text == '"' || *text == '\\';

		n = utf8_decode(text, len, &value);
		if (used + n + (size_t)special + sizeof("...") > size) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (special)
			out[used++] = '\\';
		memcpy(out + used, text, n);
		used += n;
	}
	out[used] = '\0';
}

/* The name, and what parts it from the field before. */
static void
begin(struct log_writer *w, const char *name)
{
	int first = w->line->len == 0;

	if (w->json)
		add(w, "%c\"%s\":", first ? '{' : ',', name);
	else
		add(w, "%s%s=", first ? "" : " ", name);
}

static void
add_number(struct log_writer *w, const char *name, int64_t value)
{
	begin(w, name);
	add(w, "%lld", (long long)value);
}

/* A value with blanks, quotes or "=" stands between quotes and has none in it,
 * so that no field can look like another one. */
static void
add_plain(struct log_writer *w, char *value)
{
	const char *mark;

	for (char *p = value; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	mark = strpbrk(value, " ='") != NULL ? "\"" : "";
	add(w, "%s%s%s", mark, value, mark);
}

/* Nothing for NULL and "". size: as it is written, at most ERROR_SIZE. */
static void
add_text(struct log_writer *w, const char *name, const char *value, size_t size)
{
	char shown[ERROR_SIZE], quoted[ERROR_SIZE];

	if (value == NULL || value[0] == '\0')
		return;
	escape_string(shown, size, value);
	begin(w, name);
	if (w->json) {
		quote(quoted, size, shown);
		add(w, "\"%s\"", quoted);
	} else {
		add_plain(w, shown);
	}
}

static void
add_value(struct log_writer *w, const char *name, const char *value)
{
	add_text(w, name, value, VALUE_SIZE);
}

static void
add_recipients(struct log_writer *w, const struct envelope *e)
{
	char list[LIST_SIZE] = "";
	size_t len = 0, shown = 0;

	for (; shown < e->n; shown++) {
		size_t need = strlen(e->to[shown].path) + 1;

		if (len + need + sizeof("+18446744073709551615-more") >
		    sizeof(list))
			break;
		len += (size_t)snprintf(list + len, sizeof(list) - len,
		    "%s%s", shown > 0 ? "," : "", e->to[shown].path);
	}
	if (shown < e->n)
		snprintf(list + len, sizeof(list) - len, "+%zu-more",
		    e->n - shown);
	add_text(w, "to", list, LIST_SIZE);
}

/* How the certificate was judged; NULL without TLS. */
static const char *
verification(const struct attempt *a)
{
	static const char *const ways[] = {
		[TLS_TRUST_CA] = "on",
		[TLS_TRUST_TOFU] = "tofu",
		[TLS_TRUST_DANE] = "dane"
	};

	if (a->facts->tls[0] == '\0')
		return NULL;
	if (a->account->tls_fingerprint.n > 0)
		return "pin";
	if (!a->account->tls_certcheck)
		return "off";
	return a->facts->notice[0] != '\0' ? "first"
	    : ways[a->account->tls_trust];
}

static void
add_server(struct log_writer *w, const struct attempt *a)
{
	const struct submission *f = a->facts;
	int talked = f->connection.address[0] != '\0';

	add_value(w, "account", a->account->name);
	add_value(w, "notice", a->account->notice);
	add_value(w, "host", f->host);
	add_value(w, "address", f->connection.address);
	add_value(w, "tls", f->tls[0] == '\0' && talked ? "off" : f->tls);
	add_value(w, "verify", verification(a));
	add_value(w, "auth", f->mechanism);
	add_value(w, "user", a->account->user);
}

static void
add_message(struct log_writer *w, const struct attempt *a)
{
	const struct envelope *e = a->envelope;

	if (e->sender == NULL)
		return; /* it never came to an envelope */
	add_value(w, "from", e->sender[0] != '\0' ? e->sender : "<>");
	add_recipients(w, e);
	add_number(w, "size", (int64_t)message_size(a->message));
	add_value(w, "msgid", e->message_id);
}

static void
add_result(struct log_writer *w, const struct attempt *a)
{
	const struct reply *final = &a->facts->final;
	char id[QUEUE_ID_MAX] = "";

	if (reply_class(final) == 2)
		queue_id_find(id, final->text);
	add_value(w, "queueid", id);
	add_text(w, "reply", final->text, REPLY_SIZE);
	add_text(w, "error", a->result->text, ERROR_SIZE);
	if (a->facts->started != 0)
		add_number(w, "ms", a->facts->ended - a->facts->started);
}

/* The time stands alone in a line for people. */
static void
add_when(struct log_writer *w, const char *when)
{
	char shown[TIME_SIZE];

	if (w->json)
		add_text(w, "time", when, TIME_SIZE);
	else if (when[0] != '\0')
		add(w, "%s", escape_string(shown, sizeof(shown), when));
}

void
log_line_compose(struct logline *l, const struct attempt *a, const char *when)
{
	struct log_writer w = { l, a->account->log_format == LOG_FORMAT_JSON };

	l->len = 0;
	l->text[0] = '\0';
	add_when(&w, when);
	add_text(&w, "outcome", outcome_of(a), VALUE_SIZE);
	add_number(&w, "exit", a->code);
	add_server(&w, a);
	add_message(&w, a);
	add_result(&w, a);
	if (w.json)
		add(&w, "}");
}
