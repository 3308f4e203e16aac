/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where an address's token is kept: a file in the state directory, or commands
 * of the configuration. One process at a time holds the lock.
 */
#ifndef ONEHOP_TOKEN_TOKEN_STORE_H
#define ONEHOP_TOKEN_TOKEN_STORE_H

#include "base/string_list.h"
#include "token/token.h"

/* All but the descriptors is owned. */
struct token_store {
	char *directory;
	char *name;      /* of the file in it: the address in lower case */
	char *file;      /* paths */
	char *draft;
	char *lock;
	char *read;      /* commands; NULL: the file */
	char *write;
	char *remove;    /* or NULL: nothing removes it */
	int lock_fd;     /* or -1 */
	int draft_fd;
};

/* Finds the account's store. Returns 0; -1 EX_CONFIG. token_store_close() in
 * either case. */
int token_store_open(struct token_store *s, const struct oauth_account *a,
	struct error *err);

/* Reads the token, which becomes the caller's. Returns 1; 0 if there is none;
 * -1 EX_CONFIG. */
int token_store_read(const struct token_store *s, json_t **token,
	struct error *err);

/* Finds the store and waits for its lock, for 25 seconds at most. Returns 0;
 * -1 EX_TEMPFAIL, EX_CONFIG. token_store_close() in either case. */
int token_store_begin(struct token_store *s, const struct oauth_account *a,
	struct error *err);

/*
 * Reserves the space of the next token, so that a full disk is found before a
 * refresh token is used. Requires token_store_begin(). Returns 0; -1
 * EX_TEMPFAIL.
 */
int token_store_reserve(struct token_store *s, struct error *err);

/* Replaces the token: it is on the disk when this returns 0. Requires
 * token_store_reserve(). -1 EX_TEMPFAIL, EX_CONFIG; the old token stays. */
int token_store_write(struct token_store *s, const json_t *token,
	struct error *err);

/* Removes the token. Returns 0; -1 EX_TEMPFAIL, EX_CONFIG. */
int token_store_remove(struct token_store *s, struct error *err);

void token_store_close(struct token_store *s);

/* Lists the addresses that have a file. */
void token_store_list(struct string_list *addresses);

#endif
