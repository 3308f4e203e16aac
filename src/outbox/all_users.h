/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --all-users: root serves the outbox of each user below the shared directory,
 * in a process that has become that user. */
#ifndef ONEHOP_OUTBOX_ALL_USERS_H
#define ONEHOP_OUTBOX_ALL_USERS_H

#include "base/error.h"
#include "config/selection.h"

enum all_users_work {
	ALL_USERS_FLUSH,  /* several users at once, 15 minutes each */
	ALL_USERS_LIST,   /* one after the other, a minute each */
	ALL_USERS_JSON    /* the same, each list an array of objects */
};

enum all_users_role {
	ALL_USERS_FAILED = -1,
	ALL_USERS_SERVED = 0,
	ALL_USERS_OWNER = 1
};

/*
 * Starts a process for each user, writes what it wrote to stdout and stderr
 * after a line that names the user, and returns ALL_USERS_SERVED if all exited
 * with status 0, else ALL_USERS_FAILED with err set: the worst of the exit
 * statuses, EX_CANTCREAT for entries that are no user's directory, EX_NOPERM
 * without root's rights, EX_CONFIG without a shared directory. In the process
 * of a user, returns ALL_USERS_OWNER with *outbox set, owned by the caller, who
 * serves that outbox and exits. Holds signals.
 */
enum all_users_role all_users_serve(const struct selection *selection,
	enum all_users_work work, char **outbox, struct error *err);

#endif
