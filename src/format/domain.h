/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names and mail domains. domain.c is the only user of libidn2. */
#ifndef ONEHOP_FORMAT_DOMAIN_H
#define ONEHOP_FORMAT_DOMAIN_H

#include "base/error.h"

/*
 * Converts the domain to A-labels. Pure ASCII and [literals] bypass libidn2,
 * which rejects some valid names and corrects some invalid ones. The result is
 * then checked strictly: LDH and "_", labels of 1 to 63 octets, at most 253
 * octets in total. Upper case is kept. Returns 0 with *out owned by the caller;
 * -1 EX_DATAERR.
 */
int domain_to_ascii(const char *domain, char **out, struct error *err);

/* Returns the U-labels, for display, if they map back to exactly this name,
 * else a copy. Owned by the caller. */
char *domain_to_unicode(const char *domain);

/* Returns whether it is a host name: one or more labels of LDH or "_". */
int domain_is_ldh(const char *domain);

/* Returns whether it is an address literal: [192.0.2.1], [IPv6:2001:db8::1]. */
int domain_is_literal(const char *domain);

/* Returns whether name equals domain or is a subdomain of it, ignoring case and
 * a final dot. */
int domain_is_within(const char *name, const char *domain);

/* Returns whether host is an IPv4 or IPv6 address, without brackets or zone. */
int domain_is_ip(const char *host);

/* Returns the version of libidn2 in use, borrowed. */
const char *domain_library_version(void);

#endif
