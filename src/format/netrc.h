/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the netrc file of ftp, curl and git: words separated by blanks or line
 * ends,
 *
 *	machine NAME login NAME password SECRET
 *
 * A word may be quoted; a backslash makes the next octet literal, inside and
 * outside quotes. A # in place of a keyword begins a comment; macdef begins a
 * macro that ends at an empty line.
 */
#ifndef ONEHOP_FORMAT_NETRC_H
#define ONEHOP_FORMAT_NETRC_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* The entry to look for; strings are borrowed. */
struct netrc_query {
	const char *machine;
	const char *login;
	unsigned port;          /* compared if the entry has a port */
};

struct netrc_entry {
	struct buffer password; /* secret, owned */
	unsigned line;          /* of the word "machine" */
};

/*
 * Finds the first entry with a password for exactly this machine (ignoring
 * case) and login. The password of "default" or of an entry without login is
 * never used. Returns 1 if found, 0 if not; -1 EX_CONFIG on a syntax error
 * before the entry; errors do not quote the file. The caller frees
 * found->password.
 */
int netrc_find(struct netrc_entry *found, const char *text, size_t len,
	const struct netrc_query *query, struct error *err);

#endif
