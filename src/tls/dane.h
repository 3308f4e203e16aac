/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DANE (RFC 6698, 7671): the server must be the one that the signed DNS names.
 * What a record of any length or value may do is to be of no use. */
#ifndef ONEHOP_TLS_DANE_H
#define ONEHOP_TLS_DANE_H

#include <gnutls/gnutls.h>

#include "base/error.h"
#include "tls/tlsa_query.h"

/*
 * Does one of the records vouch for the server? DANE-EE(3) for its certificate
 * or key, whatever name and dates; DANE-TA(2) for an authority in its chain,
 * or of the record's own, on which name, dates and purpose are then checked,
 * with the trust that cred holds. The usages that ask for a public CA as well
 * are of no use (RFC 7672 3.1.3). 0, or -1 EX_PROTOCOL.
 */
int dane_check(const struct tlsa_records *records, gnutls_session_t session,
	gnutls_certificate_credentials_t cred, const char *name,
	struct error *err);

#endif
