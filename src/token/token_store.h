/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store of an address's token: a file in the state directory, or commands
 * from the configuration. Only one process at a time holds the lock.
 */
#ifndef ONEHOP_TOKEN_TOKEN_STORE_H
#define ONEHOP_TOKEN_TOKEN_STORE_H

#include "base/string_list.h"
#include "token/token.h"

/* All members are owned but the account. */
struct token_store {
	const struct oauth_account *account;
	json_t *token;   /* or NULL */
	char *directory;
	char *name;      /* of the file in it: the address in lower case */
	char *file;      /* paths */
	char *draft;
	char *lock;
	char *read;      /* commands; NULL: the file is used */
	char *write;
	char *remove;    /* NULL: the token cannot be removed */
	int lock_fd;     /* descriptors, or -1 */
	int draft_fd;
};

/* Finds the account's store. Returns 0 on success, then the caller closes it;
 * -1 with err set: EX_CONFIG. */
int token_store_open(struct token_store *s, const struct oauth_account *a,
	struct error *err);

/* Waits for the store's lock, for at most 20 seconds. Returns 0 on success, -1
 * with err set: EX_TEMPFAIL, EX_CONFIG. */
int token_store_lock(struct token_store *s, struct error *err);

/* Reads the token. Returns 0 on success, -1 with err set: EX_CONFIG, EX_NOPERM
 * if there is none. */
int token_store_read(struct token_store *s, struct error *err);

/*
 * Reserves disk space for the next token, so that a full disk is detected
 * before a refresh token is used. Requires the lock. Returns 0 on success, -1
 * with err set: EX_TEMPFAIL.
 */
int token_store_reserve(struct token_store *s, struct error *err);

/* Stores the token. Requires the lock. Returns 0 once the token is on disk, -1
 * with err set and the stored one unchanged: EX_TEMPFAIL, EX_CONFIG. */
int token_store_write(struct token_store *s, struct error *err);

/* Removes the stored token. Requires the lock. Returns 0 on success, -1 with
 * err set: EX_TEMPFAIL, EX_CONFIG. */
int token_store_remove(struct token_store *s, struct error *err);

void token_store_close(struct token_store *s);

/* Lists the addresses that have a file. */
void token_store_list(struct string_list *addresses);

#endif
