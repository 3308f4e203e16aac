/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client certificate and its key, for servers that request them. */
#ifndef ONEHOP_TLS_CLIENT_CERT_H
#define ONEHOP_TLS_CLIENT_CERT_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/* Certificate and key: PEM files or token URIs. All strings are borrowed. */
struct client_cert {
	const char *key_file;
	const char *cert_file;
	const char *password;  /* or PIN; NULL if none */
};

/* Returns whether the value is the URI of an object on a token or chip
 * (pkcs11:, RFC 7512; tpmkey:; system:) instead of a file name. */
int client_cert_is_token(const char *file);

/* Returns whether the key needs a password or PIN. Returns 0 for a file that
 * cannot be read. */
int client_cert_is_locked(const char *key_file);

/* Loads certificate and key into the credentials. The PIN is tried once.
 * Returns 0 on success, -1 EX_CONFIG. */
int client_cert_load(gnutls_certificate_credentials_t cred,
	const struct client_cert *own, struct error *err);

#endif
