/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The users who have an outbox below a shared directory: outbox DIRECTORY/%u.
 * Any user can create entries there, so nothing in it is trusted. */
#ifndef ONEHOP_OUTBOX_OWNERS_H
#define ONEHOP_OUTBOX_OWNERS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/string_list.h"

/* A user, as the passwd entry says. All is owned. */
struct owner {
	char *name;
	char *home;
	char *outbox;  /* absolute path; the last component is the name */
	uid_t uid;
	gid_t gid;
};

struct owners {
	struct owner *at;           /* by name */
	size_t n;
	struct string_list skipped; /* entries left alone and why, at most ten;
	                               escaped */
	size_t nskipped;            /* number of all of them */
};

/*
 * Appends the users whose directories exist below the pattern, which ends in
 * "/%u". A directory counts if its owner is the user whose name it has; other
 * entries are skipped, except those of root that name no user. owners is {0} or
 * filled by earlier calls. Returns 0 on success; -1 EX_CONFIG if the pattern
 * ends otherwise, or the shared directory does not belong to root, or others
 * can replace entries in it.
 */
int owners_find(struct owners *owners, const char *pattern,
	struct error *err);

/*
 * Gives up root's rights for those of the user: groups, group, user, umask,
 * environment, working directory and controlling terminal. Returns 0 on
 * success; -1 EX_OSERR, after which the process must not do anything for the
 * user.
 */
int owner_become(const struct owner *owner, struct error *err);

void owners_free(struct owners *owners);

#endif
