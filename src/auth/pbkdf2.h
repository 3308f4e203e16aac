/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PBKDF2 (RFC 8018 5.2) by GnuTLS, which is several times faster than that of
 * libgsasl. It has its own file so that sasl does not depend on GnuTLS. */
#ifndef ONEHOP_AUTH_PBKDF2_H
#define ONEHOP_AUTH_PBKDF2_H

#include "base/buffer.h"
#include "format/mechanism.h"

/*
 * Derives a key of the length of the hash (20 or 32 octets) from password, salt
 * and iterations, and appends it. Returns 0 on success; -1 if the library
 * refuses, for example because a policy requires longer salts.
 */
int pbkdf2_derive(struct buffer *key, enum scram_hash hash,
	const char *password, const struct buffer *salt, unsigned iterations);

#endif
