/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user, the machine and its domain. */
#ifndef ONEHOP_CONFIG_LOCAL_HOST_H
#define ONEHOP_CONFIG_LOCAL_HOST_H

#include "config/account.h"

/* Returns the login name of the real user, "uid1000" if it has none. Owned. */
char *local_host_user(void);

/* Returns 0; -1 EX_TEMPFAIL if the text has %U or %u and the user database does
 * not answer: the user may have another name than "uid1000". */
int local_host_check(const char *text, struct error *err);

/* Returns this machine's name if it is a fully qualified domain name, otherwise
 * NULL. Owned. Makes no DNS query. */
char *local_host_name(void);

/* Returns whether the domain is this machine: its name, the first label of
 * it, a name beside it in /etc/hosts, or "localhost". */
int local_host_is_this_host(const char *domain);

/* The same, or the name in /etc/mailname, maildomain or one of
 * local_domains. */
int local_host_is_local(const struct account *a, const char *domain);

/* Returns the domain for bare names: maildomain, else the name in
 * /etc/mailname if it is qualified, else local_host_name(); NULL if there is
 * none. Owned. */
char *local_host_mail_domain(const struct account *a);

/*
 * Returns the name for EHLO (RFC 5321 4.1.1.1): domain, else
 * local_host_name(), else the literal of the socket's own address, else
 * "localhost". Owned.
 */
char *local_host_hello(const struct account *a, int socket);

/*
 * Expands msmtp's patterns: %U user, %H host name, %C the same if qualified,
 * %M the first line of /etc/mailname, %F header_from (may be NULL), %%.
 * Other patterns are left unchanged. Owned.
 */
char *local_host_expand(const char *text, const char *header_from);

/*
 * Expands the patterns of a path: %u user, %%. Other patterns are left
 * unchanged. A login name that is no name for a directory is replaced by
 * "uid1000". Owned.
 */
char *local_host_expand_path(const char *path);

#endif
