/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Queries SRV and MX records, with a deadline. */
#ifndef ONEHOP_NET_DNS_QUERY_H
#define ONEHOP_NET_DNS_QUERY_H

#include <stdint.h>

#include "base/error.h"
#include "format/dns_answer.h"
#include "net/wait_line.h"

/*
 * Queries the records of name (A-labels) and returns them in the order in which
 * to try them. records->authentic is set only if the resolver is configured as
 * trusted. Returns 0 on success, also if the name or the records do not exist.
 * Returns -1: EX_TEMPFAIL for a resolver failure or "timed out", EX_OSERR if no
 * thread or descriptor is available.
 * waits is drawn meanwhile, or NULL.
 */
int dns_query_records(struct dns_records *records, const char *name,
	enum dns_type type, int64_t deadline, struct wait_line *waits,
	struct error *err);

#endif
