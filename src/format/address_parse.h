/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parses RFC 5322 3.4 address lists, including the obsolete forms of section
 * 4.4. Pure; not recursive; linear in the length of the input. */
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
 * Appends the mailboxes of the address list in the len octets at text. Groups
 * are flattened, routes dropped, comments (up to 32 levels) skipped; empty
 * elements, folding and raw UTF-8 are accepted. Returns 0 on success; -1
 * EX_DATAERR, naming the offending word, with the list unchanged.
 */
int address_list_parse(struct address_list *list, const char *text,
	size_t len, struct error *err);

void address_list_free(struct address_list *list);

/* Appends a copy of a, which remains the caller's. */
void address_list_add(struct address_list *list, const struct address *a);

#endif
