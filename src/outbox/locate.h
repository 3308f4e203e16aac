/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the outboxes of a user. */
#ifndef ONEHOP_OUTBOX_LOCATE_H
#define ONEHOP_OUTBOX_LOCATE_H

#include "base/error.h"
#include "base/string_list.h"
#include "config/selection.h"

/* Records that the outbox was used, so that locate_outboxes() finds it even if
 * the config no longer names it. Fails silently. */
void locate_remember(const char *outbox);

/* Returns 0; -1 EX_CONFIG if the outbox is recorded and its messages are gone,
 * as those of a disk that is not mounted. The usual outbox is beside the record
 * and cannot be: its user has removed it. */
int locate_check(const char *outbox, struct error *err);

/* Returns 0 if a message may be put in the outbox, which is made where it does
 * not exist; -1 EX_TEMPFAIL if it is recorded on a file system that is not
 * mounted, and would hide below that. */
int locate_check_disk(const char *outbox, struct error *err);

/*
 * Lists the values of outbox in which %u stands for the user: those of the
 * command line and of the accounts in the config files. Returns 0 on success;
 * -1 EX_CONFIG if a config file cannot be read or no value is such.
 */
int locate_patterns(struct string_list *patterns,
	const struct selection *selection, struct error *err);

/*
 * Lists the outboxes that exist: that of "outbox on", that of the command line,
 * those of the accounts in the config files, and those used earlier; or only
 * that of the selection if it has one. Returns 0 on success, -1 with err set:
 * EX_CONFIG if a config file cannot be read, XDG_STATE_HOME belongs to
 * another user, or one used earlier is gone; the list is then incomplete.
 */
int locate_outboxes(struct string_list *paths,
	const struct selection *selection, struct error *err);

#endif
