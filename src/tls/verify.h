/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verifies the server's certificate chain and name. */
#ifndef ONEHOP_TLS_VERIFY_H
#define ONEHOP_TLS_VERIFY_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/*
 * Verifies chain, dates, purpose, revocation, OCSP staples and name with the
 * trust of the session's credentials (ca_store.h). The name must be in
 * subjectAltName; the common name is ignored (RFC 9525). Returns 0 on success;
 * -1 EX_PROTOCOL with all reasons and a hint for the first. unknown is the hint
 * for an unknown issuer; NULL selects the default, which names the keys to set.
 */
int verify_server(gnutls_session_t session, const char *name,
	const char *unknown, struct error *err);

#endif
