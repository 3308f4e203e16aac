/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 of octets that come piece by piece. A file of its own, so that the
 * outbox need not know GnuTLS. */
#ifndef ONEHOP_TLS_SHA256_H
#define ONEHOP_TLS_SHA256_H

#include <stddef.h>

/* Lower-case hexadecimal digits and the NUL. */
#define DIGEST_TEXT 65

/* One under way. {0} takes nothing and ends in no digest. */
struct digest {
	struct hash_hd_st *state;  /* GnuTLS's gnutls_hash_hd_t */
	int failed;                /* the library refused something */
};

void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t n);

/* Writes the digest's text and ends it; d is {0} again. 0, or -1 if the
 * library refused. */
int digest_end(struct digest *d, char text[DIGEST_TEXT]);

#endif
