/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How TLS is used with a server and how the server is verified. */
#ifndef ONEHOP_TLS_POLICY_H
#define ONEHOP_TLS_POLICY_H

#include "tls/tlsa_query.h"

/* How the server is verified. */
enum tls_trust {
	TLS_TRUST_CA,   /* a chain to a CA of trust_file, and the name */
	TLS_TRUST_TOFU, /* the public key seen at the first connection */
	TLS_TRUST_DANE  /* the TLSA records of the DNS */
};

/* The policy; all strings are borrowed. */
struct tls_policy {
	enum tls_trust trust;
	const char *name;           /* the reference identity (RFC 9525): host
	                               as configured, A-labels, or IP */
	unsigned port;              /* the server's; 0 for a socket */
	const char *state;          /* the state directory, or NULL */
	int known_only;             /* TLS_TRUST_TOFU trusts no new key */
	const char *trust_file;     /* "system", a bundle or a directory */
	const struct tlsa_records *records; /* for TLS_TRUST_DANE */
	const char *crl_file;       /* or NULL */
	const char *const *fingerprints; /* "AA:BB..", NULL-terminated; if any,
	                               the certificate or key must match one
	                               and the chain is not verified */
	const char *key_file;       /* client certificate, both or neither */
	const char *cert_file;
	const char *pin;            /* or password, for the key, or NULL */
	const char *priorities;     /* GnuTLS priority string, or NULL */
	unsigned min_dh_prime_bits; /* 0 = default of GnuTLS */
	int verify;                 /* 0 for tls_certcheck off: nothing is
	                               verified, whatever trust is */
};

#endif
