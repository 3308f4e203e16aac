/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An account's password or token, and where it came from. */
#ifndef ONEHOP_AUTH_PASSWORD_H
#define ONEHOP_AUTH_PASSWORD_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/run_command.h"
#include "config/account.h"

/* {0} is empty. */
struct password {
	struct buffer text;         /* wiped when freed */
	char origin[ESCAPE_QUOTE];  /* "from passwordeval", escaped */
};

/*
 * Fetches it from the first of these that has one: password, passwordeval,
 * $CREDENTIALS_DIRECTORY, ~/.netrc, the terminal. 0; -1 EX_CONFIG if none has
 * or one of them does not work. Holds signals (signals_hold).
 */
int password_get(struct password *s, const struct account *a,
	struct error *err);

/* The account's password is for AUTH, or free for the client's key. */
enum password_use { SECRET_FOR_AUTH, SECRET_FREE };

/*
 * Fetches what opens the account's client key, if it is locked: from
 * tls_key_passwordeval; else, where that is free, from password or
 * passwordeval. A password is no PIN for a token that counts wrong ones. 0,
 * the secret empty if there is none; -1 EX_CONFIG.
 */
int password_get_for_key(struct password *s, const struct account *a,
	enum password_use use, struct error *err);

void password_free(struct password *s);

#endif
