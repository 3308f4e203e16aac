/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which hosts serve a mail domain, as its DNS says: "srv:example.org" its
 * submission servers (RFC 6186, RFC 8314), "mx:example.org" its own relays.
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
	int starttls;   /* TLS by STARTTLS, else from the start */
	int vouched;    /* nobody can have forged it: in the domain or below,
	                   or signed (DNSSEC) */
};

struct services {
	struct service at[2 * DNS_RECORDS_MAX]; /* in the order to try them */
	size_t n;
	int refused;    /* none, as the DNS says in so many words */
};

/* The meaning of a word of the key host; *domain becomes what is after the
 * prefix, or the word. */
enum srv_mx_kind srv_mx_kind(const char *word, const char **domain);

/*
 * Asks the DNS for the domain's hosts: SERVICE_SRV those of _submissions._tcp,
 * then those of _submission._tcp; SERVICE_MX the mail exchangers, or the
 * domain itself where there are none. 0 and at least one; -1: EX_NOHOST it has
 * none, or says that it does not have the service; EX_DATAERR the domain
 * cannot be one; else as dns_query_records. waits is drawn meanwhile; NULL for
 * none.
 */
int srv_mx_find(struct services *services, enum srv_mx_kind kind,
	const char *domain, int64_t deadline, struct wait_line *waits,
	struct error *err);

#endif
