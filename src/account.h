/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One smarthost and how to use it: a field for each line of keys.def. */
#ifndef ONEHOP_ACCOUNT_H
#define ONEHOP_ACCOUNT_H

#include <stddef.h>

#include "error.h"

struct list {
	char **at;  /* owned strings, NULL-terminated once not empty */
	size_t n;
};

enum { SWITCH_OFF, SWITCH_ON, SWITCH_AUTO };
enum { PROTOCOL_SMTP, PROTOCOL_LMTP };
enum { TO_HEADER_OFF, TO_HEADER_ON, TO_HEADER_UNDISCLOSED };
enum { DSN_RETURN_OFF, DSN_RETURN_HEADERS, DSN_RETURN_FULL };
/* syslog: 0 is off, else the facility's LOG_ constant + 1 */

/* Texts and paths are never NULL once account_init has run; "" is unset. */
#define FIELD_TEXT char *
#define FIELD_SECRET char *
#define FIELD_PATH char *
#define FIELD_LIST struct list
#define FIELD_WORDS struct list
#define FIELD_SWITCH int
#define FIELD_NUMBER unsigned
#define FIELD_SECONDS unsigned
#define FIELD_CHOICE int
struct account {
	char *name;    /* "" before a section names it */
	char *origin;  /* file:line of the section, or "command line" */
	char *home;    /* for ~; may be "" */
#define KEY(key, kind, initial, argument, summary) FIELD_##kind key;
#include "keys.def"
#undef KEY
};

/* The same line of keys.def as data. */
struct key {
	const char *name;
	const char *initial;   /* default, as it would be written */
	const char *argument;  /* for help: "on|off" */
	const char *summary;
	int secret;            /* never shown, no long option */
};
extern const struct key account_keys[]; /* ends with a NULL name */

/* Every field at its default. home is copied; used for a leading ~. */
void account_init(struct account *a, const char *home);

/*
 * Sets one key, obsolete names of msmtp included (keepbcc, tls_nostarttls,
 * ...; those that take no argument take value ""). 0; -1 EX_CONFIG:
 * "expected on or off, not "yes"" or "unknown key "tsl", did you mean
 * "tls"?". No file and line: the caller wraps.
 */
int account_set(struct account *a, const char *key, const char *value,
	struct error *err);

/* A copy of everything, also of what was merely default. */
void account_copy(struct account *to, const struct account *from);

/*
 * The key's value as it would be written in a file, entry index of a list
 * (0 for the others): owned string, NULL past the last. Secrets read "***".
 */
char *account_get(const struct account *a, const char *key, size_t index);

/*
 * What holds once all is read: host or socket is there, no password without a
 * user, ports and TLS modes fit each other. Resolves auto: tls, tls_starttls,
 * port. 0 or -1 EX_CONFIG.
 */
int account_finish(struct account *a, struct error *err);

/* Is the smarthost this machine: a unix socket or a loopback host? */
int account_is_local(const struct account *a);

void account_free(struct account *a);

#endif
