/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/pretend.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/sink.h"

static void
show_account(struct buffer *out, const struct account *a)
{
	char shown[ESCAPE_QUOTE];

	buffer_addf(out, "account %s\n", escape_string(shown, sizeof(shown),
	    a->name));
	for (const struct key *k = account_keys; k->name != NULL; k++)
		for (size_t i = 0;; i++) {
			char *value = account_get(a, k->name, i);

			if (value == NULL)
				break;
			if (value[0] != '\0')
				buffer_addf(out, "%s %s\n", k->name,
				    escape_string(shown, sizeof(shown),
				    value));
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
