/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where queued messages lead: an account as their senders asked for it, its
 * session, and what is wrong with it. */
#ifndef ONEHOP_OUTBOX_SITE_H
#define ONEHOP_OUTBOX_SITE_H

#include <stddef.h>

#include "base/error.h"
#include "config/account.h"
#include "config/selection.h"
#include "smtp/reuse.h"

struct site {
	char *origin;              /* what tells it from others, owned */
	struct account account;
	struct reused_session delivery;
	int stopped;               /* no more messages in this run: why */
	int told;                  /* and that has been said */
	struct error why;
	unsigned failed;           /* messages given up */
};

/* Sites met so far. {0} is none. */
struct sites {
	struct site **at;
	size_t n;
};

/* The site that the origin leads to, made if it is new; stopped if its account
 * cannot be had. */
struct site *site_find(struct sites *s, const struct selection *origin,
	int trace);

/* QUIT to all. */
void site_free(struct sites *s);

#endif
