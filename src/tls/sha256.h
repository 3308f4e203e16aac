/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incremental SHA-256. It has its own file so that the outbox does not depend
 * on GnuTLS. */
#ifndef ONEHOP_TLS_SHA256_H
#define ONEHOP_TLS_SHA256_H

#include <stddef.h>

/* Size of the digest as lower-case hexadecimal digits with its NUL. */
#define SHA256_TEXT 65

/* A digest being computed. {0} accepts no octets and has no digest. */
struct sha256 {
	struct hash_hd_st *state;  /* GnuTLS's gnutls_hash_hd_t */
	int failed;                /* a call of the library failed */
};

void sha256_begin(struct sha256 *d);
void sha256_add(struct sha256 *d, const void *data, size_t n);

/* Writes the digest to text and resets d to {0}. Returns 0 on success, -1 if
 * the library failed. */
int sha256_end(struct sha256 *d, char text[SHA256_TEXT]);

#endif
