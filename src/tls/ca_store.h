/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Of a trust store only the issuers of the chain that the server sent: the
 * same verdicts as the full store at a fifth of the work, because GnuTLS
 * itself finds issuers by exact raw DN.
 */
#ifndef ONEHOP_TLS_CA_STORE_H
#define ONEHOP_TLS_CA_STORE_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/*
 * Adds to cred the certificates of the store whose raw subject DN is the
 * subject or issuer of one of the peer's. store is "system", a PEM file, a
 * directory of them or a URI of a token. 0; -1 EX_CONFIG if the store cannot be
 * read or holds no certificate at all.
 */
int ca_store_load(gnutls_certificate_credentials_t cred, const char *store,
	gnutls_session_t session, struct error *err);

#endif
