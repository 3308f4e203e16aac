/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tls/sha256.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define SHA256_OCTETS 32

void
sha256_begin(struct sha256 *d)
{
	memset(d, 0, sizeof(*d));
	/* tls.c prevents the library from initialising itself. */
	if (gnutls_global_init() < 0 ||
	    gnutls_hash_init(&d->state, GNUTLS_DIG_SHA256) < 0) {
		d->state = NULL;
		d->failed = 1;
	}
}

void
sha256_add(struct sha256 *d, const void *data, size_t n)
{
	if (d->state != NULL && gnutls_hash(d->state, data, n) < 0)
		d->failed = 1;
}

int
sha256_end(struct sha256 *d, char text[SHA256_TEXT])
{
	unsigned char octets[SHA256_OCTETS] = {0};
	int failed = d->failed || d->state == NULL;

	if (d->state != NULL)
		gnutls_hash_deinit(d->state, octets);
	for (size_t i = 0; i < sizeof(octets); i++)
		snprintf(text + 2 * i, 3, "%02x", octets[i]);
	memset(d, 0, sizeof(*d));
	return failed ? -1 : 0;
}
