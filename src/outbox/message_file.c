/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/message_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "outbox/netstring.h"
#include "outbox/sealed_file.h"
#include "tls/sha256.h"

static int
is_part(const struct recipient *to, enum message_file_part part)
{
	int class = reply_class(&to->reply);

	return part == ENTRY_WHOLE ||
	    (part == ENTRY_OPEN ? class != 2 && class != 5 : class == 5);
}

size_t
message_file_count(const struct envelope *e, enum message_file_part part)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += is_part(&e->to[i], part) != 0;
	return n;
}

static void
add_optional(struct buffer *out, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		netstring_add(out, name, value);
}

static void
add_number(struct buffer *out, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	if (value != 0)
		netstring_add(out, name, text);
}

static void
add_origin(struct buffer *out, const struct selection *origin)
{
	add_optional(out, "account", origin->account);
	add_optional(out, "config", origin->config);
	for (size_t i = 0; i < origin->noverrides; i++) {
		char *set = xasprintf("%s=%s", origin->overrides[i].key,
		    origin->overrides[i].value);

		netstring_add(out, "set", set);
		free(set);
	}
}

/* Does a field's body fit into a record? */
static int
is_plain(const char *text)
{
	size_t n = 0;

	while (text != NULL && text[n] != '\0' && !ascii_is_control(text[n]))
		n++;
	return text != NULL && text[n] == '\0' && n < 1000;
}

static void
add_envelope(struct buffer *out, const struct envelope *e,
    enum message_file_part part)
{
	netstring_add(out, "sender", e->sender);
	for (size_t i = 0; i < e->n; i++) {
		if (!is_part(&e->to[i], part))
			continue;
		netstring_add(out, "recipient", e->to[i].path);
		add_optional(out, "notify", e->to[i].notify);
		add_optional(out, "orcpt", e->to[i].orcpt);
	}
	add_optional(out, "notify-all", e->notify);
	add_optional(out, "return", e->returns);
	add_optional(out, "envid", e->envid);
	if (is_plain(e->message_id)) /* for the log only */
		add_optional(out, "message-id", e->message_id);
	add_number(out, "smtputf8", e->smtputf8);
}

static void
add_head(struct buffer *out, const struct message_file *e,
    enum message_file_part part,
    uint64_t size)
{
	buffer_add_string(out, ENTRY_MAGIC);
	add_origin(out, &e->origin);
	add_envelope(out, &e->envelope, part);
	add_number(out, "queued", e->queued);
	add_number(out, "due", e->due);
	add_number(out, "doubts", e->doubts);
	add_optional(out, "reason", e->reason);
	add_number(out, "content", (int64_t)size);
	buffer_addf(out, "%llu:", (unsigned long long)size);
}

/* Will the reader take what was written? A value that it would not must never
 * be promised to be sent. */
static int
check_head(const struct buffer *head, struct error *err)
{
	struct netstring n = {0};
	size_t offset = strlen(ENTRY_MAGIC);
	int found = 1;

	while (found == 1 && !ascii_equal_n(n.name, n.name_len, "content"))
		found = netstring_next(head->data, head->len, &offset, &n);
	if (found == 1 && head->len <= ENTRY_HEAD_MAX)
		return 0;
	return fail(err, EX_TEMPFAIL, "an option or address has a control "
	    "character or is too long to be kept");
}

/* All but the trailer, which seals it. */
static int
write_body(struct sink *out, const struct message_file *e,
    enum message_file_part part,
    struct error *err)
{
	struct buffer head = {0};
	int result;

	add_head(&head, e, part, message_size(&e->message));
	result = check_head(&head, err);
	if (result == 0)
		result = sink_add(out, head.data, head.len, err);
	buffer_free(&head);
	if (result == 0)
		result = message_write(&e->message, MESSAGE_PLAIN, out, err);
	return result == 0 ? sink_add(out, ",\n", 2, err) : -1;
}

int
message_file_write(int fd, const struct message_file *e,
    enum message_file_part part,
    struct error *err)
{
	char digest[SHA256_TEXT];
	struct sealed_file out;
	struct buffer trailer = {0};
	int result;

	sealed_file_begin(&out, fd);
	result = write_body(&out.sink, e, part, err);
	if (result == 0 && sealed_file_digest(&out, digest) != 0)
		result = fail(err, EX_IOERR, "cannot compute SHA-256");
	if (result == 0) {
		netstring_add(&trailer, "sha256", digest);
		buffer_add_string(&trailer, ENTRY_END);
		result = sink_add(&out.sink, trailer.data, trailer.len, err);
	}
	if (result == 0)
		result = sealed_file_flush(&out, err);
	buffer_free(&trailer);
	sealed_file_close(&out);
	return result;
}

void
message_file_free(struct message_file *e)
{
	message_free(&e->message);
	envelope_free(&e->envelope);
	free(e->origin.overrides);
	free(e->reason);
	buffer_free(&e->head);
	if (e->fd >= 0)
		close(e->fd);
	memset(e, 0, sizeof(*e));
	e->fd = -1;
}
