/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of keys.def as data, and what each asks of its value. */
#ifndef ONEHOP_CONFIG_KEY_H
#define ONEHOP_CONFIG_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What the fields of switches and choices hold. */
enum { SWITCH_OFF, SWITCH_ON, SWITCH_AUTO };
enum { PROXY_SOCKS5, PROXY_HTTP };
enum { PROTOCOL_SMTP, PROTOCOL_LMTP };
enum { TO_HEADER_OFF, TO_HEADER_ON, TO_HEADER_UNDISCLOSED };
enum { SANDBOX_OFF, SANDBOX_AUTO };
enum { DSN_RETURN_OFF, DSN_RETURN_HEADERS, DSN_RETURN_FULL };
enum { LOG_FORMAT_KEYVALUE, LOG_FORMAT_JSON };
/* address_family: AF_UNSPEC, AF_INET, AF_INET6 */
/* syslog: 0 is off, else the facility's LOG_ constant + 1 */

enum key_kind {
	KIND_TEXT, KIND_COMMAND, KIND_SECRET, KIND_PATH,
	KIND_LIST, KIND_WORDS,
	KIND_SWITCH, KIND_NUMBER, KIND_SECONDS, KIND_CHOICE
};

/* KEY_host, KEY_port, ...: the key's place in account_keys. */
enum {
#define KEY(key, kind, initial, argument, summary) KEY_##key,
#include "config/keys.def"
#undef KEY
	KEYS
};

struct key {
	const char *name;
	const char *initial;   /* default, as it would be written */
	const char *argument;  /* for help: "on|off" */
	const char *summary;
	enum key_kind kind;
	int secret;            /* never shown, no long option */
	int verbatim;          /* "#" in it begins no comment */
	int list;              /* lines add up, "" empties it */
};
extern const struct key account_keys[]; /* ends with a NULL name */

/* One word of a choice; lists of them end with a NULL name. */
struct word {
	const char *name;
	int value;
};

/* The words of a CHOICE. */
const struct word *key_words(size_t key);

/* The range of a NUMBER or of SECONDS. */
void key_range(size_t key, uint64_t *least, uint64_t *most);

/* The entry of that name, or NULL. */
const struct key *key_find(const char *name);

/*
 * The key that name and value mean, obsolete names of msmtp translated: then
 * *value is replaced. -1 with EX_CONFIG for a name that is no key, or for an
 * obsolete one's wrong value; KEYS for a name that no longer means anything.
 */
int key_resolve(const char *name, const char **value, struct error *err);

#endif
