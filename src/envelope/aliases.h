/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local names replaced by what they stand for, as aliases(5) has it. */
#ifndef ONEHOP_ENVELOPE_ALIASES_H
#define ONEHOP_ENVELOPE_ALIASES_H

#include "base/error.h"
#include "format/address_parse.h"

#define ALIASES_DEPTH_MAX 16

/*
 * Replaces every local address of the list - a bare name, or a name at this
 * host - that the file at path knows by its targets, these likewise, in order.
 * A local address it does not know becomes "default"'s targets, if there are
 * any. "\name" stands for the bare name itself. 0; -1 EX_CONFIG naming file
 * and line: unreadable file, no "name:", a loop, more than ALIASES_DEPTH_MAX
 * levels, and - only if the message needs it - a "|command" or "/file".
 */
int aliases_expand(struct address_list *list, const char *path,
	struct error *err);

#endif
