/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwd entries of users: tells a user without an entry from a user database
 * that does not answer. */
#ifndef ONEHOP_BASE_USER_ENTRY_H
#define ONEHOP_BASE_USER_ENTRY_H

#include <pwd.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Finds the passwd entry of a user. Returns 0, with *entry NULL if the user has
 * none; -1 EX_TEMPFAIL if the database does not answer. The C library owns the
 * entry, until the next call.
 */
int user_entry_find(uid_t uid, const struct passwd **entry, struct error *err);

/* Same as user_entry_find(), by the login name. */
int user_entry_find_name(const char *name, const struct passwd **entry,
	struct error *err);

#endif
