/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates made on the spot, and a TLS server that shows them. */
#ifndef ONEHOP_TEST_CERTS_H
#define ONEHOP_TEST_CERTS_H

#include <sys/types.h>

#include "base/error.h"
#include "tls/tls.h"

#define CHAIN_MAX 20
#define DEEP 16

enum cert {
	NO_CERT,
	ROOT, OTHER_ROOT, CROSS_ROOT, /* ROOT's name and key, by OTHER_ROOT */
	INTER, GOOD, EXPIRED, EARLY, OTHER_NAME, CN_ONLY, WILD, WILD_TLD, IP,
	CLIENT, WEAK, SHA1, SELF, REVOKED, MUST_STAPLE,
	RENEWED,                      /* GOOD's key */
	SIBLINGS,                     /* imap of several domains */
	EXPIRED_CA, OF_EXPIRED_CA,    /* a CA's end before the server's */
	DEEP_FIRST, DEEP_LEAF = DEEP_FIRST + DEEP, /* each by the one before */
	CERTS
};

/* What the server does once the handshake is over. */
enum server {
	SERVER_ECHOES,       /* until close_notify */
	SERVER_TRUNCATES,    /* says "220 x", ends without close_notify */
	SERVER_ASKS_FOR_CERT,
	SERVER_OLD_TLS,      /* takes TLS 1.0 and 1.1 only */
	SERVER_TLS12,
	SERVER_WARNS,        /* a warning alert, then as ECHOES */
	SERVER_FLOODS_ALERTS, /* warnings without end and without data */
	SERVER_FLOODS_KEYS,   /* key updates */
	SERVER_FLOODS_HELLOS  /* TLS 1.2: requests to renegotiate */
};

/* Set-up and tear-down of a group of tests: makes all of the above, and a
 * scratch directory; frees them. */
int certs_make(void **state);
int certs_free(void **state);

/* Writes certificates (the list ends in NO_CERT) as PEM; the path is borrowed
 * until certs_free(). */
const char *certs_write(const char *name, const enum cert *list);

/* Writes the certificate's private key as PEM, under a password unless that
 * is NULL; or a revocation list with REVOKED in it. */
const char *certs_write_key(const char *name, enum cert cert,
	const char *password);
const char *certs_write_crl(const char *name);

/* SHA-256 of certificate or of its key in lower case hexadecimal. */
enum cert_hash { HASH_SHA1, HASH_SHA256, HASH_SPKI };
void certs_hash(char out[65], enum cert cert, enum cert_hash of);

/* DER of the certificate or of its key; owned. */
unsigned char *certs_export(size_t *len, enum cert cert, enum cert_hash of);

/* Starts a server with that chain on one end of a socket pair. *fd is the
 * other end; the child is to be waited for. */
pid_t certs_serve(int *fd, enum server kind, const enum cert *chain);

/* Opens and closes TLS with such a server: 0 if it is trusted, else -1 with
 * err. */
int certs_visit(const struct tls_policy *policy, const enum cert *chain,
	struct tls_facts *facts, struct error *err);

#endif
