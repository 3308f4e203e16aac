/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is the server to be trusted for its certificates; if not, why, and what
 * to do about it. */
#ifndef ONEHOP_TLS_VERIFY_H
#define ONEHOP_TLS_VERIFY_H

#include <gnutls/gnutls.h>

#include "base/error.h"

/*
 * Chain, dates, purpose, revocation and name, against the trust that the
 * credentials hold (trust.h). A name must be in subjectAltName: the common
 * name no longer counts (RFC 9525). 0; -1 EX_PROTOCOL with every reason, and
 * advice on the first. unknown: the advice on an unknown issuer, or NULL for
 * the keys that make it a known one.
 */
int verify_server(gnutls_session_t session, const char *name,
	const char *unknown, struct error *err);

#endif
