/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths as text. */
#ifndef ONEHOP_BASE_PATH_H
#define ONEHOP_BASE_PATH_H

/*
 * Cuts off the last component of a path: "/a/b" becomes "/a", "/a" becomes "/".
 * Returns 1; 0, with the path as it is, if it is "/" or has no slash. Allocates
 * nothing.
 */
int path_go_up(char *path);

#endif
