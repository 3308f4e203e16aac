/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers of the DNS (RFC 1035 4.1) that say which hosts serve a domain: SRV
 * (RFC 2782) and MX (RFC 5321 5.1) records. Pure.
 */
#ifndef ONEHOP_FORMAT_DNS_ANSWER_H
#define ONEHOP_FORMAT_DNS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DNS_RECORDS_MAX 32
#define DNS_NAME_SIZE 256 /* RFC 1035 2.3.4, and a NUL */

/* Numbers of RFC 1035 3.2.2 and RFC 2782. */
enum dns_type {
	DNS_MX = 15,
	DNS_SRV = 33
};

/* One host that serves. */
struct dns_record {
	unsigned priority;   /* the lowest first; MX calls it preference */
	unsigned weight;     /* 1 for every MX */
	unsigned port;       /* never 0 with SRV, always with MX */
	char target[DNS_NAME_SIZE]; /* no dot at its end */
};

struct dns_records {
	struct dns_record at[DNS_RECORDS_MAX]; /* of more, the first ones */
	size_t n;
	int refused;    /* "." alone: decidedly no such service (RFC 2782,
	                   RFC 7505); n is 0 then */
	int authentic;  /* the AD bit: the resolver has verified DNSSEC */
};

/*
 * Takes the records of that type for name out of the len octets at answer,
 * after its aliases (CNAME) if it has any. Records that no host can serve -
 * no host name, port 0 - are left out. 0, also with no record at all; -1
 * EX_TEMPFAIL: malformed.
 */
int dns_answer_parse(struct dns_records *records, const void *answer,
	size_t len,
	const char *name, enum dns_type type, struct error *err);

/*
 * Brings the records into the order in which to try them: by priority, within
 * one as chance and the weights have it (RFC 2782). random: a number for each
 * of DNS_RECORDS_MAX.
 */
void dns_answer_order(struct dns_records *records, const uint32_t *random);

#endif
