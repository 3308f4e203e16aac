/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replaces local names by their targets in aliases(5). */
#ifndef ONEHOP_ENVELOPE_ALIASES_H
#define ONEHOP_ENVELOPE_ALIASES_H

#include "base/error.h"
#include "config/account.h"
#include "format/address_parse.h"

#define ALIASES_DEPTH_MAX 16

/*
 * Replaces each local address of the list that the account's aliases file lists
 * by its targets, and these by theirs, in order. Local are bare names and names
 * at this machine, local_domains, maildomain or /etc/mailname. A local address
 * that is not listed is replaced by the targets of "default", except at
 * maildomain and /etc/mailname. "\name" is the bare name itself.
 * Returns 0; -1 EX_CONFIG naming file and line: a loop, more than
 * ALIASES_DEPTH_MAX levels, a "|command" or "/file" that the message leads to.
 * A file that cannot be read or parsed is an error if a recipient is a bare
 * name or at this machine or local_domains; otherwise the list is unchanged and
 * the error is in warning.
 */
int aliases_expand(struct address_list *list, const struct account *a,
	struct error *warning, struct error *err);

#endif
