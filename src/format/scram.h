/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a SCRAM server (RFC 5802) may say to us. libgsasl computes, but takes
 * any iteration count: one hour of our CPU, or a hash that is cheap to guess
 * from, is then the server's choice.
 */
#ifndef ONEHOP_FORMAT_SCRAM_H
#define ONEHOP_FORMAT_SCRAM_H

#include <stddef.h>

#include "base/error.h"

/* RFC 7677 4 asks for 4096; the ceiling bounds our CPU time. */
#define SCRAM_ITERATIONS_MIN 4096
#define SCRAM_ITERATIONS_MAX 600000

/*
 * The server's first message: a nonce that begins with ours and is longer, a
 * salt, iterations within the bounds. 0 or -1 EX_PROTOCOL.
 */
int scram_check_server_first(const char *nonce, const char *message,
	size_t len, struct error *err);

/*
 * The server's last message: 0 if it is a signature, which libgsasl then
 * verifies. -1: EX_NOPERM if it is a refusal, EX_PROTOCOL if that is about
 * the channel binding (someone may be in between) or if it is neither.
 */
int scram_check_server_final(const char *message, size_t len,
	struct error *err);

#endif
