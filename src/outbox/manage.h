/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows, retries and removes messages of the outboxes: --outbox VERB. */
#ifndef ONEHOP_OUTBOX_MANAGE_H
#define ONEHOP_OUTBOX_MANAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/selection.h"
#include "outbox/list.h"

/* All is borrowed. */
struct manage_order {
	const struct selection *selection; /* whose outboxes */
	const char *verb;    /* accepted by manage_is_verb() */
	char *const *ids;    /* IDs, or parts that match one ID only */
	size_t nids;
	enum list_form form; /* of lists */
};

/* Returns whether name is a verb of --outbox. */
int manage_is_verb(const char *name);

/* Appends the names of all verbs, separated by commas. */
void manage_add_verbs(struct buffer *out);

/*
 * Applies the verb and writes output to fd. Returns 0 on success, -1 with err
 * set: EX_USAGE, EX_NOINPUT if there is no such message, EX_TEMPFAIL if the
 * outbox is in use.
 */
int manage_run(int fd, const struct manage_order *order, struct error *err);

#endif
