/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/summary.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "outbox/notify.h"

/* Maximum number of messages that one line names. */
#define NAMES_MAX 10

/* Names the messages that were given up by this or an earlier flush, until the
 * user looks at them. */
static void
tell_failed(struct flushing *f)
{
	struct string_list ids = {0};
	struct buffer names = {0};
	struct error line = {0};

	(void)notify_list_unseen(&f->outbox, &ids, &line);
	for (size_t i = 0; i < ids.n && i < NAMES_MAX; i++)
		buffer_addf(&names, "%s%s", i > 0 ? ", " : "", ids.at[i]);
	if (ids.n > NAMES_MAX)
		buffer_addf(&names, " and %zu more", ids.n - NAMES_MAX);
	if (ids.n > f->result.failed || ids.n > DISPOSITION_TOLD_MAX) {
		fail(&line, EX_UNAVAILABLE, "outbox: %zu message%s given up: "
		    "%s", ids.n, ids.n == 1 ? "" : "s",
		    buffer_string(&names));
		disposition_complain(&f->complaints, line.code, line.text);
	}
	if (ids.n > 0)
		hint(&f->complaints, "see onehop --outbox list");
	buffer_free(&names);
	string_list_free(&ids);
}

/* Tells of messages that cannot be opened or read if not each was named. */
static void
tell_unread(struct flushing *f)
{
	struct error line = {0};

	if (f->result.unread <= DISPOSITION_TOLD_MAX)
		return;
	fail(&line, EX_TEMPFAIL, "outbox: %u messages cannot be opened or "
	    "read", f->result.unread);
	disposition_complain(&f->complaints, line.code, line.text);
	hint(&f->complaints, "see onehop --outbox list");
}

/* Finds the oldest queued message. Returns the number of all. */
static size_t
find_oldest(const struct outbox *o, char oldest[OUTBOX_ID])
{
	struct error ignored = {0};
	struct outbox_walk walk;
	const char *id;
	size_t n = 0;

	outbox_walk_begin(&walk, o, OUTBOX_NEW);
	while ((id = outbox_walk_next(&walk)) != NULL)
		if (n++ == 0 || strcmp(id, oldest) < 0)
			snprintf(oldest, OUTBOX_ID, "%s", id);
	(void)outbox_walk_end(&walk, o, &ignored);
	return n;
}

/* Adds ": " and the reason of the message's last try. */
static void
add_reason(struct buffer *out, const struct flushing *f, const char *id,
    const struct message_file *file, const struct site *site)
{
	struct journal_state state = {0};
	struct error unread = {0};
	const char *why = site->why.text;

	if (why[0] == '\0') {
		(void)outbox_read_journal(&f->outbox, id, &state, &unread);
		why = outbox_reason(file, &state);
	}
	if (why[0] != '\0')
		buffer_addf(out, ": %.*s", (int)strcspn(why, "\n"), why);
	journal_state_free(&state);
}

/* Reports the oldest message if it has waited too long. */
static void
tell_late(struct flushing *f, struct work_list *list,
    const struct flush_order *order)
{
	struct message_file file = { .fd = -1 };
	struct buffer text = {0};
	struct error unread = {0};
	char oldest[OUTBOX_ID];
	size_t n = find_oldest(&f->outbox, oldest);
	int fd = -1;

	if (n > 0)
		fd = outbox_open_message(&f->outbox, OUTBOX_NEW, oldest,
		    &unread);
	if (fd >= 0 && message_file_read_head(&file, fd, &unread) == 0) {
		const struct site *site = &work_find(list, &file.origin,
		    order, 0)->site;
		int64_t waits = time(NULL) - file.queued;
		unsigned patience = site->account.outbox_patience;

		if (site->account.name != NULL && patience > 0 &&
		    waits > (int64_t)patience) {
			buffer_addf(&text, "outbox: %zu message%s waiting, "
			    "the oldest for %lld hours: %s", n,
			    n == 1 ? "" : "s", (long long)waits / 3600,
			    oldest);
			add_reason(&text, f, oldest, &file, site);
			disposition_complain(&f->complaints, EX_TEMPFAIL,
			    buffer_string(&text));
		}
	}
	buffer_free(&text);
	message_file_free(&file);
}

void
summary_add(struct flushing *f, struct work_list *list,
    const struct flush_order *order)
{
	tell_unread(f);
	tell_failed(f);
	tell_late(f, list, order);
}
