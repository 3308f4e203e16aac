/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The password or token of an account and its source. */
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
 * Fetches the password from the first of these that has one: password,
 * passwordeval, $CREDENTIALS_DIRECTORY, ~/.netrc, the terminal. Returns 0 on
 * success; -1 EX_CONFIG if none has one or a source fails. Signals are held
 * while it waits (signals_hold).
 */
int password_get(struct password *s, const struct account *a,
	struct error *err);

/*
 * The use of the account's password: by AUTH, or free to unlock the client key.
 */
enum password_use { SECRET_FOR_AUTH, SECRET_FREE };

/*
 * Fetches the password of the account's client key, if the key is locked: from
 * tls_key_passwordeval, else, unless AUTH uses them, from password or
 * passwordeval. A password is never tried as the PIN of a token that counts
 * failures. Returns 0 on success, with an empty password if there is none; -1
 * EX_CONFIG.
 */
int password_get_for_key(struct password *s, const struct account *a,
	enum password_use use, struct error *err);

void password_free(struct password *s);

#endif
