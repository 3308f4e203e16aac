/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 of octets that come piece by piece. A file of its own, so that the
 * outbox need not know GnuTLS. */
#ifndef ONEHOP_TLS_SHA256_H
#define ONEHOP_TLS_SHA256_H

#include <stddef.h>

/* Lower-case hexadecimal digits and the NUL. */
#define SHA256_TEXT 65

/* One under way. {0} takes nothing and ends in no digest. */
struct sha256 {
	struct hash_hd_st *state;  /* GnuTLS's gnutls_hash_hd_t */
	int failed;                /* the library refused something */
};

void sha256_begin(struct sha256 *d);
void sha256_add(struct sha256 *d, const void *data, size_t n);

/* Writes the digest's text and ends it; d is {0} again. 0, or -1 if the
 * library refused. */
int sha256_end(struct sha256 *d, char text[SHA256_TEXT]);

#endif
