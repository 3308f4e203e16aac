/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where an account's token is kept: a file in the state directory, or commands
 * of the configuration. One process at a time holds the lock.
 */
#ifndef ONEHOP_TOKEN_TOKEN_STORE_H
#define ONEHOP_TOKEN_TOKEN_STORE_H

#include "base/string_list.h"
#include "token/oauth_config.h"
#include "token/oauth_reply.h"

struct token_store {
	char *directory;    /* owned */
	char *name;         /* of the address's file in it, owned */
	char *read;         /* commands, owned; NULL: the file */
	char *write;
	char *remove;       /* or NULL: nothing removes it */
	int fd;             /* of the directory, or -1 */
	int lock;           /* descriptor of the locked file, or -1 */
	int draft;          /* of the next file, or -1 */
};

/* Finds the account's store. Returns 0; -1 EX_CONFIG. token_store_close() in
 * either case. */
int token_store_open(struct token_store *s, const struct oauth_account *a,
	struct error *err);

/* Reads the token. Returns 1; 0 if there is none; -1 EX_CONFIG. */
int token_store_read(const struct token_store *s, struct access_token *t,
	struct error *err);

/* Waits for the lock, for a minute at most. Returns 0; -1 EX_TEMPFAIL,
 * EX_CONFIG. */
int token_store_lock(struct token_store *s, struct error *err);

/*
 * Reserves the space of the next token, so that a full disk is found before a
 * refresh token is used. Requires the lock. Returns 0; -1 EX_TEMPFAIL.
 */
int token_store_reserve(struct token_store *s, struct error *err);

/* Replaces the token: it is on the disk when this returns 0. Requires
 * token_store_reserve(). -1 EX_TEMPFAIL, EX_CONFIG; the old token stays. */
int token_store_write(struct token_store *s, const struct access_token *t,
	struct error *err);

/* Removes the token. Returns 0; -1 EX_TEMPFAIL, EX_CONFIG. */
int token_store_remove(struct token_store *s, struct error *err);

void token_store_close(struct token_store *s);

/* Lists the addresses that have a file. */
void token_store_list(struct string_list *addresses);

#endif
