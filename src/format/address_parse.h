/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 5322 3.4 address lists, the obsolete forms of 4.4 included. Pure; no
 * recursion; linear in the input.
 */
#ifndef ONEHOP_FORMAT_ADDRESS_PARSE_H
#define ONEHOP_FORMAT_ADDRESS_PARSE_H

#include <stddef.h>

#include "base/error.h"
#include "format/address.h"

struct address_list {
	struct address *at;
	size_t n;
};

/*
 * Appends the mailboxes of the address list in the len octets at text: groups
 * are flattened, routes dropped, comments (nested to 32) skipped, empty
 * elements and folding allowed. Raw UTF-8 passes. 0; or -1 with EX_DATAERR,
 * naming the offending word, and the list as it was.
 */
int address_list_parse(struct address_list *list, const char *text,
	size_t len, struct error *err);

void address_list_free(struct address_list *list);

/* Appends a copy of a; the caller keeps a. */
void address_list_add(struct address_list *list, const struct address *a);

#endif
