/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PBKDF2 (RFC 8018 5.2) through GnuTLS, which takes a fraction of libgsasl's
 * time. A file of its own, so that sasl need not know GnuTLS.
 */
#ifndef ONEHOP_AUTH_PBKDF2_H
#define ONEHOP_AUTH_PBKDF2_H

#include "base/buffer.h"
#include "format/mechanism.h"

/*
 * Appends the key of the hash's length (20 or 32 octets) that password, salt
 * and iterations yield. 0, or -1 if the library refuses, as it may where
 * policy asks for longer salts.
 */
int pbkdf2_derive(struct buffer *key, enum scram_hash hash,
	const char *password, const struct buffer *salt, unsigned iterations);

#endif
