/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a user's outboxes are. */
#ifndef ONEHOP_OUTBOX_LOCATE_H
#define ONEHOP_OUTBOX_LOCATE_H

#include "base/error.h"
#include "base/string_list.h"
#include "config/selection.h"

/* Notes that the outbox was used: locate_outboxes finds it even if the config
 * no longer names it. Fails silently. */
void locate_remember(const char *outbox);

/*
 * Lists the outboxes that exist: of "outbox on", of the command line, of the
 * accounts of the config files, and those that were ever used. Returns 0, or
 * -1 with EX_CONFIG if a config file cannot be read or XDG_STATE_HOME is that
 * of another user: then some may be missing.
 */
int locate_outboxes(struct string_list *paths,
	const struct selection *selection, struct error *err);

#endif
