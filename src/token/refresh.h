/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Refreshes stored tokens, RFC 6749 6. */
#ifndef ONEHOP_TOKEN_REFRESH_H
#define ONEHOP_TOKEN_REFRESH_H

#include "token/token_store.h"

/*
 * Reads the token and makes sure that it is valid for at least five minutes. If
 * it is not, uses the refresh token; of several processes, only one does so.
 * Its use is stored before the request, the new tokens are stored before this
 * function returns. Returns 0 on success, -1 with err set: EX_NOPERM if the
 * user must log in again, EX_TEMPFAIL, EX_CONFIG.
 */
int refresh_if_needed(struct token_store *s, struct error *err);

#endif
