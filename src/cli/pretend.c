/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/pretend.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/sink.h"
#include "base/xmalloc.h"

/* Appends a value of the config file. The backslash, which escape.h would
 * show as an octet, is printable: users compare this with their file. */
static void
add_value(struct buffer *out, const char *value)
{
	static const char backslash[] = "\\x5C";
	size_t size = 4 * strlen(value) + 4, len = strlen(backslash);
	char *shown = xmalloc(size);

	escape_string(shown, size, value);
	for (const char *p = shown; *p != '\0';) {
		int is_backslash = strncmp(p, backslash, len) == 0;

		buffer_add_char(out, *p);
		p += is_backslash ? len : 1;
	}
	free(shown);
}

static void
show_key(struct buffer *out, const struct account *a, size_t key)
{
	char *value;

	for (size_t i = 0; (value = account_show(a, key, i)) != NULL; i++) {
		if (value[0] != '\0') {
			buffer_addf(out, "%s ", account_keys[key].name);
			add_value(out, value);
			buffer_add_char(out, '\n');
		}
		free(value);
	}
}

static void
show_account(struct buffer *out, const struct account *a)
{
	char *place = account_describe(a);

	buffer_addf(out, "# %s\naccount ", place);
	free(place);
	add_value(out, a->name);
	buffer_add_char(out, '\n');
	for (size_t key = 0; key < KEYS; key++) {
		if (a->places[key] == NULL)
			continue;
		place = account_place(a, a->places[key]);
		buffer_addf(out, "# %s\n", place);
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
	buffer_addf(out, "\nenvelope from <%s>\n", e->sender);
	for (size_t i = 0; i < e->n; i++)
		buffer_addf(out, "envelope to <%s>\n", e->to[i].path);
	buffer_add_string(out, "\n");
}

/* Puts LF for CRLF into a file: people read it. */
struct text_sink {
	struct sink sink;        /* first: the two are cast */
	struct file_sink file;
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
	result = sink_add(&t->file.sink, out.data, out.len, err);
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
	file_sink_open(&out.file, fd);
	result = sink_add(&out.sink, text.data, text.len, err);
	if (result == 0)
		result = message_write(m, MESSAGE_PLAIN, &out.sink, err);
	if (result == 0)
		result = file_sink_flush(&out.file, err);
	file_sink_close(&out.file);
	buffer_free(&out.block);
	buffer_free(&text);
	return result;
}
