/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/enqueue.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/platform.h"
#include "base/xmalloc.h"
#include "outbox/history.h"
#include "outbox/outbox.h"

int
enqueue_is_worthwhile(const struct attempt *a)
{
	const struct error *why = a->result;

	if (why->signal != 0) /* who types ^C does not want it sent */
		return why->signal != SIGINT && why->signal != SIGQUIT;
	if (why->outcome == OUTCOME_PARTIAL)
		return message_file_count(a->envelope, ENTRY_OPEN) > 0;
	if (why->outcome == OUTCOME_UNKNOWN)
		return 1;
	if (why->lasting || reply_class(&a->facts->final) == 5)
		return 0;
	return why->code == EX_TEMPFAIL || why->code == EX_PROTOCOL ||
	    why->code == EX_NOHOST || why->code == EX_OSERR;
}

/* A server that has said "not now" is not asked again at once. */
static int64_t
first_try(const struct attempt *a, int64_t now)
{
	uint32_t chance = 0;

	if (!a->facts->begun && reply_class(&a->facts->final) != 4)
		return 0;
	(void)platform_random(&chance, sizeof(chance));
	return history_next(1, now, chance);
}

/* What a later run needs to find the account again. */
static int
set_origin(struct selection *origin, const struct attempt *a,
    const struct selection *selection, char **config, struct error *err)
{
	*config = selection->config != NULL
	    ? realpath(selection->config, NULL) : NULL;
	if (selection->config != NULL && *config == NULL)
		return fail(err, EX_TEMPFAIL, "outbox: the config file of -C "
		    "is gone");
	origin->account = a->account->name;
	origin->config = *config;
	origin->overrides = selection->overrides;
	origin->noverrides = selection->noverrides;
	return 0;
}

static int
add(const char *path, const struct attempt *a,
    const struct selection *selection,
    char id[OUTBOX_ID], struct error *err)
{
	struct error why = *a->result;
	struct message_file e = { .envelope = *a->envelope,
	    .message = *a->message, .reason = why.text, .fd = -1 };
	struct outbox o;
	char *config;
	int result = -1;

	if (set_origin(&e.origin, a, selection, &config, err) != 0)
		return -1;
	e.queued = time(NULL);
	e.due = first_try(a, e.queued);
	e.doubts = why.outcome == OUTCOME_UNKNOWN;
	if (outbox_open(&o, path, err) == 0 &&
	    outbox_check_room(&o, a->account, message_size(a->message),
	    err) == 0)
		result = outbox_add(&o, OUTBOX_NEW, &e, why.outcome ==
		    OUTCOME_NOT_SENT ? ENTRY_WHOLE : ENTRY_OPEN, id, err);
	outbox_close(&o);
	free(config);
	return result;
}

/* Some were refused for good: that is the run's result. */
static void
tell_refusals(const struct attempt *a, const char *id, struct error *err)
{
	char queued[96];
	size_t n = message_file_count(a->envelope, ENTRY_OPEN);

	snprintf(queued, sizeof(queued), "queued for %zu recipient%s as %s",
	    n, n == 1 ? "" : "s", id);
	envelope_blame(a->envelope, err);
	wrap(err, "accepted for some of the recipients");
	err->outcome = OUTCOME_PARTIAL;
	hint(err, "%s", queued);
}

void
enqueue_message(const struct attempt *a, const struct selection *selection,
    struct error *err)
{
	char *path = outbox_path(a->account);
	struct error trouble = {0};
	char id[OUTBOX_ID];

	if (path == NULL || !enqueue_is_worthwhile(a)) {
		free(path);
		return;
	}
	if (add(path, a, selection, id, &trouble) != 0) {
		err->code = trouble.code;
		wrap(err, "not queued: %s", trouble.text);
	} else if (err->outcome == OUTCOME_PARTIAL &&
	    message_file_count(a->envelope, ENTRY_REFUSED) > 0) {
		tell_refusals(a, id, err);
	} else {
		wrap(err, "queued as %s", id);
		err->code = err->signal = 0;
		err->hint[0] = '\0';
		err->outcome = OUTCOME_QUEUED;
	}
	free(path);
}
