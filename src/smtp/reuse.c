/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/reuse.h"

#include <string.h>

#include "base/poll.h"

static int
open_session(struct reused_session *d, const struct account *a,
    struct error *err)
{
	memset(&d->submitter, 0, sizeof(d->submitter));
	/* another message may need another account and its command */
	d->options.confinement = SUBMIT_UNCONFINED;
	account_copy(&d->account, a);
	d->open = 1;
	d->opening = 1;
	if (submit_open(&d->submitter, &d->account, &d->options,
	    err) != 0) {
		reuse_close(d);
		return -1;
	}
	d->opening = 0;
	return 0;
}

/* Has the server hung up on a session that was idle, before it was told
 * anything that counts? */
static int
is_stale(const struct reused_session *d, const struct error *err)
{
	return err->code == EX_TEMPFAIL && err->signal == 0 &&
	    err->outcome == OUTCOME_NOT_SENT &&
	    !d->submitter.session.intact &&
	    (d->submitter.facts.final.code == 0 ||
	    d->submitter.facts.final.code == 421);
}

static int
send_message(struct reused_session *d, const struct account *a,
    struct envelope *e, const struct message *m, struct error *err)
{
	int reused, result;

	if (d->open && strcmp(d->account.name, a->name) != 0)
		reuse_close(d);
	reused = d->open;
	if (!d->open && open_session(d, a, err) != 0)
		return -1;
	result = submit_send(&d->submitter, e, m, CONTENT_STAY, err);
	if (result != 0 && reused && is_stale(d, err)) {
		reuse_close(d);
		memset(err, 0, sizeof(*err));
		if (open_session(d, a, err) != 0)
			return -1;
		result = submit_send(&d->submitter, e, m, CONTENT_STAY,
		    err);
	}
	if (!d->submitter.session.intact)
		reuse_close(d);
	return result;
}

int
reuse_send(struct reused_session *d, const struct account *a,
    struct envelope *e, const struct message *m, struct error *err)
{
	int64_t started = deadline_now();
	int result = send_message(d, a, e, m, err);

	/* of this message, not of the session */
	d->submitter.facts.started = started;
	d->submitter.facts.ended = deadline_now();
	return result;
}

void
reuse_close(struct reused_session *d)
{
	if (!d->open)
		return;
	submit_close(&d->submitter);
	account_free(&d->account);
	d->open = 0;
}
