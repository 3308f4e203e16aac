/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One smarthost and how to use it: a field for each line of keys.def. */
#ifndef ONEHOP_CONFIG_ACCOUNT_H
#define ONEHOP_CONFIG_ACCOUNT_H

#include <stddef.h>

#include "base/error.h"
#include "base/string_list.h"
#include "config/key.h"

/* Texts and paths are never NULL once account_init has run; "" is unset. */
#define FIELD_TEXT char *
#define FIELD_COMMAND char *
#define FIELD_SECRET char *
#define FIELD_PATH char *
#define FIELD_LIST struct string_list
#define FIELD_WORDS struct string_list
#define FIELD_SWITCH int
#define FIELD_NUMBER unsigned
#define FIELD_SECONDS unsigned
#define FIELD_CHOICE int

struct account {
	char *name;    /* "" before a section names it */
	char *origin;  /* file:line of the section, or "command line" */
	char *home;    /* for ~; may be "" */
	int elsewhere; /* the command line leads to another server: no secret
	                  is kept for it under the account's name */
#define KEY(key, kind, initial, argument, summary) FIELD_##kind key;
#include "config/keys.def"
#undef KEY
};

/* Every field at its default. home is copied, for a leading ~; "" if none is
 * known. */
void account_init(struct account *a, const char *home);

/*
 * Sets one key, obsolete names of msmtp included (keepbcc, tls_nostarttls,
 * ...; those that take no argument take value ""). 0; -1 EX_CONFIG:
 * "expected on or off, not "yes"" or "unknown key "tsl", did you mean
 * "tls"?". No file and line: the caller wraps. A secret is never quoted.
 */
int account_set(struct account *a, const char *key, const char *value,
	struct error *err);

/* Makes an uninitialised account a copy, also of what was merely default. */
void account_copy(struct account *to, const struct account *from);

/*
 * The key's value as it would be written in a file, entry index of a list
 * (0 for the others): owned string, NULL past the last. Secrets read "***".
 */
char *account_get(const struct account *a, const char *key, size_t index);

/*
 * What holds once all is read: host or socket is there, LMTP has a port, TLS
 * something to trust, a key its certificate, a named mechanism its user.
 * Resolves auto: tls, tls_starttls, port (0 only with a socket or if every
 * host is srv:), auth (never "auto" afterwards). 0 or -1 EX_CONFIG.
 */
int account_finish(struct account *a, struct error *err);

/* Is the host this machine: reached by a unix socket or, not through a proxy
 * or a command, by a loopback address? */
int account_host_is_local(const struct account *a, const char *host);

/* Are all its hosts? */
int account_is_local(const struct account *a);

void account_free(struct account *a);

#endif
