/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetches the TLSA records of a server. */
#ifndef ONEHOP_TLS_TLSA_H
#define ONEHOP_TLS_TLSA_H

#include <stdint.h>

#include "base/error.h"
#include "net/wait_line.h"
#include "tls/tlsa_query.h"

/*
 * Fetches the DNSSEC-validated records of _port._tcp.host (A-labels) before the
 * deadline. Call tlsa_free() in either case. Returns 0 with at least one
 * record. Returns -1: EX_PROTOCOL if there is none or it is not signed,
 * EX_TEMPFAIL for a resolver failure, a timeout or a failed DNSSEC validation
 * (RFC 7672 2.1.1), EX_CONFIG if the library is missing or host is an address,
 * EX_OSERR if no thread or descriptor is available.
 * waits is drawn meanwhile, or NULL.
 */
int tlsa_fetch(struct tlsa_records *records, const char *host, unsigned port,
	int64_t deadline, struct wait_line *waits, struct error *err);

void tlsa_free(struct tlsa_records *records);

#endif
