/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRV and MX records from the system's resolver, before a deadline. */
#ifndef ONEHOP_NET_DNS_QUERY_H
#define ONEHOP_NET_DNS_QUERY_H

#include <stdint.h>

#include "base/error.h"
#include "format/dns_answer.h"
#include "net/wait_line.h"

/*
 * Asks for the records of name (A-labels), in the order in which to try them;
 * records->authentic only if the resolver is configured to be believed. 0 also
 * if there are none, or no such name. waits is drawn meanwhile; NULL for none.
 * -1: EX_TEMPFAIL resolver trouble or
 * "timed out", EX_OSERR no thread or no descriptor.
 */
int dns_query_records(struct dns_records *records, const char *name,
	enum dns_type type, int64_t deadline, struct wait_line *waits,
	struct error *err);

#endif
