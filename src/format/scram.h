/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks the messages of a SCRAM server (RFC 5802). libgsasl accepts any
 * iteration count, so that a server could make the client compute for an hour
 * or send a hash that is easy to attack.
 */
#ifndef ONEHOP_FORMAT_SCRAM_H
#define ONEHOP_FORMAT_SCRAM_H

#include <stddef.h>

#include "base/error.h"

/* RFC 7677 4 requires at least 4096; the maximum limits CPU time. */
#define SCRAM_ITERATIONS_MIN 4096
#define SCRAM_ITERATIONS_MAX 600000

/*
 * Checks the server's first message: a nonce that begins with the client's and
 * is longer, a salt, and an iteration count within the bounds. Returns 0 on
 * success, -1 EX_PROTOCOL.
 */
int scram_check_server_first(const char *nonce, const char *message,
	size_t len, struct error *err);

/*
 * Checks the server's final message. Returns 0 if it is a signature, which
 * libgsasl then verifies; -1 EX_NOPERM if it is a refusal; -1 EX_PROTOCOL if it
 * is a refusal of the channel binding, which may mean that the connection is
 * intercepted, or is invalid.
 */
int scram_check_server_final(const char *message, size_t len,
	struct error *err);

#endif
