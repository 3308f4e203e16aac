/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The account that the command line selects, and the keys that it sets. */
#ifndef ONEHOP_CONFIG_SELECTION_H
#define ONEHOP_CONFIG_SELECTION_H

#include <stddef.h>

#include "base/error.h"

/* --KEY=value, set after the config file's. */
struct override {
	const char *key;            /* a name in account_keys */
	const char *value;
};

/* {0} selects by the message. Borrows its strings. */
struct selection {
	const char *account;        /* -a, or NULL */
	const char *config;         /* -C, or NULL */
	const char *outbox;         /* the only outbox to serve, or NULL */
	struct override *overrides; /* owned array */
	size_t noverrides;
	int is_recorded;    /* with a message: the environment of another run
	                       says nothing about it */
	int is_own;         /* with a message: onehop was called by its own
	                       name, so that the options were the user's */
	int may_be_foreign; /* others can put words into its command line, such
	                       as sendmail's: nothing is written for them */
};

/* Appends --KEY=value, KEY by its index. The value is borrowed. */
void selection_override(struct selection *s, size_t key, const char *value);

/* Returns the last value that the command line gives the key, or fallback. */
const char *selection_value(const struct selection *s, size_t key,
	const char *fallback);

/* Returns whether words that may be another's name the config file with -C. It
 * may be any file of the caller's: if it is in error, nothing of it is used. */
int selection_may_be_any_file(const struct selection *s);

/* Replaces the text of an EX_CONFIG error if it may show lines of such a
 * file. */
void selection_hide_file(const struct selection *s, struct error *err);

#endif
