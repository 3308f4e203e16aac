/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line's word over the config file's. */
#ifndef ONEHOP_CONFIG_OVERRIDE_H
#define ONEHOP_CONFIG_OVERRIDE_H

#include "base/error.h"
#include "config/account.h"
#include "config/selection.h"

/*
 * Sets the keys that were given as options, and finishes the account
 * (account_check). A secret belongs to the server, or to the proxy, that it
 * was written down for: if an option changes that, the secret and the user's
 * name are dropped, unless they were options too. 0; -1 EX_USAGE for an
 * option's value, EX_CONFIG for what does not fit together.
 */
int override_finish(struct account *a, const struct selection *selection,
	struct error *err);

#endif
