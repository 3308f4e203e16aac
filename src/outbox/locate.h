/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a user's outboxes are. */
#ifndef ONEHOP_OUTBOX_LOCATE_H
#define ONEHOP_OUTBOX_LOCATE_H

#include "base/string_list.h"
#include "config/selection.h"

/* The outboxes that exist: that of "outbox on", that of the command line, and
 * those that accounts of the config files name. A config file that cannot be
 * read names none. */
void locate_outboxes(struct string_list *paths,
	const struct selection *selection);

#endif
