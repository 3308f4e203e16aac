/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who runs us, on which machine, under which domain. */
#ifndef ONEHOP_CONFIG_LOCAL_HOST_H
#define ONEHOP_CONFIG_LOCAL_HOST_H

#include "config/account.h"

/* The login name of the real user; "uid1000" if there is none. Owned. */
char *identity_user(void);

/* This machine's name if it is a fully qualified domain name, else NULL.
 * Owned. No look-up is made. */
char *identity_host(void);

/* Is the domain this machine: its name, the first label of it, or
 * "localhost"? */
int identity_is_this_host(const char *domain);

/* The domain for bare names: maildomain, else identity_host(); NULL if there
 * is neither. Owned. */
char *identity_mail_domain(const struct account *a);

/*
 * The name for EHLO (RFC 5321 4.1.1.1): domain, else identity_host(), else
 * the literal of the socket's own address, else "localhost". Owned.
 */
char *identity_hello(const struct account *a, int socket);

/*
 * Expands msmtp's patterns: %U user, %H host name, %C the same if qualified,
 * %M the first line of SYSCONFDIR/mailname, %F header_from (may be NULL), %%.
 * Others stay as they are. Owned.
 */
char *identity_expand(const char *text, const char *header_from);

#endif
