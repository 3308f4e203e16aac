/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLSA records of a server, or the reason why it has none to trust. */
#ifndef ONEHOP_TLS_TLSA_H
#define ONEHOP_TLS_TLSA_H

#include <stdint.h>

#include "base/error.h"
#include "net/wait_line.h"
#include "tls/tlsa_query.h"

/*
 * Fetches the signed records of _port._tcp.host (A-labels) before the
 * deadline; waits is drawn meanwhile, if it is not NULL. 0 with at least one;
 * tlsa_free() in either case. -1: EX_PROTOCOL there is none or it is not
 * signed, EX_TEMPFAIL resolver trouble, timed out or signatures that do not
 * hold (RFC 7672 2.1.1), EX_CONFIG no library, or host is an address,
 * EX_OSERR.
 */
int tlsa_fetch(struct tlsa_records *records, const char *host, unsigned port,
	int64_t deadline, struct wait_line *waits, struct error *err);

void tlsa_free(struct tlsa_records *records);

#endif
