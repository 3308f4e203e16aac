/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The config files: their grammar, where they are, which account is meant.
 * (Not config.h: that name is autoconf's.)
 */
#ifndef ONEHOP_CONFIGFILE_H
#define ONEHOP_CONFIGFILE_H

#include "account.h"
#include "args.h"
#include "error.h"
#include "message.h"

#define CONFIG_FILE_MAX ((size_t)1 << 20)

/* The accounts of all files read, in order, system's first. */
struct config {
	struct account *accounts;
	size_t n;
	size_t size;
	struct account defaults;
	char *home;               /* the user's home directory, or "" */
	char *user_file;          /* the user's file, existing or not */
};

/*
 * Parses a config text into c; name is for errors. All errors of the text go
 * into err->text, the first in front, as "name:line: expected .., not ..",
 * separated by LF. 0 or -1 EX_CONFIG. Pure but for include and eval, which
 * read files and run commands (allowed only if trusted is set).
 */
int config_parse(struct config *c, const char *name, const char *text,
	size_t len, int trusted, struct error *err);

/*
 * Reads the system's and the user's file (-C replaces the user's), each
 * checked on the open descriptor: regular, ours or root's, not readable by
 * others when it holds a secret. 0 or -1 EX_CONFIG.
 */
int config_read(struct config *c, const struct invocation *inv,
	struct error *err);

/*
 * The account for this run, a copy with the command line's overrides applied
 * and finished: --host, -a, the account whose from matches -f, the one whose
 * from matches the From field, "default". A --host other than the account's
 * own drops its user and secrets. 0 or -1 EX_CONFIG.
 */
int config_choose(struct account *out, const struct config *c,
	const struct invocation *inv, const struct message *m,
	struct error *err);

/* read and choose in one; what main calls. */
int config_load(struct account *out, const struct invocation *inv,
	const struct message *m, struct error *err);

/* Does the address match the account's from list: exact or by * ? [ ]
 * pattern, without case; "+detail" in the local part may be left out? */
int config_from_matches(const struct account *a, const char *address);

void config_free(struct config *c);

#endif
