/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The netrc file of ftp, curl and git: words separated by blanks or line ends,
 *
 *	machine NAME login NAME password SECRET
 *
 * A word may stand within quotes; a backslash takes the next octet as it is,
 * within quotes or not. # where a keyword may stand begins a comment, macdef
 * a macro that continues until an empty line.
 */
#ifndef ONEHOP_FORMAT_NETRC_H
#define ONEHOP_FORMAT_NETRC_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* The password's owner; strings borrowed. */
struct netrc_query {
	const char *machine;
	const char *login;
	unsigned port;          /* against an entry that has a port */
};

struct netrc_entry {
	struct buffer password; /* secret, owned */
	unsigned line;          /* where its machine stands */
};

/*
 * Finds the first entry of exactly that machine (in any case) and login that
 * has a password. "default" and entries without a login are for nobody in
 * particular: their passwords are not given away. 1 found, 0 not, -1 EX_CONFIG
 * for what is no netrc file up to there; no word of it is quoted. The caller
 * frees found->password.
 */
int netrc_find(struct netrc_entry *found, const char *text, size_t len,
	const struct netrc_query *query, struct error *err);

#endif
