/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Creation of onehop's own directories. */
#ifndef ONEHOP_BASE_MKDIRS_H
#define ONEHOP_BASE_MKDIRS_H

/*
 * Creates the directory and its missing parents with mode 0700, whatever the
 * umask, and syncs them to disk. Modifies path temporarily and restores it.
 * Allocates no memory. Returns 0 on success, -1 with errno set.
 */
int mkdirs(char *path);

#endif
