/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/pretend.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/show.h"
#include "base/sink.h"

static void
add_line(struct buffer *out, const char *name, const char *value)
{
	buffer_addf(out, "%s ", name);
	escape_add(out, value);
	buffer_add_char(out, '\n');
}

static void
show_key(struct buffer *out, const struct account *a, size_t key)
{
	char *value;

	for (size_t i = 0; (value = account_show(a, key, i)) != NULL; i++) {
		if (value[0] != '\0')
			add_line(out, account_keys[key].name, value);
		free(value);
	}
}

static void
show_account(struct buffer *out, const struct account *a)
{
	char *place = account_describe(a);

	add_line(out, "#", place);
	free(place);
	add_line(out, "account", a->name);
	for (size_t key = 0; key < KEYS; key++) {
		if (a->places[key] == NULL)
			continue;
		place = account_place(a, a->places[key]);
		add_line(out, "#", place);
		free(place);
		show_key(out, a, key);
	}
	buffer_add_string(out, "# default\n");
	for (size_t key = 0; key < KEYS; key++)
		if (a->places[key] == NULL)
			show_key(out, a, key);
}

static void
show_envelope(struct buffer *out, const struct envelope *e)
{
	buffer_add_string(out, "\nenvelope from <");
	escape_add(out, e->sender);
	for (size_t i = 0; i < e->n; i++) {
		buffer_add_string(out, ">\nenvelope to <");
		escape_add(out, e->to[i].path);
	}
	buffer_add_string(out, ">\n\n");
}

/* Puts LF for CRLF: people read it. */
struct text_sink {
	struct sink sink;        /* first: the two are cast */
	struct show_sink shown;
	struct buffer block;
	int after_cr;
};

static char *
text_reserve(struct sink *s, size_t n)
{
	struct text_sink *t = (struct text_sink *)s;

	t->block.len = 0;
	return buffer_reserve(&t->block, n);
}

static int
text_commit(struct sink *s, size_t n, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	struct buffer out = {0};
	int result;

	for (size_t i = 0; i < n; i++) {
		char c = t->block.data[i];

		if (t->after_cr && c != '\n')
			buffer_add_char(&out, '\r');
		t->after_cr = c == '\r';
		if (!t->after_cr)
			buffer_add_char(&out, c);
	}
	result = sink_add(&t->shown.sink, out.data, out.len, err);
	buffer_free(&out);
	return result;
}

int
pretend_show(int fd, const struct account *a, const struct envelope *e,
    const struct message *m, struct error *err)
{
	struct buffer text = {0};
	struct text_sink out = { .sink = { text_reserve, text_commit } };
	int result;

	show_account(&text, a);
	show_envelope(&text, e);
	show_sink_open(&out.shown, fd);
	result = show_answer(fd, text.data, text.len, err);
	if (result == 0)
		result = message_write(m, MESSAGE_PLAIN, &out.sink, err);
	if (result == 0)
		result = show_sink_flush(&out.shown, err);
	show_sink_close(&out.shown);
	buffer_free(&out.block);
	buffer_free(&text);
	return result;
}
