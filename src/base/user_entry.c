/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/user_entry.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"

/* Returns whether errno means that there is no entry. Systems differ; ENOENT is
 * that of a machine without a database. */
static int
is_missing(int code)
{
	return code == 0 || code == ENOENT || code == ESRCH || code == EBADF ||
	    code == EPERM;
}

int
user_entry_find(uid_t uid, const struct passwd **entry, struct error *err)
{
	errno = 0;
	*entry = getpwuid(uid);
	if (*entry != NULL || is_missing(errno))
		return 0;
	return fail(err, EX_TEMPFAIL, "cannot look up user %lu: %s",
	    (unsigned long)uid, strerror(errno));
}

int
user_entry_find_name(const char *name, const struct passwd **entry,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	errno = 0;
	*entry = getpwnam(name);
	if (*entry != NULL || is_missing(errno))
		return 0;
	return fail(err, EX_TEMPFAIL, "cannot look up user %s: %s",
	    escape_string(quote, sizeof(quote), name), strerror(errno));
}
