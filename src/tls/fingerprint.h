/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fingerprints of certificates and keys as users write them. */
#ifndef ONEHOP_TLS_FINGERPRINT_H
#define ONEHOP_TLS_FINGERPRINT_H

#include <stddef.h>

#include "base/error.h"

/* "AA:BB:...:FF" for 32 octets, NUL included. */
#define FINGERPRINT_TEXT (32 * 3)

enum fingerprint_of {
	FINGERPRINT_SHA256, /* of the certificate */
	FINGERPRINT_SHA1,   /* the same, as older msmtp files have it */
	FINGERPRINT_SPKI,   /* SHA-256 of the public key: outlives renewals */
	FINGERPRINT_KINDS
};

struct fingerprint {
	enum fingerprint_of of;
	unsigned char octets[32];
	size_t len;
};

/*
 * Reads 64 hexadecimal digits, 40 for SHA-1, behind "spki:" 64; colons and
 * blanks between octets do not matter. 0, or -1 EX_CONFIG.
 */
int fingerprint_parse(struct fingerprint *f, const char *text,
	struct error *err);

/* Writes at most 32 octets as "AA:BB". Returns out, which has
 * FINGERPRINT_TEXT octets. */
char *fingerprint_text(char *out, const unsigned char *octets, size_t len);

#endif
