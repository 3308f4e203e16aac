/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locations of the user's files, independent of an unsuitable environment. */
#ifndef ONEHOP_BASE_XDG_H
#define ONEHOP_BASE_XDG_H

#include <stddef.h>

#include "base/error.h"

/*
 * XDG_CONFIG_HOME and XDG_STATE_HOME are used only if they, or the nearest
 * directory above them that exists, belong to the user; the same applies to
 * HOME.
 */

/*
 * Returns HOME if it is absolute, not "/", and owned by the current user, else
 * the home directory of the passwd entry: cron, sudo and Dovecot run programs
 * without a usable HOME. For a user without a passwd entry, as in a container,
 * HOME may be owned by root. The caller owns the result; it is "" if there is
 * no home directory.
 */
char *xdg_home(void);

/* Same as xdg_home(); NULL with EX_TEMPFAIL if it needs the passwd entry and
 * the user database does not answer: the user's files are elsewhere then. */
char *xdg_find_home(struct error *err);

/* Returns $XDG_CONFIG_HOME/onehop/config, else home/.config/onehop/config,
 * owned by the caller; NULL if neither is available. */
char *xdg_config_file(const char *home);

/* Same as xdg_config_file(), for the file of another program, such as
 * "msmtp/config". */
char *xdg_config_path(const char *home, const char *tail);

/* Returns $XDG_STATE_HOME/onehop, else home/.local/state/onehop, owned by the
 * caller; NULL if neither is available. */
char *xdg_state_directory(const char *home);

/* Returns the value of XDG_STATE_HOME if it is ignored because the directory
 * belongs to another user, else NULL. */
const char *xdg_foreign_state(void);

/*
 * Writes the path of the named file in the state directory to path. Allocates
 * no memory. Returns 0 on success, -1 if there is no such directory or the path
 * is too long.
 */
int xdg_state_file(char *path, size_t size, const char *home,
	const char *name);

#endif
