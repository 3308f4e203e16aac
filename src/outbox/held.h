/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accounts whose messages the last flush held, and the reasons, in a file
 * beside the journals, so that the journals do not grow while a server is
 * unreachable. Each line is "held MOMENT DUE KEY CODE words".
 */
#ifndef ONEHOP_OUTBOX_HELD_H
#define ONEHOP_OUTBOX_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "config/selection.h"
#include "outbox/outbox.h"

#define HELD_KEY 17

/* Pause after a refused login, seconds: further tries could lock the user
 * out. */
#define HELD_LOGIN_SECONDS 3600

struct held_site {
	char key[HELD_KEY];  /* of held_key() */
	int64_t since;       /* when the flush held it */
	int64_t due;         /* no try before that moment; 0: at once */
	int code;            /* sysexits code of the trouble */
	char text[JOURNAL_REASON];
};

/* {0} is empty. */
struct held {
	struct held_site *at; /* owned */
	size_t n;
};

/* Writes the key of the account that the selection selects. */
void held_key(char key[HELD_KEY], const struct selection *origin);

/* Reads the file. A missing or foreign file is read as empty. */
void held_read(struct held *h, const struct outbox *o);

/* Returns the site, borrowed, or NULL if it is not held. */
const struct held_site *held_find(const struct held *h, const char *key);

void held_add(struct held *h, const struct held_site *site);

/* Writes the file, or removes it if nothing is held. Requires the lock. */
void held_write(const struct held *h, const struct outbox *o);

void held_free(struct held *h);

#endif
