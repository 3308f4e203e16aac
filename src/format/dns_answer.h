/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parses DNS answers (RFC 1035 4.1) with the hosts that serve a domain: SRV
 * (RFC 2782) and MX (RFC 5321 5.1) records. Pure. */
#ifndef ONEHOP_FORMAT_DNS_ANSWER_H
#define ONEHOP_FORMAT_DNS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DNS_RECORDS_MAX 32
#define DNS_NAME_SIZE 256 /* RFC 1035 2.3.4, and a NUL */

/* Record types of RFC 1035 3.2.2 and RFC 2782. */
enum dns_type {
	DNS_MX = 15,
	DNS_SRV = 33
};

/* One host that serves the domain. */
struct dns_record {
	unsigned priority;   /* lowest first; the preference of an MX */
	unsigned weight;     /* 1 for every MX */
	unsigned port;       /* never 0 for SRV, always 0 for MX */
	char target[DNS_NAME_SIZE]; /* without a final dot */
};

struct dns_records {
	struct dns_record at[DNS_RECORDS_MAX]; /* excess ones are dropped */
	size_t n;
	int refused;    /* the only target is ".": service not available (RFC
	                   2782, RFC 7505); n is 0 */
	int unusable;   /* every target is an invalid name, or a port 0; n is
	                   0 */
	int authentic;  /* the AD bit: the resolver validated DNSSEC */
};

/*
 * Extracts the records of the given type for name, following its aliases
 * (CNAME), from the len octets at answer. Records with an invalid host name or
 * port 0 are skipped. Returns 0 on success, also if there are no records; -1
 * EX_TEMPFAIL if the answer is malformed.
 */
int dns_answer_parse(struct dns_records *records, const void *answer,
	size_t len,
	const char *name, enum dns_type type, struct error *err);

/*
 * Sorts the records into the order in which to try them: by priority, and
 * randomly by weight within a priority (RFC 2782). random holds DNS_RECORDS_MAX
 * random numbers.
 */
void dns_answer_order(struct dns_records *records, const uint32_t *random);

#endif
