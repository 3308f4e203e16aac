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
	char *origin;  /* file:line of the section; "" for the command line */
	char *file;    /* path of the file that was opened: that of origin, or
	                  one that includes it; "" for the command line */
	const char *reason; /* why it was chosen: "because of -a"; or "" */
	char *notice;  /* what the user should be told of its files, or "" */
	char *home;    /* for ~; may be "" */
	int secrets_withheld; /* the command line leads to another server, for
	                         which the account's name has no secret */
	int netrc_withheld;   /* it decides who is taken for the server, or is
	                         one that others may have written */
	int pin_withheld;     /* others may have done so: tls_trust tofu trusts
	                         no server that it does not know */
	char *places[KEYS]; /* where each key was set: "file:line", the command
	                       line, a rule; NULL: the default */
#define KEY(key, kind, initial, attributes, argument, summary) \
	FIELD_##kind key;
#include "config/keys.def"
#undef KEY
};

/* Sets every field to its default. home is copied, for a leading ~; "" if
 * there is none. */
void account_init(struct account *a, const char *home);

/*
 * Sets one key from its text form. Returns 0, or -1 with EX_CONFIG "expected
 * ..., not "..."" and the field unchanged. A secret is never quoted.
 */
int account_store(struct account *a, size_t key, const char *value,
	struct error *err);

/*
 * Sets the key of that name, obsolete names of msmtp included; those that
 * take no value are given "". Returns 0, or -1 with EX_CONFIG: "tls: expected
 * on or off, not "yes"" or "unknown key "tsl", did you mean "tls"?". The
 * caller adds file and line.
 */
int account_set(struct account *a, const char *key, const char *value,
	struct error *err);

/* Records where the key was set; NULL if it has its default. */
void account_note(struct account *a, size_t key, const char *place);

/* Makes an uninitialised account a copy, default values included. */
void account_copy(struct account *to, const struct account *from);

/* Returns whether the accounts have the same name and the same value for each
 * key, secrets included, wherever they were set. */
int account_equal(const struct account *a, const struct account *b);

/*
 * Returns the text form of a key, entry index of a list (0 for the others):
 * an owned string, or NULL past the last entry. Secrets read "***".
 */
char *account_show(const struct account *a, size_t key, size_t index);

/* The same by name; NULL for an unknown name. */
char *account_get(const struct account *a, const char *key, size_t index);

/* Returns whether the host is this machine: reached by a unix socket or, not
 * through a proxy or a command, by a loopback address. */
int account_host_is_local(const struct account *a, const char *host);

/* Returns whether all hosts of the account are this machine. */
int account_is_local(const struct account *a);

/* Returns a place with the home directory as "~". Owned. */
char *account_place(const struct account *a, const char *place);

/* Returns where the account is written and why it was chosen, for people:
 * "~/.msmtprc:3, because from matches -f". Owned. */
char *account_describe(const struct account *a);

void account_free(struct account *a);

#endif
