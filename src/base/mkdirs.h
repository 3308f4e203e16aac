/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directories that onehop makes for itself. */
#ifndef ONEHOP_BASE_MKDIRS_H
#define ONEHOP_BASE_MKDIRS_H

/*
 * Makes the directory and those above it that are missing, 0700 whatever the
 * umask, and waits until the disk has them. path is changed meanwhile, and as
 * it was in the end. Allocates nothing. 0, or -1 with errno.
 */
int mkdirs(char *path);

#endif
