/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DANE (RFC 6698, 7671): the server must be the one that the signed DNS names.
 * What a record of any length or value may do is to be of no use. */
#ifndef ONEHOP_TLS_DANE_H
#define ONEHOP_TLS_DANE_H

#include <gnutls/gnutls.h>

#include "base/error.h"
#include "tls/tlsa_query.h"

/*
 * Checks the server against the records. DANE-EE(3) matches its certificate or
 * key, whatever name and dates. DANE-TA(2) matches an authority in its chain,
 * or brings one; name, dates and purpose are then checked with the trust that
 * cred holds. The usages 0 and 1 are ignored (RFC 7672 3.1.3). Returns 0, or
 * -1 EX_PROTOCOL.
 */
int dane_check(const struct tlsa_records *records, gnutls_session_t session,
	gnutls_certificate_credentials_t cred, const char *name,
	struct error *err);

#endif
