/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/enqueue.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/string_list.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/load.h"
#include "message/downgrade.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"
#include "outbox/room.h"

int
enqueue_is_partial(const struct attempt *a)
{
	return a->account->partial_delivery ||
	    (a->account->protocol == PROTOCOL_LMTP &&
	    a->facts->mail.invited != 0);
}

static size_t
count_open(const struct envelope *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += (size_t)message_file_is_open(&e->to[i]);
	return n;
}

/* Returns whether the user can fix the trouble. */
static int
is_for_user(const struct error *why)
{
	return why->outcome == OUTCOME_NOT_SENT && !why->lasting &&
	    (why->code == EX_NOPERM || why->code == EX_CONFIG);
}

int
enqueue_may_succeed_later(const struct attempt *a)
{
	const struct error *why = a->result;

	if (why->signal != 0) /* the user who types ^C wants it not sent */
		return why->signal != SIGINT && why->signal != SIGQUIT;
	if (why->outcome == OUTCOME_PARTIAL)
		return count_open(a->envelope) > 0;
	if (enqueue_is_partial(a) && count_open(a->envelope) == 0)
		return 0;
	if (why->outcome == OUTCOME_UNKNOWN || is_for_user(why))
		return 1;
	if (enqueue_is_partial(a) &&
	    envelope_count(a->envelope, 4) > 0)
		return 1;
	if (why->lasting || reply_class(&a->facts->final) == 5)
		return 0;
	return why->code == EX_TEMPFAIL || why->code == EX_PROTOCOL ||
	    why->code == EX_NOHOST || why->code == EX_OSERR;
}

/* A server that has refused temporarily is not asked again at once. A message
 * that its user must see to is due: each -q reports it. */
static int64_t
first_try(const struct attempt *a, int64_t now)
{
	uint32_t chance = 0;

	if (is_for_user(a->result))
		return 0;
	if (!a->facts->begun && reply_class(&a->facts->final) != 4)
		return 0;
	(void)platform_random(&chance, sizeof(chance));
	return journal_next_try(1, now, chance);
}

/* Returns whether another run, without XDG_CONFIG_HOME, would not find the
 * user's file, or find another one before it. */
static int
is_out_of_way(const struct account *a)
{
	char *here = xdg_config_path(a->home, "");
	char *usual = xasprintf("%s/.config/", a->home);
	char *other = xasprintf("%sonehop/config", usual);
	int is = here != NULL && strcmp(here, usual) != 0 &&
	    (strncmp(a->file, here, strlen(here)) == 0 ||
	    access(other, F_OK) == 0);

	free(here);
	free(usual);
	free(other);
	return is;
}

/* Returns the absolute path of an existing file as it was named: where a link
 * leads is for the later run to see. A descriptor of this run's is nothing to
 * it, but may have a path. Owned; NULL if the file is gone. */
static char *
lasting_path(const char *file)
{
	char here[PATH_MAX];
	char *real = realpath(file, NULL);

	if (real == NULL || strncmp(file, "/dev/", 5) == 0 ||
	    strncmp(file, "/proc/", 6) == 0)
		return real;
	free(real);
	if (file[0] == '/')
		return xstrdup(file);
	return getcwd(here, sizeof(here)) != NULL
	    ? xasprintf("%s/%s", here, file) : NULL;
}

/* Sets the path of a config file that a later run may not find by itself: that
 * of -C, or the one that was found by this run's XDG_CONFIG_HOME, or because
 * there is none. Owned, or NULL. */
static int
find_config(const struct account *a, const struct selection *selection,
    char **path, struct error *err)
{
	const char *file = selection->config;

	*path = NULL;
	if (file == NULL && a->file[0] == '/' && is_out_of_way(a))
		file = a->file;
	if (file == NULL)
		return 0;
	*path = lasting_path(file);
	return *path != NULL ? 0 : fail(err, EX_TEMPFAIL,
	    "outbox: the config file of %s is gone",
	    selection->config != NULL ? "-C" : "XDG_CONFIG_HOME");
}

/* Returns an option's value as it means the same in another working directory,
 * owned. */
static char *
lasting_value(size_t key, const char *value)
{
	char here[PATH_MAX];
	int is_command = account_keys[key].kind == KIND_COMMAND &&
	    value[0] != '\0';

	if ((!is_command && !config_is_relative(key, value)) ||
	    getcwd(here, sizeof(here)) == NULL || strchr(here, '\'') != NULL)
		return xstrdup(value);
	return is_command ? xasprintf("cd '%s' && %s", here, value)
	    : xasprintf("%s/%s", here, value);
}

/* Sets the selection that selects the account. What the environment says is
 * recorded like options: another run has another one. The overrides are
 * owned, their values are those of the list. */
static int
set_origin(struct selection *origin, const struct attempt *a,
    const struct selection *selection, char **config,
    struct string_list *values, struct error *err)
{
	const struct account *account = a->account;

	if (find_config(account, selection, config, err) != 0)
		return -1;
	origin->account = account->name;
	origin->config = *config;
	if (account->origin[0] == '$') {
		origin->account = "";
		selection_override(origin, KEY_host, account->host.at[0]);
		if (account->from.n > 0)
			selection_override(origin, KEY_from,
			    account->from.at[0]);
	}
	for (size_t i = 0; i < selection->noverrides; i++) {
		const struct override *o = &selection->overrides[i];
		size_t key = (size_t)(key_find(o->key) - account_keys);

		string_list_add(values, lasting_value(key, o->value));
		selection_override(origin, key, values->at[i]);
	}
	origin->is_own = origin->noverrides > 0 && !selection->may_be_foreign;
	return 0;
}

/* Returns whether the attempt has settled some of the recipients. */
static int
has_settled(const struct attempt *a)
{
	return a->result->outcome != OUTCOME_NOT_SENT ||
	    (enqueue_is_partial(a) &&
	    count_open(a->envelope) < a->envelope->n);
}

static int
add(const char *path, const struct attempt *a,
    const struct selection *selection, char id[OUTBOX_ID],
    struct error *err)
{
	struct error why = *a->result;
	struct message_file m = { .envelope = *a->envelope,
	    .message = *a->message, .reason = why.text, .fd = -1 };
	struct outbox o = {0};
	struct string_list values = {0};
	char *config;
	int result = -1;

	if (set_origin(&m.origin, a, selection, &config, &values, err) != 0)
		return -1;
	m.queued = time(NULL);
	m.due = first_try(a, m.queued);
	m.doubts = why.outcome == OUTCOME_UNKNOWN;
	if (locate_check_disk(path, err) == 0 &&
	    outbox_open(&o, path, OUTBOX_WRITE, err) == 0 &&
	    room_take(&o, a->account, message_size(a->message), err) == 0)
		result = outbox_add(&o, OUTBOX_NEW, &m,
		    has_settled(a) ? MESSAGE_FILE_OPEN : MESSAGE_FILE_WHOLE,
		    id, err);
	if (result == 0)
		locate_remember(path);
	outbox_close(&o);
	free(m.origin.overrides);
	string_list_free(&values);
	free(config);
	return result;
}

/* Makes the permanent refusal of some recipients the result of the run, and
 * says in its text what becomes of the others: -bs has no more than that. */
static void
tell_refusals(const struct attempt *a, const char *id, struct error *err)
{
	size_t n = count_open(a->envelope);
	int doubts = err->outcome == OUTCOME_UNKNOWN;

	envelope_blame(a->envelope, err);
	err->code = EX_NOUSER;
	wrap(err, "queued for %zu recipient%s as %s%s", n, n == 1 ? "" : "s",
	    id, doubts ? ", although the message may have been accepted" : "");
	if (envelope_count(a->envelope, 2) > 0)
		wrap(err, "accepted for some of the recipients");
	err->outcome = OUTCOME_PARTIAL;
}

/* Reports that the message is queued, with a notice about the outbox and the
 * trouble that the user must fix. */
static void
tell_queued(const char *id, const char *notice, struct error *err)
{
	int for_user = is_for_user(err);

	wrap(err, "queued as %s", id);
	if (notice[0] != '\0')
		wrap(err, "%s", notice);
	if (!for_user)
		err->hint[0] = '\0';
	if (for_user)
		hint(err, "the message is sent once this is fixed");
	else if (notice[0] != '\0')
		hint(err, "check who could change the messages in it");
	err->code = err->signal = 0;
	err->outcome = OUTCOME_QUEUED;
}

/* Returns whether no server would accept the message, because a line or field
 * is too long and cannot be encoded. Sets err to the reason in that case. */
static int
is_unsendable(const struct attempt *a, struct error *err)
{
	const struct message *m = a->message;
	struct spool room = {0};
	struct error why = {0};
	struct message fit;

	if (err->outcome != OUTCOME_NOT_SENT || a->account->chunking ||
	    !downgrade_is_needed(m, DOWNGRADE_8BITMIME))
		return 0;
	if (downgrade_convert(&fit, m, DOWNGRADE_8BITMIME, &room, &why) == 0) {
		message_free(&fit);
		return 0;
	}
	if (why.code != EX_DATAERR)
		return 0;
	*err = why;
	return 1;
}

void
enqueue_message(const struct attempt *a, const struct selection *selection,
    struct error *err)
{
	char *path = outbox_path(a->account);
	struct error trouble = {0};
	char id[OUTBOX_ID];

	selection_hide_file(selection, err);
	if (path == NULL || !enqueue_may_succeed_later(a) ||
	    is_unsendable(a, err)) {
		free(path);
		return;
	}
	if (add(path, a, selection, id, &trouble) != 0) {
		/* 75 would invite the caller to send it to all again */
		if (!has_settled(a))
			err->code = trouble.code;
		wrap(err, "not queued: %s", trouble.text);
		if (trouble.hint[0] != '\0')
			hint(err, "%s", trouble.hint);
	} else if (has_settled(a) && envelope_count(a->envelope, 5) > 0) {
		tell_refusals(a, id, err);
		err->signal = 0;
	} else {
		tell_queued(id, trouble.hint, err);
	}
	free(path);
}

void
enqueue_unconfigured(struct account *account, struct envelope *envelope,
    const struct request *request, struct message *m,
    const struct selection *selection, struct error *err)
{
	const struct submission facts = {0};
	const struct attempt attempt = {
		.account = account,
		.envelope = envelope,
		.message = m,
		.facts = &facts,
		.result = err
	};
	struct error ignored = {0};

	if (config_load_readable(account, selection, request->sender, m) == 0 &&
	    envelope_make(envelope, request, account, m, &ignored) == 0)
		enqueue_message(&attempt, selection, err);
}
