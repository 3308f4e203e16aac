/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OCSP staples (RFC 6960, RFC 8446 4.4.2.1): what the issuer says of a
 * certificate, sent along by the server. GnuTLS asks for them, checks their
 * signatures and refuses revoked and outdated ones; the rest is here.
 */
#ifndef ONEHOP_TLS_STAPLE_H
#define ONEHOP_TLS_STAPLE_H

#include <gnutls/gnutls.h>

/* Bits beside those of gnutls_certificate_status_t. */
#define STAPLE_UNKNOWN (1u << 30) /* the issuer knows no such certificate */
#define STAPLE_EARLY (1u << 31)   /* it is from the future */

/* What is wrong, as bits, with the staples that GnuTLS found to be genuine. A
 * staple without an answer is none. */
unsigned staple_check(gnutls_session_t session);

#endif
