/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host and mail domains for the wire; the only users of libidn2. */
#ifndef ONEHOP_FORMAT_DOMAIN_H
#define ONEHOP_FORMAT_DOMAIN_H

#include "base/error.h"

/*
 * The domain in A-labels. Pure ASCII and [literals] are not sent through
 * libidn2 (it refuses valid names and repairs invalid ones); everything is
 * then checked strictly: LDH and "_", labels of 1 to 63, 253 in all. Upper
 * case stays. 0 with *out owned by the caller, or -1 EX_DATAERR.
 */
int domain_to_ascii(const char *domain, char **out, struct error *err);

/* For people: the U-labels if they map back to exactly this name, else a
 * copy. Owned by the caller. */
char *domain_to_unicode(const char *domain);

/* Returns whether it is a host name of one or more LDH, or "_", labels. */
int domain_is_ldh(const char *domain);

/* Returns whether it is an address literal: [192.0.2.1], [IPv6:2001:db8::1]. */
int domain_is_literal(const char *domain);

/* Returns whether the name is the domain itself or below it. Case and a final
 * dot do not count. */
int domain_is_within(const char *name, const char *domain);

/* Returns whether it is an IPv4 or IPv6 address, without brackets and zone. */
int domain_is_ip(const char *host);

/* The version of libidn2 that runs, borrowed. */
const char *domain_library_version(void);

#endif
