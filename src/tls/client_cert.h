/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own certificate and its key, for servers that ask for them. */
#ifndef ONEHOP_TLS_CLIENT_CERT_H
#define ONEHOP_TLS_CLIENT_CERT_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/* Both are PEM files or URIs of a token, borrowed. */
struct client_cert {
	const char *key_file;
	const char *cert_file;
	const char *password;  /* or PIN; NULL if there is none */
};

/* Returns whether the value of a key is the URI of an object on a token or chip
 * (pkcs11:, RFC 7512; tpmkey:; system:), not the name of a file. */
int client_cert_is_token(const char *file);

/* Returns whether the key needs a password or PIN. A file that cannot be read
 * counts as one without. */
int client_cert_is_locked(const char *key_file);

/* Gives certificates and key to the credentials. The PIN is offered once. 0,
 * or -1 EX_CONFIG. */
int client_cert_load(gnutls_certificate_credentials_t cred,
	const struct client_cert *own, struct error *err);

#endif
