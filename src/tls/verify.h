/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verifies the server's certificate chain and name. */
#ifndef ONEHOP_TLS_VERIFY_H
#define ONEHOP_TLS_VERIFY_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/*
 * Verifies chain, dates, purpose, revocation, OCSP staples and name against the
 * trust of the session's credentials (ca_store.h). The name must be in
 * subjectAltName; the common name does not count (RFC 9525). Returns 0; -1
 * EX_PROTOCOL with every reason and advice on the first. unknown is the advice
 * on an unknown issuer; NULL names the keys that make it known.
 */
int verify_server(gnutls_session_t session, const char *name,
	const char *unknown, struct error *err);

#endif
