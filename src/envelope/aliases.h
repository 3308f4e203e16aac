/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local names replaced by what they stand for, as aliases(5) has it. */
#ifndef ONEHOP_ENVELOPE_ALIASES_H
#define ONEHOP_ENVELOPE_ALIASES_H

#include "base/error.h"
#include "config/account.h"
#include "format/address_parse.h"

#define ALIASES_DEPTH_MAX 16

/*
 * Replaces the local addresses of the list that the account's aliases file
 * knows by its targets, these likewise, in order. A bare name is local, and a
 * name at this machine, local_domains, maildomain or /etc/mailname. One that
 * the file does not know becomes the targets of "default" if there are any,
 * unless it stands at the last two. "\name" stands for the bare name itself.
 * Returns 0; -1 EX_CONFIG naming file and line: a loop, more than
 * ALIASES_DEPTH_MAX levels, a "|command" or "/file" that the message leads to.
 * A file that cannot be read or parsed is an error if a recipient is a bare
 * name or at this machine or local_domains; else the list stays, and warning
 * has the error.
 */
int aliases_expand(struct address_list *list, const struct account *a,
	struct error *warning, struct error *err);

#endif
