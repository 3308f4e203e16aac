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
show_account(struct buffer *out, const struct account *a)
{
	buffer_add_string(out, "account ");
	add_value(out, a->name);
	buffer_add_char(out, '\n');
	for (size_t key = 0; key < KEYS; key++)
		for (size_t i = 0;; i++) {
			char *value = account_show(a, key, i);

			if (value == NULL)
				break;
			if (value[0] != '\0') {
				buffer_addf(out, "%s ",
				    account_keys[key].name);
				add_value(out, value);
				buffer_add_char(out, '\n');
			}
			free(value);
		}
}

static void
show_envelope(struct buffer *out, const struct envelope *e)
{
	buffer_addf(out, "\nenvelope from <%s>\n", e->sender);
	for (size_t i = 0; i < e->n; i++)
		buffer_addf(out, "envelope to <%s>\n", e->to[i].path);
	buffer_add_string(out, "\n");
}

int
pretend_show(int fd, const struct account *a, const struct envelope *e,
    const struct message *m, struct error *err)
{
	struct buffer text = {0};
	struct file_sink out;
	int result;

	show_account(&text, a);
	show_envelope(&text, e);
	file_sink_open(&out, fd);
	result = sink_add(&out.sink, text.data, text.len, err);
	if (result == 0)
		result = message_write(m, MESSAGE_PLAIN, &out.sink, err);
	if (result == 0)
		result = file_sink_flush(&out, err);
	file_sink_close(&out);
	buffer_free(&text);
	return result;
}
