/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds the hosts that serve a mail domain according to the DNS:
 * "srv:example.org" stands for its submission servers (RFC 6186, RFC 8314),
 * "mx:example.org" for its mail exchangers.
 */
#ifndef ONEHOP_NET_SRV_MX_H
#define ONEHOP_NET_SRV_MX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "format/dns_answer.h"
#include "net/wait_line.h"

enum srv_mx_kind {
	SERVICE_NONE,  /* an ordinary host name */
	SERVICE_SRV,
	SERVICE_MX
};

/* One host that serves the domain. */
struct service {
	char host[DNS_NAME_SIZE];
	unsigned port;  /* 0 with MX */
	int starttls;   /* TLS by STARTTLS, else implicit TLS */
	int vouched;    /* cannot be forged: within the domain, or validated
	                   by DNSSEC */
};

struct services {
	struct service at[2 * DNS_RECORDS_MAX]; /* in the order to try them */
	size_t n;
	int refused;    /* the DNS says that the service does not exist */
};

/* Returns the kind of a word of the key host. *domain is set to the text after
 * the prefix, or to the word. */
enum srv_mx_kind srv_mx_kind(const char *word, const char **domain);

/*
 * Queries the DNS for the domain's hosts: for SERVICE_SRV those of
 * _submissions._tcp, then those of _submission._tcp; for SERVICE_MX the mail
 * exchangers, or the domain itself if it has none. Returns 0 with at least one
 * host. Returns -1: EX_NOHOST if there is no host or the DNS denies the
 * service, EX_DATAERR if the domain is not valid, otherwise as
 * dns_query_records().
 * waits is drawn meanwhile, or NULL.
 */
int srv_mx_find(struct services *services, enum srv_mx_kind kind,
	const char *domain, int64_t deadline, struct wait_line *waits,
	struct error *err);

#endif
