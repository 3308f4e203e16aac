/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the user's files are, whatever the caller and its environment. */
#ifndef ONEHOP_BASE_XDG_H
#define ONEHOP_BASE_XDG_H

#include <stddef.h>

/* XDG_CONFIG_HOME and XDG_STATE_HOME count only where they, or the next
 * directory above them that exists, belong to the user, as with HOME. */

/*
 * HOME if it is absolute, our own directory and not "/"; else the passwd
 * entry's: cron, sudo and dovecot run us with no usable HOME. A user without
 * an entry, as in a container, may have a HOME of root. Owned; "" if there is
 * none.
 */
char *xdg_home(void);

/* $XDG_CONFIG_HOME/onehop/config, else home/.config/onehop/config. Owned;
 * NULL without either. */
char *xdg_config_file(const char *home);

/* The same for another program's file, such as "msmtp/config". */
char *xdg_config_path(const char *home, const char *tail);

/* $XDG_STATE_HOME/onehop, else home/.local/state/onehop. Owned, or NULL. */
char *xdg_state_directory(const char *home);

/* The value of XDG_STATE_HOME if it is not believed: a directory of another
 * user. NULL if it is, or is not set. */
const char *xdg_foreign_state(void);

/* The file of that name in there, into path. Allocates nothing. 0, or -1 if
 * there is no such directory or the path is too long. */
int xdg_state_file(char *path, size_t size, const char *home,
	const char *name);

#endif
