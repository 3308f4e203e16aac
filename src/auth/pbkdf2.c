/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "auth/pbkdf2.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

static const struct {
	gnutls_mac_algorithm_t mac;
	size_t length;
} hashes[] = {
	[SCRAM_SHA1] = { GNUTLS_MAC_SHA1, 20 },
	[SCRAM_SHA256] = { GNUTLS_MAC_SHA256, 32 },
};

int
pbkdf2_derive(struct buffer *key, enum scram_hash hash, const char *password,
    const struct buffer *salt, unsigned iterations)
{
	/* GnuTLS only reads what a datum points to, though its type does not
	 * say so. */
	gnutls_datum_t secret = {
		(unsigned char *)password, (unsigned)strlen(password)
	};
	gnutls_datum_t grain = {
		(unsigned char *)salt->data, (unsigned)salt->len
	};
	char *room = buffer_reserve(key, hashes[hash].length);

	/* tls.c keeps the library from starting by itself. */
	if (room == NULL || gnutls_global_init() < 0 ||
	    gnutls_pbkdf2(hashes[hash].mac, &secret, &grain, iterations, room,
	    hashes[hash].length) < 0)
		return -1;
	key->len += hashes[hash].length;
	return 0;
}
