/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds candidate submission servers of a mail domain. */
#ifndef ONEHOP_SETUP_DISCOVER_H
#define ONEHOP_SETUP_DISCOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/srv_mx.h"

/* The source of a candidate. */
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
 * ports 465 and then 587. domain is in A-labels; deadline is as in poll.h.
 * Returns 0 with at least one candidate; -1 with err set: EX_NOHOST if the DNS
 * says that there is no such server, EX_TEMPFAIL if interrupted. Any other DNS
 * error is stored in *doubt.
 */
int discover_find(struct candidates *found, const char *domain,
	int64_t deadline, struct error *doubt, struct error *err);

/* Sets found to the host named by the user, on that port, or on ports 465, 587
 * and 25 if port is 0. */
void discover_take(struct candidates *found, const char *host,
	unsigned port);

#endif
