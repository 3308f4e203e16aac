/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom to trust, and how to speak TLS with it. */
#ifndef ONEHOP_TLS_POLICY_H
#define ONEHOP_TLS_POLICY_H

#include "tls/tlsa_query.h"

/* The proof that a server is the one we want. */
enum tls_trust {
	TLS_TRUST_CA,   /* a chain to trust_file, and the name */
	TLS_TRUST_TOFU, /* the key that it had at first contact */
	TLS_TRUST_DANE  /* what the signed DNS says of it */
};

/* How to trust; all strings borrowed. */
struct tls_policy {
	enum tls_trust trust;
	const char *name;           /* the reference identity (RFC 9525): host
	                               as configured, A-labels, or IP */
	unsigned port;              /* the server's; 0 for a socket */
	const char *state;          /* the state directory, or NULL */
	const char *trust_file;     /* "system", a bundle or a directory */
	const struct tlsa_records *records; /* for TLS_TRUST_DANE */
	const char *crl_file;       /* or NULL */
	const char *const *fingerprints; /* "AA:BB..", NULL-terminated; with
	                               any, the certificate or key must match
	                               one and no chain is asked for */
	const char *key_file;       /* client certificate, both or neither */
	const char *cert_file;
	const char *pin;            /* or password, for the key, or NULL */
	const char *priorities;     /* GnuTLS priority string, or NULL */
	unsigned min_dh_prime_bits; /* 0 = library's own */
	int verify;                 /* 0 only for tls_certcheck off: then no
	                               trust is asked for either */
};

#endif
