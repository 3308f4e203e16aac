/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applies the keys of the command line to the account. */
#ifndef ONEHOP_CONFIG_OVERRIDE_H
#define ONEHOP_CONFIG_OVERRIDE_H

#include "base/error.h"
#include "config/account.h"
#include "config/selection.h"

/*
 * Sets the keys that were given as options, and finishes the account
 * (account_check). A secret belongs to the server, or to the proxy, of its
 * account: if an option changes that, the secret and the user name are dropped
 * unless they were given as options too. Returns 0; -1 EX_USAGE for the value
 * of an option, EX_CONFIG for keys that contradict each other, EX_TEMPFAIL for
 * the name of a user that cannot be looked up; the outbox is then off.
 */
int override_finish(struct account *a, const struct selection *selection,
	struct error *err);

#endif
