/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Candidate submission servers of a mail domain. */
#ifndef ONEHOP_SETUP_DISCOVER_H
#define ONEHOP_SETUP_DISCOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/srv_mx.h"

/* Where a candidate comes from. */
enum candidate_origin {
	CANDIDATE_GIVEN,     /* on the command line */
	CANDIDATE_DNS,       /* SRV records (RFC 6186) */
	CANDIDATE_PROVIDER,  /* providers.def */
	CANDIDATE_GUESS      /* smtp.DOMAIN, mail.DOMAIN, the domain's MX */
};

struct candidate {
	struct service service;
	enum candidate_origin origin;
};

#define CANDIDATES_MAX (2 * DNS_RECORDS_MAX + 16)

struct candidates {
	struct candidate at[CANDIDATES_MAX]; /* in the order to try them */
	size_t n;
};

/*
 * Finds the hosts of the SRV records; without any, those of the provider in
 * providers.def that has the domain or its mail exchangers, and guesses on
 * ports 465 and then 587. domain: A-labels. Returns 0 with at least one; -1
 * EX_NOHOST the DNS says that there is no such server, EX_TEMPFAIL
 * interrupted. Any other DNS error is left in *doubt.
 */
int discover_find(struct candidates *found, const char *domain,
	int64_t deadline, struct error *doubt, struct error *err);

/* Takes the host that the user names: on that port, or on both if it is 0. */
void discover_take(struct candidates *found, const char *host,
	unsigned port);

#endif
