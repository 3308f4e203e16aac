/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DANE (RFC 6698, RFC 7671): verifies the server with the TLSA records of the
 * DNS. Records with unknown or malformed values are unusable and never cause a
 * match.
 */
#ifndef ONEHOP_TLS_DANE_H
#define ONEHOP_TLS_DANE_H

#include <gnutls/gnutls.h>

#include "base/error.h"
#include "tls/tlsa_query.h"

/*
 * Verifies the server with the records. DANE-EE(3) matches its certificate or
 * key; name and dates are not checked. DANE-TA(2) matches an authority in its
 * chain, or supplies one; name, dates and purpose are then checked with the
 * trust in cred. Usages 0 and 1 are ignored (RFC 7672 3.1.3). Returns 0 on
 * success, -1 EX_PROTOCOL.
 */
int dane_check(const struct tlsa_records *records, gnutls_session_t session,
	gnutls_certificate_credentials_t cred, const char *name,
	struct error *err);

#endif
