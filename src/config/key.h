/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of keys.def as data: kinds, attributes, ranges, words, old names. */
#ifndef ONEHOP_CONFIG_KEY_H
#define ONEHOP_CONFIG_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Values of the fields of switches and choices. */
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

/*
 * Attributes of keys. Each key states its attributes in keys.def, so that a
 * new key cannot be left out of a list elsewhere.
 */
enum {
	ATTR_NONE = 0,
	ATTR_TRUST = 1,             /* decides which server gets the mail */
	ATTR_CREDENTIAL = 2,        /* is meant for that server only */
	ATTR_PROXY_TRUST = 4,       /* decides which proxy is used */
	ATTR_PROXY_CREDENTIAL = 8,  /* is meant for that proxy only */
	ATTR_TLS_FILE = 16,         /* names a file that TLS reads */
	ATTR_LOG = 32,              /* decides where and how a run is logged */
	ATTR_WRITES = 64,           /* decides what is written to which file, */
	ATTR_RUNS = 128,            /* or a command that is run: not taken from
	                               the command line of sendmail */
	ATTR_SERVICE = 256,         /* --configure finds it in the DNS */
	ATTR_SETUP = 512,           /* --configure writes it by itself */
	ATTR_READS = 1024,          /* names a file or a secret that is read:
	                               not taken from there either */
	ATTR_PROOF = 2048,          /* decides how the server proves to be the
	                               one that ~/.netrc names */
	ATTR_MESSAGE = 4096,        /* decides who gets the message, as whose,
	                               or what its header says */
	ATTR_CERTIFICATE = 8192     /* is of the client certificate, which the
	                               words of sendmail's command line show
	                               to no other server */
};

/* KEY_host, KEY_port, ...: the key's index in account_keys. */
enum {
#define KEY(key, kind, initial, attributes, argument, summary) KEY_##key,
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
	unsigned attributes;   /* ATTR_TRUST, ... */
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

/* Returns the value that the key has where it stands alone, or NULL if it
 * needs one: "on" for a switch, "auto" for set_date_header. */
const char *key_bare_value(size_t key);

/* Returns the key of that name, or NULL. Upper case differs. */
const struct key *key_find(const char *name);

/* Returns whether the key of that name has one of the attributes. */
int key_has(const char *name, unsigned attributes);

/* Returns whether the name is an obsolete one that key_resolve translates. */
int key_is_obsolete(const char *name);

/* Returns whether an obsolete name may stand without a value. */
int key_is_obsolete_switch(const char *name);

/* Returns what the user of an obsolete name should be told, or NULL. */
const char *key_notice(const char *name);

/*
 * Returns the index of the key that name stands for. An obsolete name of
 * msmtp is translated, and *value with it. Returns KEYS for a name that no
 * longer has an effect, or -1 with EX_CONFIG for an unknown name or a wrong
 * value of an obsolete one.
 */
int key_resolve(const char *name, const char **value, struct error *err);

#endif
