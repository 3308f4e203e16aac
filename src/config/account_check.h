/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolves the automatic values of an account and checks its keys together. */
#ifndef ONEHOP_CONFIG_ACCOUNT_CHECK_H
#define ONEHOP_CONFIG_ACCOUNT_CHECK_H

#include "base/error.h"
#include "config/account.h"

/*
 * Resolves auto: tls, tls_starttls, port (0 only with a socket or if every
 * host is srv:), auth (never "auto" afterwards). Then requires a host or a
 * socket, a port for LMTP, something for TLS to trust, a certificate with a
 * key, a user for a named mechanism. Returns 0, or -1 with EX_CONFIG.
 */
int account_check(struct account *a, struct error *err);

#endif
