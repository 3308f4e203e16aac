/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which hosts may be the submission server of a mail domain. */
#ifndef ONEHOP_SETUP_DISCOVER_H
#define ONEHOP_SETUP_DISCOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/srv_mx.h"

/* How we came to think of it. */
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
 * What the DNS names (SRV); where it names none, the provider that we know by
 * the domain, or by its mail exchangers; behind the latter, guesses on ports
 * 465 and then 587. domain: A-labels. 0 and at least one; -1 EX_NOHOST
 * the DNS says that there is no such server, EX_TEMPFAIL interrupted. Other
 * trouble with the DNS is left in *doubt: the rest is not based on it.
 */
int discover_find(struct candidates *found, const char *domain,
	int64_t deadline, struct error *doubt, struct error *err);

/* The host that the user names: on that port, or on both if it is 0. */
void discover_take(struct candidates *found, const char *host,
	unsigned port);

#endif
