/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accounts whose messages the last flush has held, and why: a file beside
 * the journals, so that no message's journal grows while a server is out of
 * reach. Each line is "held MOMENT DUE KEY CODE words".
 */
#ifndef ONEHOP_OUTBOX_HELD_H
#define ONEHOP_OUTBOX_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "config/selection.h"
#include "outbox/outbox.h"

#define HELD_KEY 17

/* After a refused login the server is left alone for so long: further tries
 * could lock the user out. */
#define HELD_LOGIN_SECONDS 3600

struct held_site {
	char key[HELD_KEY];  /* of held_key() */
	int64_t since;       /* when the flush found it so */
	int64_t due;         /* no try before; 0: at once */
	int code;            /* sysexits code of the trouble */
	char text[JOURNAL_REASON];
};

/* {0} is empty. */
struct held {
	struct held_site *at; /* owned */
	size_t n;
};

/* Writes the key of the account that the selection leads to. */
void held_key(char key[HELD_KEY], const struct selection *origin);

/* Reads the file; a missing or foreign one is empty. */
void held_read(struct held *h, const struct outbox *o);

/* Returns the site, or NULL if it is not held. */
const struct held_site *held_find(const struct held *h, const char *key);

void held_add(struct held *h, const struct held_site *site);

/* Writes the file, or removes it if nothing is held. Needs the lock. */
void held_write(const struct held *h, const struct outbox *o);

void held_free(struct held *h);

#endif
